"""What may be said of a trace: intact, intact with a tail nobody outside has seen, or broken, and where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from agentctl.facts import dataclass, field
from agentctl.model.state import Head
from agentctl.trace import checkpoint
from agentctl.trace.chain import Fault, Link, Torn, TraceFile, strangers, walk, walk_file
from agentctl.trace.checkpoint import Check, NotACheckpoint
from agentctl.trace.record import RUN, Kind
from agentctl.trace.tail import holds
from agentctl.trace.vouched import Vouching


class Grade(StrEnum):
    """Local files alone never give more than ``intact, tail not witnessed``: who can cut the trace can cut them too."""

    INTACT = "intact"
    UNWITNESSED = "intact, tail not witnessed"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
class Known:
    """What else is known of the trace, by digest: ``inside`` the workspace (the state's head) and ``outside`` of it.

    Each maps a digest to where it comes from. Every one must occur in the chain. ``within`` names the files of those
    that do not end their file.
    """

    inside: Mapping[str, str] = field(default_factory=dict)
    outside: Mapping[str, str] = field(default_factory=dict)
    within: frozenset[str] = frozenset()


Examine: TypeAlias = Callable[[Link], str]
"""What is wrong with a record apart from its place, in words, or nothing. Asked of acts and of what begins a run."""


def verify(
    folder: Path,
    checkpoints: Path,
    *,
    lineage: str,
    known: Known,
    check: Check | None,
    examine: Examine = lambda _link: "",
) -> Verdict:
    """Grade the whole trace. ``check`` judges signatures; None where no public key is known.

    What signatures vouch for is not read line by line, unless something is wrong: then all of it is, to find the place.
    """
    if check is not None:
        vouching = Vouching(checkpoints, lineage, check, known.within)
        verdict = Examination(folder, checkpoints, lineage, known, check, examine, vouching).verdict()
        if verdict.fault is None:
            return verdict
    return verify_lines(folder, checkpoints, lineage=lineage, known=known, check=check, examine=examine)


def verify_lines(
    folder: Path,
    checkpoints: Path,
    *,
    lineage: str,
    known: Known,
    check: Check | None,
    examine: Examine = lambda _link: "",
) -> Verdict:
    """Return the same, reading every line of every file."""
    return Examination(folder, checkpoints, lineage, known, check, examine).verdict()


@dataclass
class Examination:
    """One look at a trace, or with ``of_file`` at one file of it. Used once."""

    folder: Path
    checkpoints: Path
    lineage: str
    known: Known
    check: Check | None
    examine: Examine
    vouching: Vouching | None = None
    last: Link | None = None
    torn: Torn | None = None
    witnessed: int = 0
    files: int = 0
    unmet: dict[str, str] = field(init=False)
    closed: set[str] = field(init=False)
    spoken_of: set[str] = field(init=False)
    notes: list[str] = field(default_factory=list)

    def of_file(self, file: TraceFile, before: Link | None, *, newest: bool) -> Fault | None:
        """Return what is wrong with one file alone; without ``before`` its first line is taken at its word."""
        self.unmet, self.closed, self.spoken_of = {}, checkpoint.closed(self.checkpoints), set()
        anchored = before is not None or file.number == 1
        for found in walk_file(self.folder, file, before, anchored=anchored, newest=newest):
            if fault := self._see(found):
                return fault
        return Fault(file.name, 0, "it is empty") if self.last is None else self._closed(self.last, newest=newest)

    def verdict(self) -> Verdict:
        self.unmet = {**self.known.inside, **self.known.outside}
        self.closed = checkpoint.closed(self.checkpoints)
        self.spoken_of = checkpoint.files(self.checkpoints) | self.closed
        fault = self._walk() or self._leftovers()
        self.notes += [f"{name} is not part of the trace" for name in strangers(self.folder)]
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

    def _walk(self) -> Fault | None:
        for found in walk(self.folder, self.vouching):
            if fault := self._see(found):
                return fault
        return None if self.last is None else self._closed(self.last, newest=True)

    def _see(self, found: Link | Torn | Fault) -> Fault | None:
        match found:
            case Fault():
                return found
            case Torn():
                self.torn = found
                return None
            case Link():
                before = self.last
                if before is not None and before.file != found.file and (fault := self._closed(before, newest=False)):
                    return fault
                return self._meet(found)

    def _meet(self, link: Link) -> Fault | None:
        begins = self.last is None or self.last.file != link.file
        self.files += begins
        self.last = link
        self.unmet.pop(link.digest, None)
        if link.digest in self.known.outside:
            self.witnessed = link.record.seq
        why = self.examine(link) if begins or link.file.kind != RUN else ""
        return Fault(link.file.name, link.line, why) if why else None

    def _closed(self, last: Link, *, newest: bool) -> Fault | None:
        """Compare a file's end with its checkpoint. Only the newest file may have none, or one not signed yet."""
        try:
            return self._at_end(last, newest=newest) or self._begins(last.file.name)
        except OSError as error:
            return Fault(last.file.name, 0, f"its checkpoint cannot be read: {error.strerror}")

    def _at_end(self, last: Link, *, newest: bool) -> Fault | None:
        name = last.file.name
        # A run that ends while we walk leaves a checkpoint of more than we have read: one that was not there when we
        # began says nothing about the newest file.
        closed = name in self.closed if newest else True
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

    def _begins(self, name: str) -> Fault | None:
        """Compare what was signed of a file while it grew with what it begins with, closed since or not."""
        try:
            stored = checkpoint.interim(self.checkpoints, name)
            if stored is None:
                return None
            said = checkpoint.decode(stored[0])
        except NotACheckpoint as error:
            return Fault(name, 0, f"of its interim checkpoint: {error}")
        if said.lineage != self.lineage:
            return Fault(name, 0, f"its interim checkpoint is of another lineage, {said.lineage}")
        if self.check is not None and not self.check(*stored):
            return Fault(name, 0, "the signature of its interim checkpoint is not by this lineage's key")
        if (said.interim, said.file) != (True, name) or not holds(self.folder, said):
            return Fault(name, 0, f"its interim checkpoint says it held another record {said.seq}, {said.head[:19]}…")
        return None

    def _compare(self, said: checkpoint.Checkpoint, last: Link) -> Fault | None:
        name = last.file.name
        torn = self.torn.size if self.torn is not None and self.torn.file == last.file else 0
        if said.lineage != self.lineage:
            return Fault(name, 0, f"its checkpoint is of another lineage, {said.lineage}")
        if said.file != name or said.interim:
            return Fault(name, 0, f"its checkpoint speaks of {said.file}{' before it was closed' * said.interim}")
        if (said.head, said.seq, said.length) != (last.digest, last.record.seq, last.end + torn):
            return Fault(name, last.line, f"its checkpoint says it ended with record {said.seq}, {said.head[:19]}…")
        if said.digest and not (self._vouched(name) or holds(self.folder, said)):
            return Fault(name, 0, f"its bytes are not those its checkpoint speaks of, {said.digest[:19]}…")
        return None

    def _vouched(self, name: str) -> bool:
        return self.vouching is not None and name in self.vouching.names

    def _check_signature(self, stored: bytes, name: str, *, newest: bool) -> Fault | None:
        signature = checkpoint.signature(self.checkpoints, name)
        if signature is None:
            if not newest:
                return Fault(name, 0, "the signature of its checkpoint is missing")
            self.notes.append(f"the checkpoint of {name} is not signed yet")
        elif self._vouched(name):
            pass        # it was checked before the file was taken at its word
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

