"""Walks the files of a trace in order and checks that each line follows the one before. Only reads; signs nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeAlias

from agentctl.facts import dataclass
from agentctl.model.canonical import digest_bytes
from agentctl.model.state import Head
from agentctl.patterns import regex
from agentctl.trace.record import FILE_KINDS, GENESIS, IN_ACTS, IN_RUNS, RUN, Kind, NotARecord, Record, decode, is_id

_LONGEST_LINE = 1 << 28
_NAME = regex(r"([0-9]{6,})-([a-z]+)-([^.]+)\.jsonl")


@dataclass(frozen=True)
class TraceFile:
    """What a file's name says: ``000042-run-ID.jsonl``."""

    number: int
    kind: str
    id: str

    @property
    def name(self) -> str:
        return f"{self.number:06}-{self.kind}-{self.id}.jsonl"


@dataclass(frozen=True)
class Link:
    """A record in its place: the file it stands in, its line there, its digest, and where its line ends (in bytes)."""

    file: TraceFile
    line: int
    digest: str
    end: int
    record: Record

    @property
    def head(self) -> Head:
        return Head(digest=self.digest, seq=self.record.seq, file=self.file.name)


@dataclass(frozen=True)
class Torn:
    """The newest file's last line has no end: it is being written, or its writer died. It is not part of the trace."""

    file: TraceFile
    line: int
    start: int
    size: int


@dataclass(frozen=True)
class Fault:
    """Where the trace first stops being what was written, and why."""

    file: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A whole trace in short: its newest head, how many records and files, and the first fault."""

    head: Head | None
    length: int
    files: int
    torn: Torn | None
    fault: Fault | None


Found: TypeAlias = Link | Torn | Fault


class ReadFile(Protocol):
    """Reads one file of the trace, which follows ``before``; ``newest`` is the one that may still grow."""

    def __call__(
        self, folder: Path, file: TraceFile, before: Link | None, *, anchored: bool, newest: bool
    ) -> Iterator[Found]: ...


def scan(folder: Path) -> Chain:
    """Walk the whole trace, in constant memory, up to its first fault."""
    head, length, files, torn = None, 0, 0, None
    for found in walk(folder):
        match found:
            case Link():
                head, length, files = found.head, length + 1, found.file.number
            case Torn():
                torn = found
            case Fault():
                return Chain(head=head, length=length, files=files, torn=torn, fault=found)
    return Chain(head=head, length=length, files=files, torn=torn, fault=None)


def walk(folder: Path, read: ReadFile | None = None) -> Iterator[Found]:
    """Yield every intact Link in order. A Fault ends its file only: the files after it are read on their own word.

    Safe while a run writes: an unfinished last line of the newest file is Torn, not a Fault. ``read`` may read files in
    another way than line by line.
    """
    read = read or walk_file
    before: Link | None = None
    files, fault = trace_files(folder)
    if fault is not None:
        yield fault
    anchored = fault is None
    for expected, file in enumerate(files, start=1):
        if file.number != expected and anchored:
            yield Fault(file.name, 0, f"file number {expected} is missing")
            anchored = False
        for found in read(folder, file, before, anchored=anchored, newest=file == files[-1]):
            yield found
            match found:
                case Link():
                    before, anchored = found, True
                case Fault():
                    anchored = False


def trace_files(folder: Path) -> tuple[list[TraceFile], Fault | None]:
    """Return the trace's files in order, and a Fault where a ``.jsonl`` in the folder is none of them."""
    files: list[TraceFile] = []
    fault: Fault | None = None
    for name in sorted(_names(folder)):
        if not name.endswith(".jsonl"):
            continue
        file = parse_name(name)
        if file is None:
            fault = fault or Fault(name, 0, "it is not named like a file of the trace")
        elif not (folder / name).is_file() or (folder / name).is_symlink():
            fault = fault or Fault(name, 0, "it is not a regular file")
        elif files and files[-1].number == file.number:
            fault = fault or Fault(name, 0, f"there are two files with number {file.number}")
        else:
            files.append(file)
    return files, fault


