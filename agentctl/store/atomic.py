"""Replaces a file so that at every instant, and after any crash, its name stands for a whole old or new content."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from agentctl.errors import Unwritable
from agentctl.files import sync_folder
from agentctl.patterns import regex

_OURS = regex(r"\..+\.[0-9a-f]{12}\.tmp")


def replace(path: Path, chunks: Iterable[bytes], mode: int, *, keep: Path | None = None) -> None:
    """Write ``chunks`` to ``path``, durably; the old content goes to ``keep``. Raises Unwritable, changing nothing."""
    try:
        temporary, descriptor = _make(path, mode)
        try:
            with os.fdopen(descriptor, "wb", closefd=False) as file:
                os.fchmod(descriptor, mode)     # whatever the umask is
                file.writelines(chunks)
                file.flush()
                os.fsync(descriptor)
            if keep is not None:
                _keep(path, keep)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
            os.close(descriptor)
        sync_folder(path.parent)
    except OSError as error:
        raise Unwritable("A file could not be written", f"{path}: {error.strerror}.") from error


def clear(folder: Path) -> None:
    """Take away what writers that died left in ``folder``, a folder of ours. A living one holds its file locked."""
    with suppress(OSError):     # what stays only takes up room
        for path in folder.iterdir():
            if _OURS.fullmatch(path.name):
                with suppress(OSError):
                    _remove_unless_alive(path)


def _make(path: Path, mode: int) -> tuple[Path, int]:
    """Make a file beside ``path``, locked for as long as its writer lives."""
    while True:
        temporary = _beside(path)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                return temporary, descriptor
        except OSError:
            temporary.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        os.close(descriptor)        # it was cleared away in the moment before it was locked


def _remove_unless_alive(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    finally:
        os.close(descriptor)


def _keep(path: Path, keep: Path) -> None:
    """Give the old content a second name; its first stays until the new content takes it."""
    temporary = _beside(keep)
    if not path.is_file() or keep.is_dir():
        return      # nothing worth keeping, or no place for it: the new content must not fail for that
    temporary.hardlink_to(path)
    temporary.replace(keep)
    # Two names of one file: the rename was then a no-op that left the temporary name.
    temporary.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.urandom(6).hex()}.tmp")
