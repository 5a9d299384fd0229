"""The end of a trace: where a writer goes on, found without reading the history. Mends nothing."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from agentctl.errors import Tampered
from agentctl.facts import dataclass
from agentctl.model.canonical import digest_bytes
from agentctl.model.state import Head
from agentctl.trace import checkpoint
from agentctl.trace.chain import TraceFile, trace_files
from agentctl.trace.checkpoint import Checkpoint, Places
from agentctl.trace.record import GENESIS, NotARecord, Record, decode

_VERIFY = "agentctl verify"
_BLOCK = 1 << 16
_LARGE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """The last whole line of a file, the length of the file up to its end, and how many torn bytes follow."""

    file: TraceFile
    record: Record
    digest: str
    size: int
    torn: int

    @property
    def head(self) -> Head:
        return Head(digest=self.digest, seq=self.record.seq, file=self.file.name)


def newest(folder: Path, checkpoints: Path) -> list[TraceFile]:
    """Return all trace files in order, none missing. Raises Tampered where files are missing, doubled or foreign."""
    files, fault = trace_files(folder)
    if fault is not None:
        raise broken(str(fault), fault.why)
    if files and files[-1].number != len(files):
        missing = next(number for number, file in enumerate(files, start=1) if file.number != number)
        raise broken(folder.name, f"file number {missing} is missing")
    if lost := checkpoint.files(checkpoints) - {file.name for file in files}:
        raise broken(min(lost), "a checkpoint speaks of it, but it is not there")
    return files


def tail(folder: Path, file: TraceFile) -> Tail | None:
    """Return the end of one trace file, or None where it holds no whole line. Raises Tampered for a foreign line."""
    with (folder / file.name).open("rb") as opened:
        size = opened.seek(0, os.SEEK_END)
        end = _newline_before(opened.fileno(), size)
        if end < 0:
            return None
        line = last_line(opened.fileno(), end + 1)
    try:
        record = decode(line)
    except NotARecord as error:
        raise broken(file.name, f"of its last line: {error}") from error
    return Tail(file=file, record=record, digest=digest_bytes(line), size=end + 1, torn=size - end - 1)


def sealed(checkpoints: Path, end: Tail) -> bool:
    """Whether the file's signed checkpoint is there. Raises Tampered where what is there speaks of another content."""
    file = end.file
    try:
        statement = checkpoint.statement(checkpoints, file.name)
        if statement is None:
            return False
        said = checkpoint.decode(statement)
        signed = checkpoint.signature(checkpoints, file.name) is not None
    except OSError as error:
        raise broken(file.name, f"its checkpoint cannot be read: {error.strerror}") from error
    except checkpoint.NotACheckpoint as error:
        raise broken(file.name, f"of its checkpoint: {error}") from error
    if (said.interim, said.file, said.head, said.seq, said.length) != (
        False, file.name, end.digest, end.record.seq, end.size + end.torn,
    ):
        raise broken(file.name, "it is not what its checkpoint says it was when it was closed")
    return signed


def check_beginning(places: Places, file: TraceFile) -> None:
    """Raise Tampered where a file that is not closed no longer begins with what was signed of it."""
    try:
        if (stored := checkpoint.interim(places.checkpoints, file.name)) is None:
            return
        said = checkpoint.decode(stored[0])
    except OSError as error:
        raise broken(file.name, f"its interim checkpoint cannot be read: {error.strerror}") from error
    except checkpoint.NotACheckpoint as error:
        raise broken(file.name, f"of its interim checkpoint: {error}") from error
    if (said.interim, said.file) != (True, file.name) or not holds(places.trace, said):
        raise broken(file.name, "it does not begin with what its interim checkpoint says it held")


def holds(folder: Path, said: Checkpoint) -> bool:
    """Whether the file a checkpoint speaks of holds, or begins with, the bytes that its ``digest`` is of."""
    with (folder / said.file).open("rb") as opened:
        return digest_of(opened, said.length) == said.digest


def digest_of(opened: BinaryIO, length: int) -> str:
    """Return the digest of the first ``length`` bytes, or nothing where there are fewer."""
    seen = hashlib.sha256()
    while length > 0 and (block := opened.read(min(_LARGE, length))):
        seen.update(block)
        length -= len(block)
    return "" if length else f"sha256:{seen.hexdigest()}"


def broken(place: str, why: str) -> Tampered:
    return Tampered(
        "The trace is damaged", f"{place}: {why}. Nothing is written after a damaged trace.", command=_VERIFY
    )


def follow(end: Tail | None) -> tuple[str, int, str]:
    """Return what the next record's ``prev``, least ``seq`` and least ``time`` are."""
    return (GENESIS, 1, "") if end is None else (end.digest, end.record.seq + 1, end.record.time)


def last_line(descriptor: int, size: int) -> bytes:
    """Return the last line of the first ``size`` bytes, without the newline they end in."""
    start = _newline_before(descriptor, size - 1) + 1
    return os.pread(descriptor, size - 1 - start, start)


def _newline_before(descriptor: int, end: int) -> int:
    """Return the offset of the last newline before ``end``, or -1."""
    while end > 0:
        start = max(0, end - _BLOCK)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found
        end = start
    return -1
