"""Opens files of our own as if somebody had put something else in their place, and makes their names durable.

Something else: a pipe, a device, a terabyte. Knows nothing of what is in them.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def read(path: Path, most: int) -> bytes:
    """Return what a regular file of at most ``most`` bytes holds. Raises OSError, of anything else as well."""
    with opened(path) as file:
        if os.fstat(file.fileno()).st_size > most:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        return file.read(most)


def opened(path: Path) -> BinaryIO:
    """Return a regular file, open for reading. Raises OSError, and never waits."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)      # a pipe would keep us waiting
    try:
        kind = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(kind):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(kind):
            raise OSError(errno.EINVAL, "Not a regular file", str(path))
        return os.fdopen(descriptor, "rb")
    except OSError:
        os.close(descriptor)
        raise


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable: what was announced as done must outlive a power loss. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
