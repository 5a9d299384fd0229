"""A file believed only in whole lines: appended to, cut back after a failed write, synced. Knows nothing of records."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from pathlib import Path
from typing import Self

from agentctl.files import sync_folder

RESERVE = ".reserve"
"""Room held back beside the file, so that on a full disk a run can still say how it ended."""

_RESERVED = 1 << 20
_FULL = {errno.ENOSPC, errno.EDQUOT}
_CANNOT_RESERVE = {errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}       # some file systems have no such thing
_sync_data = getattr(os, "fdatasync", os.fsync)


class Lines:
    """One open file, held under a file lock while it is open. Every method raises OSError and nothing else.

    After a failed ``append`` the file holds what it held before. After a failed ``sync`` nobody knows what the disk
    holds, so nothing can be appended any more.
    """

    @classmethod
    def create(cls, path: Path, mode: int) -> Self:
        """Make the file, which must not exist, and hold back the reserve."""
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        lines = cls(path, descriptor, size=0, made=True)
        try:
            os.fchmod(descriptor, mode)     # whatever the umask is
            lines._lock()
            lines._hold_reserve(mode)
        except OSError:
            lines.close()
            raise
        return lines

    @classmethod
    def resume(cls, path: Path) -> Self:
        """Open a file that exists. Raises BlockingIOError while another process has it open for writing."""
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW)
        lines = cls(path, descriptor, size=os.fstat(descriptor).st_size, made=False)
        try:
            lines._lock()
        except OSError:
            lines.close()
            raise
        return lines

    def __init__(self, path: Path, descriptor: int, *, size: int, made: bool) -> None:
        self.path = path
        self.size = size
        self.failed = False
        self._descriptor = descriptor
        self._made = made
        self._listed = not made     # the folder that names the file is durable
        self._dirty = False
        self._writing = False       # a write was begun and its end not noted: a signal may have come between

    def append(self, line: bytes, *, at: int, last_words: bool) -> int:
        """Write one line and its newline after the first ``at`` bytes; return the new size.

        What a signal kept the caller from noting, bytes of ours after ``at``, is cut off first. Only ``last_words`` may
        use up the reserve.
        """
        if self.failed:
            raise OSError(errno.EIO, "an earlier write could not be undone", str(self.path))
        if self._writing or self.size != at:
            self.size = at
            self._cut()
        elif os.fstat(self._descriptor).st_size != at:
            self.failed = True
            raise OSError(errno.EBUSY, "somebody else wrote to the file", str(self.path))
        try:
            self._write(line)
        except OSError as error:
            if not (last_words and error.errno in _FULL and self.release_reserve()):
                raise
            self._write(line)
        return self.size

    def sync(self) -> None:
        """Return when every line appended so far, and the file's name, will outlive the machine."""
        if not self._dirty:
            return
        try:
            _sync_data(self._descriptor)
            if not self._listed:
                sync_folder(self.path.parent)
        except OSError:
            self.failed = True      # the kernel may have dropped the pages: a later sync would prove nothing
            raise
        self._listed, self._dirty = True, False

    def rest(self, size: int) -> bytes:
        """Return what stands after the first ``size`` bytes."""
        return os.pread(self._descriptor, self.size - size, size)

    def cut(self, size: int) -> None:
        """Shorten the file to ``size`` bytes, durably."""
        self.size = size
        self._cut()
        os.fsync(self._descriptor)

    def remove(self) -> None:
        """Take the file away, durably."""
        self.path.unlink()
        sync_folder(self.path.parent)

    def release_reserve(self) -> bool:
        """Give the held-back room to the file system; return whether there was any."""
        with contextlib.suppress(FileNotFoundError):
            (self.path.parent / RESERVE).unlink()
            return True
        return False

    def close(self) -> None:
        """Let go; a file made here that holds no line is taken away again. Syncs nothing."""
        if self._descriptor < 0:
            return
        try:
            if self._made and self.size == 0:
                self.path.unlink(missing_ok=True)
            self.release_reserve()
        finally:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, line: bytes) -> None:
        data = memoryview(line + b"\n")
        self._writing = True
        written = 0
        try:
            while written < len(data):
                written += os.write(self._descriptor, data[written:])
        except OSError:
            self._cut()
            raise
        self.size += written
        self._writing, self._dirty = False, True

    def _cut(self) -> None:
        try:
            os.ftruncate(self._descriptor, self.size)
        except OSError:
            self.failed = True
            raise
        self._writing, self._dirty = False, True

    def _lock(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _hold_reserve(self, mode: int) -> None:
        self.release_reserve()      # a dead writer's, perhaps another person's
        descriptor = os.open(
            self.path.parent / RESERVE, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode
        )
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(descriptor, 0, _RESERVED)
        except OSError as error:
            if error.errno not in _CANNOT_RESERVE:
                raise
        finally:
            os.close(descriptor)