def strangers(folder: Path) -> list[str]:
    """Return the names in the folder that are neither trace files, torn lines put aside, nor the writer's reserve."""
    from agentctl.trace.lines import RESERVE

    return sorted(
        name
        for name in _names(folder)
        if not name.endswith(".jsonl") and name != RESERVE and not re.fullmatch(r".+\.jsonl\.torn(\.[0-9]+)?", name)
    )


def parse_name(name: str) -> TraceFile | None:
    """Return what the file name says, or None where it is no trace file's."""
    matched = _NAME.fullmatch(name)
    if matched is None:
        return None
    file = TraceFile(int(matched[1]), matched[2], matched[3])
    return file if file.name == name and file.kind in FILE_KINDS and is_id(file.id) and file.number > 0 else None


def _names(folder: Path) -> list[str]:
    """The folder's names; bytes that are no UTF-8 are written out, so that every name can be printed and recorded."""
    entries = folder.iterdir() if folder.is_dir() else ()
    return [os.fsencode(entry.name).decode(errors="backslashreplace") for entry in entries]


def walk_file(
    folder: Path, file: TraceFile, before: Link | None, *, anchored: bool, newest: bool
) -> Iterator[Found]:
    """Read a file line by line; on from ``before`` where that is a line of this very file."""
    end, line = (before.end, before.line) if before is not None and before.file == file else (0, 0)
    try:
        with (folder / file.name).open("rb") as lines:
            lines.seek(end)
            while raw := lines.readline(_LONGEST_LINE):
                line += 1
                if not raw.endswith(b"\n"):
                    yield (
                        Torn(file, line, end, len(raw))
                        if newest
                        else Fault(file.name, line, "the last line is cut short")
                    )
                    return
                end += len(raw)
                found = link(file, line, raw[:-1], end, before, alone=line == 1 and not anchored)
                yield found
                if isinstance(found, Fault):
                    return
                before = found
    except OSError as error:
        yield Fault(file.name, line + 1, f"it cannot be read: {error.strerror}")
        return
    if line == 0 and not newest:
        yield Fault(file.name, 0, "it is empty")


def link(
    file: TraceFile,
    line: int,
    raw: bytes,
    end: int,
    before: Link | None,
    *,
    alone: bool,
    read: Callable[[bytes], Record] = decode,
) -> Link | Fault:
    """Judge one line against the one before it; ``alone`` it is taken at its word, what precedes it being damaged."""
    try:
        record = read(raw)
    except NotARecord as error:
        return Fault(file.name, line, str(error))
    why = _misplaced(file, line, record, before) or ("" if alone else _breaks(record, before))
    return Fault(file.name, line, why) if why else Link(file, line, digest_bytes(raw), end, record)


def _misplaced(file: TraceFile, line: int, record: Record, before: Link | None) -> str:
    if record.run != file.id:
        return "the record names another run than its file"
    if file.kind != RUN:
        return "" if record.kind in IN_ACTS else f"`{record.kind}` belongs into a run"
    if (line == 1) is not (record.kind is Kind.RUN_STARTED):
        return "a run begins with its one `run_started`"
    if line > 1 and before is not None and before.record.kind is Kind.RUN_FINISHED:
        return "the run had ended before it"
    return "" if record.kind in IN_RUNS else f"`{record.kind}` does not belong into a run"


def _breaks(record: Record, before: Link | None) -> str:
    prev, seq, time = (GENESIS, 0, "") if before is None else (before.digest, before.record.seq, before.record.time)
    if record.prev != prev:
        return "it does not follow the line before it (`prev` differs)"
    if record.seq != seq + 1:
        return f"its `seq` is {record.seq} where {seq + 1} follows"
    if record.time < time and record.kind is not Kind.CLOCK:      # that is where a person set the time right
        return "its time is before the time of the line before it"
    return ""
