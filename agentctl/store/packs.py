"""Packs: the values of a run or changeset that may not stand in clear, encrypted, found by their commitments."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol, Self

from agentctl.errors import Unwritable
from agentctl.facts import dataclass, field
from agentctl.files import opened, sync_folder
from agentctl.model.canonical import canonical
from agentctl.store import atomic

_MAGIC = b"agentctl-pack 1 "
_LENGTH = 4        # bytes before each frame that say how long it is, the greatest first
_sync_data = getattr(os, "fdatasync", os.fsync)


class Sealer(Protocol):
    """What encrypts: the holder of the lineage's key. ``open`` raises ValueError for what was not sealed so.

    It seals with the key of ``key_id`` and opens what was sealed with any of ``key_ids``.
    """

    @property
    def key_id(self) -> str: ...

    @property
    def key_ids(self) -> Collection[str]: ...

    def seal(self, data: bytes, context: bytes) -> bytes: ...

    def open(self, sealed: bytes, context: bytes) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class Contents:
    """The wire values a pack gave, by commitment, and in words why the others, if any, stay hidden."""

    values: Mapping[str, Any] = field(default_factory=dict)
    hidden: str = ""


class Pack:
    """The values of one run being written: frames appended to a file, made with the first.

    Each frame is sealed for its pack and its number, so that none can be changed, moved, dropped from the middle or
    taken from another pack unnoticed. A dropped last frame shows as a commitment without a value.
    """

    def __init__(self, folder: Path, name: str, sealer: Sealer, mode: int = 0o600) -> None:
        self._path = _path(folder, name)
        self._name = name
        self._sealer = sealer
        self._mode = mode
        self._file: BinaryIO | None = None
        self._frames = 0
        self._failed = False

    def put(self, values: Mapping[str, Any]) -> None:
        """Add values by their commitments; they are durable on return. Raises Unwritable, and from then on always."""
        if not values:
            return
        if self._failed:
            raise Unwritable("A pack could not be written", f"{self._path}: an earlier write failed.")
        sealed = self._sealer.seal(canonical(values), _context(self._name, self._frames))
        try:
            file = self._file or self._make()
            file.write(_length(sealed) + sealed)
            file.flush()
            _sync_data(file.fileno())
            if self._frames == 0:
                sync_folder(self._path.parent)
        except OSError as error:
            self._failed = True
            raise Unwritable("A pack could not be written", f"{self._path}: {error.strerror}.") from error
        self._frames += 1

    def close(self) -> None:
        """Let go. Syncs nothing: ``put`` has."""
        file, self._file = self._file, None
        if file is not None:
            # What a failed ``put`` could not write is still in the buffer; that it failed was said.
            with suppress(OSError) if self._failed else nullcontext():
                file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _make(self) -> BinaryIO:
        """A name is used once: a run never goes on in the pack of another."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, self._mode)
        os.fchmod(descriptor, self._mode)
        self._file = os.fdopen(descriptor, "wb")
        self._file.write(_header(self._sealer))
        return self._file


def save(folder: Path, name: str, values: Mapping[str, Any], sealer: Sealer, mode: int) -> None:
    """Write a pack that is whole or not there, durably. Raises Unwritable."""
    sealed = sealer.seal(canonical(values), _context(name, 0))
    atomic.replace(_path(folder, name), [_header(sealer), _length(sealed), sealed], mode)


def read(folder: Path, name: str, sealer: Sealer | None) -> Contents:
    """Return what can be read of a pack, and why the rest can't. Never raises for what is on disk; needs no lock."""
    if sealer is None:
        return Contents(hidden="hidden: this machine has no key for the workspace")
    try:
        with opened(_path(folder, name)) as file:
            return _read(file, name, sealer)
    except FileNotFoundError:
        return Contents(hidden="hidden: the pack is gone")
    except OSError as error:
        return Contents(hidden=f"hidden: the pack cannot be read ({error.strerror})")


def sealed_with(folder: Path) -> Mapping[str, int]:
    """Return how many packs need which key, by its id; packs that cannot be read are left out."""
    counts: dict[str, int] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            with opened(path) as file:
                header = file.readline(100)
        except OSError:
            continue
        if header.startswith(_MAGIC) and header.endswith(b"\n"):
            name = header[len(_MAGIC) : -1].decode("ascii", "replace")
            counts[name] = counts.get(name, 0) + 1
    return counts


def _read(file: BinaryIO, name: str, sealer: Sealer) -> Contents:
    header = file.readline(100)
    if not (header.startswith(_MAGIC) and header.endswith(b"\n")):
        return Contents(hidden="hidden: the pack is damaged at its beginning")
    theirs = header[len(_MAGIC) :].decode("ascii", "replace").strip()
    if theirs not in sealer.key_ids:
        return Contents(hidden=f"hidden: sealed with key {theirs}, this machine has {sealer.key_id}")
    values: dict[str, Any] = {}
    for number, sealed in enumerate(_frames(file)):
        if sealed is None:
            return Contents(values=values, hidden=f"hidden: the pack ends within frame {number + 1}")
        try:
            values.update(json.loads(sealer.open(sealed, _context(name, number))))
        except ValueError:
            return Contents(values=values, hidden=f"hidden: frame {number + 1} of the pack is damaged")
    return Contents(values=values)


def _frames(file: BinaryIO) -> Iterator[bytes | None]:
    """Yield the sealed frames; None for one that is cut short."""
    while prefix := file.read(_LENGTH):
        if len(prefix) < _LENGTH:
            yield None
            return
        length, left = int.from_bytes(prefix, "big"), os.fstat(file.fileno()).st_size - file.tell()
        if length > left:
            yield None
            return
        yield file.read(length)


def _length(frame: bytes) -> bytes:
    return len(frame).to_bytes(_LENGTH, "big")


def _path(folder: Path, name: str) -> Path:
    if not name or not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
        raise ValueError(f"{name!r} cannot name a pack")
    return folder / name


def _header(sealer: Sealer) -> bytes:
    return _MAGIC + sealer.key_id.encode() + b"\n"


def _context(name: str, number: int) -> bytes:
    return canonical(["pack", name, number])
