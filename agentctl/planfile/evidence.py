"""Reads the evidence a plan points at, where it is a file of the workspace: pins its digest and checks its quote."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from agentctl.facts import dataclass, field
from agentctl.model.plan import Evidence
from agentctl.planfile.codes import Code
from agentctl.planfile.findings import Findings
from agentctl.syntax.document import Pointer

_LARGEST: Final = 16 * 2**20
_ALL: Final = 64 * 2**20
_OURS: Final = ".agentctl"
_FILE: Final = "file:"


class Outside(ValueError):
    """A path that leads out of the workspace, or to where no evidence can be."""


@dataclass(slots=True)
class Reader:
    """Reads files below ``root``, each once, and no more than is reasonable in all."""

    root: Path | None
    _left: int = _ALL
    _known: dict[str, bytes | str] = field(default_factory=dict)

    def read(self, path: str) -> bytes | str:
        """Return the file's bytes, or why it cannot be read in a sentence. Raises Outside."""
        if path not in self._known:
            self._known[path] = self._read(path)
        return self._known[path]

    def _read(self, path: str) -> bytes | str:
        parts = _parts(path)
        if self.root is None:
            return "There is no workspace to read it from."
        try:
            data = _read_below(self.root, parts, min(_LARGEST, self._left))
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise Outside(f"`{path}` goes through a symbolic link") from error
            return f"{error.strerror or 'It cannot be read'}."
        if data is None:
            return f"It is larger than {_LARGEST // 2**20} MiB, or all evidence together than {_ALL // 2**20} MiB."
        self._left -= len(data)
        return data


def pin(item: Evidence, pointer: Pointer, reader: Reader, findings: Findings) -> str:
    """Return the SHA-256 of the source, or the one stated where it cannot be read; findings say what is wrong."""
    if not item.uri.startswith(_FILE):
        return item.sha256
    path = item.uri.removeprefix(_FILE)
    try:
        data = reader.read(path)
    except Outside as error:
        findings.error(
            Code.EVIDENCE_OUTSIDE, "Evidence outside the workspace", f"{error}.", (*pointer, "uri"),
            hint="Give the path of a file below the workspace's directory, as in file:tickets/4711.md.",
        )
        return item.sha256
    if isinstance(data, str):
        detail = f"`{path}` was not checked. {data}"
        findings.warning(Code.EVIDENCE_UNREADABLE, "Evidence not readable", detail, (*pointer, "uri"))
        return item.sha256
    actual = hashlib.sha256(data).hexdigest()
    if item.sha256 and item.sha256 != actual:
        detail = f"`{path}` has the SHA-256 {actual}."
        findings.error(Code.EVIDENCE_CHANGED, "Evidence is not what was stated", detail, (*pointer, "sha256"))
    if item.quote.strip() and not _holds(data, item.quote):
        detail = f"These words do not occur in `{path}`."
        findings.error(
            Code.QUOTE_NOT_FOUND, "Quote not found", detail, (*pointer, "quote"), hint="Quote the source word for word."
        )
    return actual


def checking(root: Path) -> Callable[[Evidence], bool]:
    """Return what tells whether the source of evidence can be read below ``root`` and is what the plan says of it.

    Each is read once; ask for a new one to have them read again.
    """
    reader = Reader(root)
    found: dict[Evidence, bool] = {}

    def checked(item: Evidence) -> bool:
        if item not in found:
            found[item] = _is_as_stated(item, reader)
        return found[item]

    return checked


def _is_as_stated(item: Evidence, reader: Reader) -> bool:
    if not item.uri.startswith(_FILE) or not item.sha256:
        return False
    try:
        data = reader.read(item.uri.removeprefix(_FILE))
    except Outside:
        return False
    if isinstance(data, str) or hashlib.sha256(data).hexdigest() != item.sha256:
        return False
    return not item.quote.strip() or _holds(data, item.quote)


def _holds(data: bytes, quote: str) -> bool:
    """Whether ``quote`` occurs, however its white space is laid out."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return " ".join(quote.split()) in " ".join(text.split())


def _parts(path: str) -> list[str]:
    parts = path.split("/")
    if path.startswith("/") or "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise Outside(f"`{path}` is not a plain path below the workspace")
    if parts[0] == _OURS:
        raise Outside(f"`{path}` is agentctl's own")
    return parts


def _read_below(root: Path, parts: list[str], most: int) -> bytes | None:
    """Return the bytes of a regular file, or None where it has more than ``most``.

    Every step from ``root`` on is opened relative to the last and follows no link, so that no swap on the way helps.
    """
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            below = _open_folder(part, folder)
            os.close(folder)
            folder = below
        # Without O_NONBLOCK a pipe of that name would hold us until somebody writes to it.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(parts[-1], flags, dir_fd=folder), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(errno.EINVAL, "It is not a regular file")
            data = file.read(most + 1)
    finally:
        os.close(folder)
    return data if len(data) <= most else None


def _open_folder(name: str, above: int) -> int:
    try:
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
    except NotADirectoryError:
        if stat.S_ISLNK(os.stat(name, dir_fd=above, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
        raise
