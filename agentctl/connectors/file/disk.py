"""Files as they lie on the disk: read whole, written atomically, never half. Decides nothing about steps or consent."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from errno import EEXIST, ENOTEMPTY

from agentctl.connectors.file.atomic import Atomic, made, sync_done
from agentctl.connectors.file.confine import Directory, Scope, regular
from agentctl.connectors.file.rename import rename_where_free
from agentctl.errors import Indeterminate, Rejected
from agentctl.facts import dataclass

_CHUNK = 1 << 20
_LOOK = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC     # a pipe must not make us wait


@dataclass(frozen=True)
class Content:
    """What a file holds and who may do what with it."""

    data: bytes
    mode: int
    links: int = 1

    @property
    def token(self) -> str:
        digest = hashlib.sha256(b"%o\n" % self.mode + self.data).hexdigest()
        return f"sha256:{digest} links:{self.links}"


@dataclass(frozen=True)
class Missing:
    """A file that is not there, and how many directories on the way to it are not there either."""

    directories: int

    @property
    def token(self) -> str:
        return f"absent:{self.directories}"


class Disk:
    """One scope of a file system. ``limit`` is the size above which a file is refused."""

    def __init__(self, scope: Scope, limit: int) -> None:
        self._scope = scope
        self._limit = limit
        self._atomic = Atomic()

    def read(self, segments: tuple[str, ...]) -> Content | Missing:
        """Return what is there now."""
        with self._scope.directory(segments) as directory:
            return self._look(directory, segments)

    def write(self, segments: tuple[str, ...], content: Content, expected: str) -> None:
        """Make the file hold ``content``, creating it and its directories where ``expected`` says it is absent.

        Raises Rejected, nothing changed, where the file is not what ``expected`` says.
        """
        with self._scope.directory(segments) as directory, _refusing(segments):
            found = self._agree(directory, segments, expected)
            if isinstance(found, Content) and found.data == content.data:
                _change_mode(directory.handle, segments, content.mode)
                return
            with made(directory) as handle, self._atomic.beside(segments[-1], handle) as temporary:
                if isinstance(found, Content):
                    temporary.take_over_owner()
                temporary.fill(content.data, content.mode)
                # Looked at once more as late as can be: what is left between here and the rename is the window.
                self._agree(Directory(handle=handle), segments, expected, made=len(directory.missing))
                if isinstance(found, Content):
                    temporary.replace()
                else:
                    temporary.rename_where_free()
                sync_done(handle, segments)

    def delete(self, segments: tuple[str, ...], expected: str) -> None:
        """Take the file away. Raises Rejected where it is not what ``expected`` says."""
        with self._scope.directory(segments) as directory, _refusing(segments):
            self._agree(directory, segments, expected)
            os.unlink(segments[-1], dir_fd=directory.handle)
            sync_done(directory.handle, segments)

    def move(self, old: tuple[str, ...], new: tuple[str, ...], expected: str, expected_there: str) -> None:
        """Give the file another name, which nothing may have yet. Raises Rejected as ``write`` does."""
        with self._scope.directory(old) as source, self._scope.directory(new) as target, _refusing(new):
            self._agree(source, old, expected)
            self._agree(target, new, expected_there)
            with made(target) as handle:
                rename_where_free(old[-1], new[-1], old_directory=source.handle, new_directory=handle)
                sync_done(handle, new)
                sync_done(source.handle, old)

    def prune(self, directories: Iterable[tuple[str, ...]]) -> None:
        """Remove those of ``directories`` that are empty, innermost first."""
        for segments in sorted(directories, key=len, reverse=True):
            with self._scope.directory(segments) as directory:
                if directory.missing:
                    continue
                try:
                    os.rmdir(segments[-1], dir_fd=directory.handle)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    if error.errno in {ENOTEMPTY, EEXIST}:
                        continue            # somebody put something there since: it is theirs
                    raise Indeterminate(
                        "Directory not removed", f"{'/'.join(segments)!r} is empty and stays: {error.strerror}."
                    ) from error

    def _look(self, directory: Directory, segments: tuple[str, ...]) -> Content | Missing:
        path = "/".join(segments)
        if directory.missing:
            return Missing(len(directory.missing))
        status = regular(segments[-1], path, directory.handle)
        if status is None:
            return Missing(0)
        try:
            file = os.open(segments[-1], _LOOK, dir_fd=directory.handle)
        except FileNotFoundError:
            return Missing(0)
        except OSError as error:
            raise Rejected("File out of reach", f"{path!r}: {error.strerror}.") from error
        with os.fdopen(file, "rb", buffering=0) as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise Rejected("Not a regular file", f"{path!r} was swapped for something else.")
            data = bytearray()
            while chunk := stream.read(_CHUNK):
                data += chunk
                if len(data) > self._limit:
                    raise Rejected(
                        "File too large", f"{path!r} is larger than the {self._limit} bytes that `max_bytes` allows."
                    )
        return Content(bytes(data), stat.S_IMODE(status.st_mode), status.st_nlink)

    def _agree(
        self, directory: Directory, segments: tuple[str, ...], expected: str, made: int = 0
    ) -> Content | Missing:
        found = self._look(directory, segments)
        token = Missing(found.directories + made).token if isinstance(found, Missing) else found.token
        if token != expected:
            raise Rejected(
                "File changed", f"{'/'.join(segments)!r} is not what it was when it was read just now.",
                hint="Plan again to see what it is now.",
            )
        return found


def _change_mode(handle: int, segments: tuple[str, ...], mode: int) -> None:
    file = os.open(segments[-1], _LOOK, dir_fd=handle)
    try:
        regular(segments[-1], "/".join(segments), handle)
        os.fchmod(file, mode)
        sync_done(file, segments)
    finally:
        os.close(file)


@contextmanager
def _refusing(segments: tuple[str, ...]) -> Iterator[None]:
    """Say in our words what the system refused; whatever comes through here has changed nothing."""
    try:
        yield
    except FileExistsError as error:
        raise Rejected("File exists", f"{'/'.join(segments)!r} exists already and is not overwritten.") from error
    except OSError as error:
        raise Rejected("File system refuses", f"{'/'.join(segments)!r}: {error.strerror}.") from error
