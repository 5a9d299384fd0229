"""New content beside the old until it is complete, and directories that are unmade again where a write fails."""

from __future__ import annotations

import fcntl
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from agentctl.connectors.file.confine import OWN_PREFIX, Directory
from agentctl.connectors.file.rename import rename_where_free
from agentctl.errors import Indeterminate, Rejected
from agentctl.facts import dataclass, field

_PREFIX = OWN_PREFIX + "-new-"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FRESH = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LOOK = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_KEPT_ATTRIBUTES = ("user.", "system.posix_acl_access")


class Atomic:
    """Makes temporary files, and clears away once per directory what killed processes left."""

    def __init__(self) -> None:
        self._cleared: set[tuple[int, int]] = set()

    @contextmanager
    def beside(self, name: str, handle: int) -> Iterator[Temporary]:
        """Make a temporary file in the open directory of ``name``; gone again unless it was renamed."""
        self._clear(handle)
        temporary = Temporary(own=_PREFIX + secrets.token_hex(8), name=name, handle=handle)
        temporary.file = os.open(temporary.own, _FRESH, 0o600, dir_fd=handle)
        try:
            fcntl.flock(temporary.file, fcntl.LOCK_EX)      # says that its writer lives
            yield temporary
        finally:
            os.close(temporary.file)
            # What cannot be taken away now is cleared away the next time; it does not tell whether the effect was had.
            with suppress(OSError):
                os.unlink(temporary.own, dir_fd=handle)

    def _clear(self, handle: int) -> None:
        status = os.fstat(handle)
        directory = status.st_dev, status.st_ino
        if directory in self._cleared:
            return
        self._cleared.add(directory)
        for left in [name for name in os.listdir(handle) if name.startswith(_PREFIX)]:
            # Whatever cannot be taken away is ignored wherever files are listed; it is no reason to refuse the step.
            with suppress(OSError):
                _remove_unless_alive(left, handle)


@dataclass
class Temporary:
    """A file being written that will be ``name``."""

    own: str
    name: str
    handle: int
    file: int = field(default=-1)

    def fill(self, data: bytes, mode: int) -> None:
        """Write everything and make it durable."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.file, rest):]
        os.fchmod(self.file, mode)
        os.fsync(self.file)

    def take_over_owner(self) -> None:
        """Give it the owner and extended attributes of the file it will replace. Raises Rejected where we may not."""
        old = os.open(self.name, _LOOK, dir_fd=self.handle)
        try:
            theirs, ours = os.fstat(old), os.fstat(self.file)
            if (theirs.st_uid, theirs.st_gid) != (ours.st_uid, ours.st_gid):
                os.fchown(self.file, theirs.st_uid, theirs.st_gid)
            if sys.platform == "linux":
                for attribute in _attributes(old):
                    os.setxattr(self.file, attribute, os.getxattr(old, attribute))
        except PermissionError as error:
            raise Rejected(
                "Owner cannot be kept",
                f"{self.name!r} belongs to somebody else; writing it would make it ours.",
                hint="Run as its owner, or give the file to the user who runs agentctl.",
            ) from error
        finally:
            os.close(old)

    def replace(self) -> None:
        os.rename(self.own, self.name, src_dir_fd=self.handle, dst_dir_fd=self.handle)

    def rename_where_free(self) -> None:
        rename_where_free(self.own, self.name, old_directory=self.handle, new_directory=self.handle)


@contextmanager
def made(directory: Directory) -> Iterator[int]:
    """Make the missing directories and open the innermost; unmake them where the block fails."""
    handles, names = [directory.handle], list[str]()
    try:
        for name in directory.missing:
            os.mkdir(name, dir_fd=handles[-1])
            names.append(name)
            os.fsync(handles[-1])
            handles.append(os.open(name, _DIRECTORY, dir_fd=handles[-1]))
        yield handles[-1]
    except Indeterminate:
        raise
    except BaseException:
        for name, handle in reversed(list(zip(names, handles, strict=False))):
            with suppress(OSError):     # it fails where somebody put something there meanwhile
                os.rmdir(name, dir_fd=handle)
        raise
    finally:
        for handle in handles[1:]:
            os.close(handle)


def sync_done(handle: int, segments: tuple[str, ...]) -> None:
    """Make what was done durable. Raises Indeterminate: it was done, and may or may not outlive a crash."""
    try:
        os.fsync(handle)
    except OSError as error:
        raise Indeterminate(
            "Not known to be durable", f"{'/'.join(segments)!r} was written, but syncing failed: {error.strerror}."
        ) from error


def _attributes(file: int) -> list[str]:
    try:
        return [name for name in os.listxattr(file) if name.startswith(_KEPT_ATTRIBUTES)]
    except OSError:     # this file system has none
        return []


def _remove_unless_alive(name: str, handle: int) -> None:
    file = os.open(name, _LOOK, dir_fd=handle)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(name, dir_fd=handle)
    finally:
        os.close(file)
