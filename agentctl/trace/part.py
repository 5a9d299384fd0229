"""What may be said of one run of a trace by itself, however it stands with the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agentctl.errors import Tampered
from agentctl.facts import dataclass
from agentctl.trace import checkpoint
from agentctl.trace.chain import Fault, Link, TraceFile, parse_name, trace_files
from agentctl.trace.checkpoint import Check
from agentctl.trace.record import RUN, Kind
from agentctl.trace.tail import tail
from agentctl.trace.verify import Examination, Examine, Known, Verdict

_UNTIED = "no signature that can be checked here vouches for it, and the trace is broken before it"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One run: its records from ``first`` to ``last``, and the first thing wrong with them.

    ``signed`` is whether a good signature closes it, None where none can be checked here. ``witnessed`` is whether a
    head from outside lies at its end or after it. ``elsewhere`` is the fault of the trace that is not the run's own.
    """

    id: str
    file: str
    first: int
    last: int
    closed: bool
    signed: bool | None
    witnessed: bool
    fault: Fault | None
    elsewhere: Fault | None
    before: bool

    @property
    def records(self) -> int:
        return self.last - self.first + 1 if self.last else 0


def runs(folder: Path) -> list[TraceFile]:
    """Return the files of runs, in order, as far as their names can be read."""
    return [file for file in trace_files(folder)[0] if file.kind == RUN]


def part_of(
    folder: Path,
    checkpoints: Path,
    file: TraceFile,
    verdict: Verdict,
    *,
    lineage: str,
    check: Check | None,
    examine: Examine = lambda _link: "",
) -> Part:
    """Look at the run in ``file`` by itself; ``verdict`` is of the whole trace it lies in."""
    files = trace_files(folder)[0]
    broken = verdict.fault
    before = broken is not None and _is_before(broken, file)
    examination = Examination(folder, checkpoints, lineage, Known(), check, examine)
    follows = None if before else _before(folder, files, file)
    fault = examination.of_file(file, follows, newest=file == files[-1])
    last = examination.last
    lines = 0 if last is None else last.line
    closed = (
        last is not None
        and last.record.kind is Kind.RUN_FINISHED
        and _is_there(checkpoint.statement, checkpoints, file.name)
    )
    signed = closed and fault is None and _is_there(checkpoint.signature, checkpoints, file.name)
    own = broken is not None and broken.file == file.name and (fault is not None or not closed)
    if fault is None and own:
        fault = broken
    elif fault is None and before and not (signed and check is not None):
        fault = Fault(file.name, 0, _UNTIED)
    elsewhere = None if own else broken
    return Part(
        id=file.id,
        file=file.name,
        first=0 if last is None else last.record.seq - lines + 1,
        last=0 if last is None else last.record.seq,
        closed=closed,
        signed=signed if check is not None else None,
        witnessed=last is not None and elsewhere is None and verdict.witnessed >= last.record.seq,
        fault=fault,
        elsewhere=elsewhere,
        before=before,
    )


def _is_there(stored: Callable[[Path, str], bytes | None], checkpoints: Path, file: str) -> bool:
    """Whether there is what is ``stored``. What cannot be read is none; who compared it with the file said so."""
    try:
        return stored(checkpoints, file) is not None
    except OSError:
        return False


def _before(folder: Path, files: list[TraceFile], file: TraceFile) -> Link | None:
    """Return what the run follows, or None where that is no longer to be told."""
    previous = next((other for other in files if other.number == file.number - 1), None)
    try:
        end = None if previous is None else tail(folder, previous)
    except (Tampered, OSError):
        return None
    return None if end is None else Link(end.file, 0, end.digest, end.size, end.record)


def _is_before(fault: Fault, file: TraceFile) -> bool:
    """Whether a fault lies before the run; one without a place in the order of files may."""
    where = parse_name(fault.file)
    return where is None or where.number < file.number
