"""The end of a trace: where a writer goes on, found without reading the history. Mends nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from agentctl.errors import Tampered
from agentctl.model.canonical import digest_bytes
from agentctl.model.state import Head
from agentctl.trace import checkpoint
from agentctl.trace.chain import TraceFile, trace_files
from agentctl.trace.record import GENESIS, NotARecord, Record, decode

_VERIFY = "agentctl verify"
_BLOCK = 1 << 16


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
        start = _newline_before(opened.fileno(), end) + 1
        line = os.pread(opened.fileno(), end - start, start)
    try:
        record = decode(line)
    except NotARecord as error:
        raise broken(file.name, f"of its last line: {error}") from error
    return Tail(file=file, record=record, digest=digest_bytes(line), size=end + 1, torn=size - end - 1)


def sealed(checkpoints: Path, end: Tail) -> bool:
    """Whether the file's signed checkpoint is there. Raises Tampered where what is there speaks of another content."""
    file = end.file
    statement = checkpoint.statement(checkpoints, file.name)
    if statement is None:
        return False
    try:
        said = checkpoint.decode(statement)
    except checkpoint.NotACheckpoint as error:
        raise broken(file.name, f"of its checkpoint: {error}") from error
    if (said.file, said.head, said.seq, said.length) != (
        file.name, end.digest, end.record.seq, end.size + end.torn,
    ):
        raise broken(file.name, "it is not what its checkpoint says it was when it was closed")
    return checkpoint.signature(checkpoints, file.name) is not None


def broken(place: str, why: str) -> Tampered:
    return Tampered(
        "The trace is damaged", f"{place}: {why}. Nothing is written after a damaged trace.", command=_VERIFY
    )


def follow(end: Tail | None) -> tuple[str, int, str]:
    """Return what the next record's ``prev``, least ``seq`` and least ``time`` are."""
    return (GENESIS, 1, "") if end is None else (end.digest, end.record.seq + 1, end.record.time)


def _newline_before(descriptor: int, end: int) -> int:
    """Return the offset of the last newline before ``end``, or -1."""
    while end > 0:
        start = max(0, end - _BLOCK)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found
        end = start
    return -1
