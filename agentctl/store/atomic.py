"""Replaces a file so that at every instant, and after any crash, its name stands for a whole old or new content."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from agentctl.errors import Unwritable


def replace(path: Path, chunks: Iterable[bytes], mode: int, *, keep: Path | None = None) -> None:
    """Write ``chunks`` to ``path``, durably; the old content goes to ``keep``. Raises Unwritable, changing nothing."""
    temporary = _beside(path)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(descriptor, mode)     # whatever the umask is
                file.writelines(chunks)
                file.flush()
                os.fsync(descriptor)
            if keep is not None:
                _keep(path, keep)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise Unwritable("A file could not be written", f"{path}: {error.strerror}.") from error


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _keep(path: Path, keep: Path) -> None:
    """Give the old content a second name; its first stays until the new content takes it."""
    temporary = _beside(keep)
    try:
        temporary.hardlink_to(path)
    except FileNotFoundError:
        return
    temporary.replace(keep)
    # Two names of one file: the rename was then a no-op that left the temporary name.
    temporary.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
