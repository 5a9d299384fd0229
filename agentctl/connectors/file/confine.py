"""Which paths a file connector may touch, and how it gets to them without ever following a link.

Reads and changes no file's content.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from agentctl.errors import Rejected, Unreachable
from agentctl.facts import dataclass

# Who writes here decides what agentctl or git does next: policy, consent, state, hooks.
OWN_NAMES = frozenset({".git", "agentctl.yaml", "agentctl.yml"})
OWN_PREFIX = ".agentctl"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LAST_CONTROL_OF_ASCII = 0x1F
_CONTROLS_AFTER_ASCII = range(0x7F, 0xA0)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The directory an instance is confined to.

    ``root`` is absolute and real. ``protected`` are globs below it; ``reserved`` absolute paths, whatever lies below
    them included.
    """

    root: str
    protected: tuple[str, ...] = ()
    reserved: tuple[str, ...] = ()

    def admit(self, target: str) -> tuple[str, ...]:
        """Return the segments of ``target``. Raises Rejected for whatever is not a plain path inside the scope."""
        segments = tuple(target.split("/"))
        for segment in segments:
            if why := _fault(segment):
                raise Rejected("Path not allowed", f"{target!r} {why}.")
        if any(segment.casefold() in OWN_NAMES or segment.casefold().startswith(OWN_PREFIX) for segment in segments):
            raise Rejected("Path protected", f"{target!r} belongs to agentctl or git; no step may read or write it.")
        absolute = self.path(target)
        if any(absolute == path or absolute.startswith(path + "/") for path in self.reserved):
            raise Rejected("Path protected", f"{target!r} holds this workspace's own policy or state.")
        if any(fnmatchcase(target, glob) for glob in self.protected):
            raise Rejected("Path protected", f"{target!r} is protected by this connector's settings.")
        return segments

    def path(self, target: str) -> str:
        """Return the absolute path of an admitted target."""
        return str(PurePosixPath(self.root, target))

    @contextmanager
    def directory(self, segments: tuple[str, ...]) -> Iterator[Directory]:
        """Open the deepest existing directory on the way to the file ``segments`` names, no link followed."""
        with _root(self.root) as handle:
            current = handle
            try:
                for depth, segment in enumerate(segments[:-1]):
                    try:
                        inner = os.open(segment, _DIRECTORY, dir_fd=current)
                    except FileNotFoundError:
                        yield Directory(handle=current, missing=segments[depth:-1])
                        return
                    except OSError as error:
                        raise _blocked("/".join(segments[: depth + 1]), segment, current, error) from error
                    if current != handle:
                        os.close(current)
                    current = inner
                yield Directory(handle=current)
            finally:
                if current != handle:
                    os.close(current)


@dataclass(frozen=True, kw_only=True)
class Directory:
    """An open directory, and the directories that are missing between it and the file."""

    handle: int
    missing: tuple[str, ...] = ()


def regular(name: str, path: str, handle: int) -> os.stat_result | None:
    """Return the status of the regular file ``name`` in an open directory, or None where nothing has that name."""
    try:
        status = os.stat(name, dir_fd=handle, follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Rejected("File out of reach", f"{path!r}: {error.strerror}.") from error
    if not stat.S_ISREG(status.st_mode):
        raise Rejected("Not a regular file", f"{path!r} is {_kind(status.st_mode)}.")
    return status


def _fault(segment: str) -> str:
    if segment in {"", ".", ".."}:
        return "is not a plain relative path: no leading, trailing or double slash, no `.` and no `..`"
    if any(ord(char) <= _LAST_CONTROL_OF_ASCII or ord(char) in _CONTROLS_AFTER_ASCII for char in segment):
        return "holds a control character"
    if segment.startswith("new:"):
        return "has a name beginning with `new:`, which stands for records not yet made"
    try:
        segment.encode()
    except UnicodeEncodeError:
        return "is not valid Unicode"
    return ""


@contextmanager
def _root(root: str) -> Iterator[int]:
    try:
        handle = os.open(root, _DIRECTORY)
    except OSError as error:
        raise Unreachable("Root out of reach", f"{root}: {error.strerror}.") from error
    try:
        yield handle
    finally:
        os.close(handle)


def _blocked(path: str, segment: str, handle: int, error: OSError) -> Rejected:
    if error.errno in {errno.ENOTDIR, errno.ELOOP}:
        kind = "not a directory"
        with suppress(FileNotFoundError):
            kind = _kind(os.stat(segment, dir_fd=handle, follow_symlinks=False).st_mode)
        return Rejected("Not a directory", f"{path!r} is {kind}; links are never followed.")
    return Rejected("Directory out of reach", f"{path!r}: {error.strerror}.")


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFDIR: "a directory",
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
        stat.S_IFREG: "a file",
    }
    return kinds.get(stat.S_IFMT(mode), "something else")
