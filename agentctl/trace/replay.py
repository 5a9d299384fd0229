"""Records in, History out: what happened, told again from the trace alone. Pure, but for steps not yet asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from functools import partial
from threading import RLock
from typing import Any

from agentctl.errors import Tampered
from agentctl.facts import dataclass, field, replace
from agentctl.model.breaker import Mishap
from agentctl.model.changeset import Purpose
from agentctl.model.plan import Step, step_from_wire
from agentctl.model.run import Act, History, Run, StepRun, StepStatus
from agentctl.model.told import Told
from agentctl.trace.bodies import fits
from agentctl.trace.mishaps import mishap_of_rollback, mishap_of_step
from agentctl.trace.record import Kind, NotARecord, Record
from agentctl.trace.runs import begun, ended
from agentctl.trace.steps import resolve, tell
from agentctl.trace.stretch import Stretch

_ACTS = {
    Kind.HALT, Kind.UNHALT, Kind.REJECT, Kind.EDIT, Kind.OVERRIDE, Kind.REVIEW, Kind.UNLOCK, Kind.GC, Kind.HOLD,
    Kind.RELEASE, Kind.KEY, Kind.REBUILD, Kind.INIT, Kind.CLOCK,
}

_ENDS = (Kind.RUN_STARTED, Kind.RUN_FINISHED)
_UNSETTLED = (StepStatus.STARTED, StepStatus.IN_DOUBT)


class NotTold(ValueError):
    """A record in its place whose body is not what its kind says, or speaks of what the trace does not tell of."""


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    """What tells of the steps of a run that nobody has asked for yet."""

    carried: Mapping[str, Mapping[str, str]]
    stretch: Stretch
    after: list[Record]

    @property
    def whole(self) -> str:
        """The digest of the closed file that is all there is to tell of; empty where records may follow it."""
        return "" if self.stretch.said.interim else self.stretch.said.digest

    def records(self) -> Iterator[Record]:
        """Yield what tells of steps. Raises NotARecord where the stretch cannot be read any more."""
        yield from (record for record in self.stretch.records() if record.kind not in _ENDS)
        yield from self.after


@dataclass
class Telling:
    """The story so far. ``hear`` takes the records in their order, each with the number of its trace file.

    ``defer`` takes many at once, whose steps wait until somebody asks for them. How a step stands can depend on the
    runs that its run resumes, or that resume it; so those are told together, in the order of the trace.

    ``known`` are the steps of runs by the digest of their closed file, where it alone tells them: what was told before
    is not read again.
    """

    known: dict[str, Mapping[str, StepRun]] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    steps: dict[str, dict[str, StepRun]] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)
    last: str = ""
    mishaps: list[Mishap] = field(default_factory=list)
    undone: set[str] = field(default_factory=set)
    actions: dict[str, Mapping[str, str]] = field(default_factory=dict)
    waiting: dict[str, _Waiting] = field(default_factory=dict)
    kin: dict[str, set[str]] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)      # steps may be asked for from several threads

    def hear(self, number: int, record: Record) -> None:
        """Take in one record. Raises NotTold for one that tells nothing; what was told before it stays."""
        with _telling(record):
            self._hear(number, record)

    def defer(self, number: int, stretch: Stretch) -> None:
        """Take in all of ``stretch`` but its steps. Raises NotTold, with nothing taken in, where it must be heard."""
        first, last = stretch.first, stretch.record
        wrong: list[Mishap] = []
        for record in stretch.marked:
            with _telling(record):
                if record.kind is Kind.STEP_RESOLVED:
                    raise ValueError("it may be an answer to another run's")
        with _telling(first):
            if first.run in self.runs:
                raise ValueError("two files have one run")
            planned = first.body["plan"]["steps"]
            run = begun(number, first, Told(partial(_planned, stretch.file.name, planned)))
            actions = {step["id"]: step["action"] for step in planned}
        for record in stretch.marked:
            with _telling(record):
                wrong += _mishaps(number, record, run, actions)
        with _telling(last):
            over = ended(run, last) if last.kind is Kind.RUN_FINISHED else run
        self._begin(run)
        self.runs[run.id], self.actions[run.id] = over, actions
        self.waiting[run.id] = _Waiting(carried=first.body["carried"], stretch=stretch, after=[])
        self.mishaps += wrong
        self.last = last.time

    def history(self) -> History:
        """Return what was told."""
        undone: dict[str, list[str]] = {}
        resumed: dict[str, list[str]] = {}
        for run in self.runs.values():
            undone.setdefault(run.undoes, []).append(run.id)
            resumed.setdefault(run.resumes, []).append(run.id)
        waiting: set[str] = set()
        for name in self.waiting:
            waiting |= set() if name in waiting else self._kin(name)
        self._hand_back(self.runs.keys() - waiting)
        runs = tuple(
            replace(
                run,
                steps=Told(partial(self._told, run.id)) if run.id in waiting else tuple(self.steps[run.id].values()),
                undone_by=tuple(undone.get(run.id, ())),
                resumed_by=tuple(resumed.get(run.id, ())),
            )
            for run in self.runs.values()
        )
        return History(runs=runs, acts=tuple(self.acts), last=self.last, mishaps=tuple(self.mishaps))

    def _hear(self, number: int, record: Record) -> None:
        body = record.body
        self.last = record.time
        if record.kind is Kind.RUN_STARTED:
            run = begun(number, record)
            for other in (run.id, run.resumes, *run.carried.values()):
                self._tell_kin(other)
            steps = self._begin_steps(run, body["carried"])
            self._begin(run)
            self.runs[run.id], self.steps[run.id] = run, steps
            self.actions[run.id] = {step.id: step.action for step in run.plan.steps}
        elif record.kind is Kind.RUN_FINISHED:
            self.runs[record.run] = ended(self.runs[record.run], record)
        elif record.kind is Kind.STEP_RESOLVED:
            self._tell_kin(body["of"])
            told = self.steps[body["of"]]
            told[body["step"]] = resolve(told[body["step"]], record)
        elif record.kind in _ACTS:
            self.acts.append(Act(id=record.run, number=number, kind=record.kind.value, at=record.time, body=body))
        else:
            self._hear_of_step(number, record)

    def _hear_of_step(self, number: int, record: Record) -> None:
        run, step = self.runs[record.run], record.body["step"]
        actions = self.actions[run.id]
        if (waiting := self.waiting.get(run.id)) is not None:
            # However the step stood before, the record tells of it or does not.
            tell(StepRun(id=step, action=actions[step], target=""), record)
            waiting.after.append(record)
        else:
            told = self.steps[run.id]
            told[step] = tell(told[step], record)
        self.mishaps += _mishaps(number, record, run, actions)

    def _begin(self, run: Run) -> None:
        """That a run had to be undone is one mishap, into however many rollbacks that is cut."""
        for other in filter(None, (run.resumes, *run.carried.values())):
            self.kin.setdefault(other, set()).add(run.id)
            self.kin.setdefault(run.id, set()).add(other)
        undone = self.runs.get(run.undoes)
        if undone is not None and undone.purpose is Purpose.APPLY and undone.id not in self.undone:
            self.undone.add(undone.id)
            self.mishaps.append(mishap_of_rollback(run))

    def _begin_steps(self, run: Run, carried: Mapping[str, Mapping[str, str]]) -> dict[str, StepRun]:
        return {
            step.id: self._carried(carried.get(step.id), step.id)
            or self._unsettled(run.resumes, step.id)
            or StepRun(id=step.id, action=step.action, target=step.target)
            for step in run.plan.steps
        }

    def _carried(self, carried: Mapping[str, str] | None, step: str) -> StepRun | None:
        return self.steps.get(carried["run"], {}).get(step) if carried else None

    def _unsettled(self, resumes: str, step: str) -> StepRun | None:
        """A step that the resumed run began and that may have happened is in doubt until this run tells."""
        begun = self.steps.get(resumes, {}).get(step)
        if begun and begun.resolved == "skip":
            return begun
        return replace(begun, status=StepStatus.IN_DOUBT) if begun and begun.status in _UNSETTLED else None

    def _told(self, run: str) -> tuple[StepRun, ...]:
        """Return the steps of ``run``. Raises Tampered where its records do not tell them, though they are signed."""
        with self.lock:
            self._tell_kin(run)
            self._hand_back(self._kin(run))
            return tuple(self.steps[run].values())

    def _tell_kin(self, run: str) -> None:
        """Tell what waits of ``run`` and all that it has to do with: from here on nothing is to change before that."""
        kin = self._kin(run) if self.waiting else set()
        for name in [name for name in self.waiting if name in kin]:
            waiting = self.waiting[name]
            alone = waiting.whole if kin == {name} else ""
            known = self.known.get(alone)
            self.steps[name] = self._tell(self.runs[name], waiting) if known is None else dict(known)
            if alone and known is None:
                self.known[alone] = dict(self.steps[name])
            del self.waiting[name]

    def _tell(self, run: Run, waiting: _Waiting) -> dict[str, StepRun]:
        steps = self._begin_steps(run, waiting.carried)
        try:
            for record in waiting.records():
                with _telling(record):
                    steps[record.body["step"]] = tell(steps[record.body["step"]], record)
        except (NotTold, NotARecord) as error:
            raise _damaged(waiting.stretch.file.name, error) from error
        return steps

    def _kin(self, run: str) -> set[str]:
        """Return ``run`` and every run it has to do with, directly or through others."""
        found, new = {run}, [run]
        while new:
            others = self.kin.get(new.pop(), set()) - found
            found |= others
            new += others
        return found

    def _hand_back(self, runs: Set[str]) -> None:
        """What a resumption found out of a step that was in doubt is true of the run that began it, too."""
        for run in reversed(self.runs.values()):
            old = self.steps.get(run.resumes, {}) if run.id in runs else {}
            for step in self.steps[run.id].values() if old else ():
                if step.id in old and old[step.id].status in _UNSETTLED and step.status.done:
                    old[step.id] = replace(step, resolved=f"sent again by run {run.id}")


@contextmanager
def _telling(record: Record) -> Iterator[None]:
    try:
        if not fits(record):
            raise ValueError(record.kind.value)
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotTold(f"its body is not that of a `{record.kind.value}` here") from error


def _mishaps(number: int, record: Record, run: Run, actions: Mapping[str, str]) -> list[Mishap]:
    """Return what ``record`` tells of one going wrong, if it does."""
    action = actions[record.body["step"]]
    # What goes wrong while somebody puts things back is not the agent's doing.
    bad = mishap_of_step(record, number, run.plan.agent, action) if run.purpose is Purpose.APPLY else None
    return [] if bad is None else [bad]


def _planned(file: str, wire: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Return the steps of a run's plan. Raises Tampered where the plan, though it is signed, is none."""
    try:
        return tuple(map(step_from_wire, wire))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(file, NotTold("its plan is none")) from error


def _damaged(file: str, error: Exception) -> Tampered:
    return Tampered(
        "The trace is damaged",
        f"{file}: {error}.",
        hint="See what is whole and what is not:",
        command="agentctl verify",
    )
