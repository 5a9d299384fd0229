"""What may be said of a trace: intact, intact with a tail nobody outside has seen, or broken, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from agentctl.model.state import Head
from agentctl.trace import checkpoint
from agentctl.trace.chain import Fault, Link, Torn, strangers, walk
from agentctl.trace.checkpoint import Check, NotACheckpoint
from agentctl.trace.record import RUN, Kind


class Grade(StrEnum):
    """Local files alone never give more than ``intact, tail not witnessed``: who can cut the trace can cut them too."""

    INTACT = "intact"
    UNWITNESSED = "intact, tail not witnessed"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``fault`` is the first one. ``witnessed`` counts the records up to the newest head known from outside.

    ``notes`` are facts that lower no grade (a run in progress, a key that is not here).
    """

    grade: Grade
    head: Head | None
    records: int
    files: int
    witnessed: int = 0
    fault: Fault | None = None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"broken at {self.fault}" if self.fault else self.grade.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What else is known of the trace, by digest: ``inside`` the workspace (the state's head) and ``outside`` of it.

    Each maps a digest to where it comes from. Every one must occur in the chain.
    """

    inside: Mapping[str, str] = field(default_factory=dict)
    outside: Mapping[str, str] = field(default_factory=dict)


def verify(folder: Path, checkpoints: Path, *, lineage: str, known: Known, check: Check | None) -> Verdict:
    """Walk the whole trace once and grade it. ``check`` judges signatures; None where no public key is known."""
    return _Examination(checkpoints, lineage, known, check).of(folder)


@dataclass(slots=True)
class _Examination:
    checkpoints: Path
    lineage: str
    known: Known
    check: Check | None
    last: Link | None = None
    torn: Torn | None = None
    witnessed: int = 0
    files: int = 0
    unmet: dict[str, str] = field(init=False)
    spoken_of: set[str] = field(init=False)
    notes: list[str] = field(default_factory=list)

    def of(self, folder: Path) -> Verdict:
        self.unmet = {**self.known.inside, **self.known.outside}
        self.spoken_of = checkpoint.files(self.checkpoints)
        fault = self._walk(folder) or self._leftovers()
        self.notes += [f"{name} is not part of the trace" for name in strangers(folder)]
        if self.check is None and self.last is not None:
            self.notes.append("signatures were not checked: no public key of this lineage is known here")
        return Verdict(
            grade=self._grade(fault),
            head=None if self.last is None else self.last.head,
            records=0 if self.last is None else self.last.record.seq,
            files=self.files,
            witnessed=self.witnessed,
            fault=fault,
            notes=tuple(self.notes),
        )

    def _walk(self, folder: Path) -> Fault | None:
        for found in walk(folder):
            match found:
                case Fault():
                    return found
                case Torn():
                    self.torn = found
                case Link():
                    if self.last is not None and self.last.file != found.file and (
                        fault := self._closed(self.last, newest=False)
                    ):
                        return fault
                    self._meet(found)
        return None if self.last is None else self._closed(self.last, newest=True)

    def _meet(self, link: Link) -> None:
        if self.last is None or self.last.file != link.file:
            self.files += 1
        self.last = link
        self.unmet.pop(link.digest, None)
        if link.digest in self.known.outside:
            self.witnessed = link.record.seq

    def _closed(self, last: Link, *, newest: bool) -> Fault | None:
        """Compare a file's end with its checkpoint. Only the newest file may have none, or one not signed yet."""
        try:
            return self._at_end(last, newest=newest)
        except OSError as error:
            return Fault(last.file.name, 0, f"its checkpoint cannot be read: {error.strerror}")

    def _at_end(self, last: Link, *, newest: bool) -> Fault | None:
        name = last.file.name
        # A run that ends while we walk leaves a checkpoint of more than we have read: one that was not there when we
        # began says nothing about the newest file.
        closed = name in self.spoken_of if newest else True
        self.spoken_of.discard(name)
        ended = last.file.kind != RUN or last.record.kind is Kind.RUN_FINISHED
        if not ended and not newest:
            return Fault(name, last.line, "the run has no end although later files exist")
        stored = checkpoint.statement(self.checkpoints, name) if closed else None
        if stored is None:
            if not newest:
                return Fault(name, 0, "its checkpoint is missing")
            self.notes.append(f"{name} is not closed yet: its run is going on, or its process died")
            return None
        try:
            said = checkpoint.decode(stored)
        except NotACheckpoint as error:
            return Fault(name, 0, f"of its checkpoint: {error}")
        return self._compare(said, last) or self._check_signature(stored, name, newest=newest)

    def _compare(self, said: checkpoint.Checkpoint, last: Link) -> Fault | None:
        name = last.file.name
        torn = self.torn.size if self.torn is not None and self.torn.file == last.file else 0
        if said.lineage != self.lineage:
            return Fault(name, 0, f"its checkpoint is of another lineage, {said.lineage}")
        if said.file != name:
            return Fault(name, 0, f"its checkpoint speaks of {said.file}")
        if (said.head, said.seq, said.length) != (last.digest, last.record.seq, last.end + torn):
            return Fault(name, last.line, f"its checkpoint says it ended with record {said.seq}, {said.head[:19]}…")
        return None

    def _check_signature(self, stored: bytes, name: str, *, newest: bool) -> Fault | None:
        signature = checkpoint.signature(self.checkpoints, name)
        if signature is None:
            if not newest:
                return Fault(name, 0, "the signature of its checkpoint is missing")
            self.notes.append(f"the checkpoint of {name} is not signed yet")
        elif self.check is not None and not self.check(stored, signature):
            return Fault(name, 0, "the signature of its checkpoint is not by this lineage's key")
        return None

    def _leftovers(self) -> Fault | None:
        """What is known of the trace and did not occur in it: it was cut, replaced, or is an older copy."""
        if self.last is None:
            return Fault("trace", 0, "there is no trace, and every workspace's begins with its `init`")
        if self.spoken_of:
            return Fault(min(self.spoken_of), 0, "a checkpoint speaks of it, but it is not part of the trace")
        for digest, source in self.unmet.items():
            return Fault(
                self.last.file.name,
                self.last.line,
                f"{source} knows of a later or other record, {digest[:19]}…: the trace was cut, or is an older copy",
            )
        return None

    def _grade(self, fault: Fault | None) -> Grade:
        if fault is not None:
            return Grade.BROKEN
        whole = self.last is not None and self.witnessed == self.last.record.seq
        return Grade.INTACT if whole else Grade.UNWITNESSED

