"""Records in, History out: what happened, told again from the trace alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agentctl.model.authorship import CLAIMED, authorship_from_wire
from agentctl.model.breaker import Mishap, breaker_from_wire
from agentctl.model.change import change_from_wire, inverse_from_wire
from agentctl.model.changeset import Purpose, SystemIdentity
from agentctl.model.clock import clocks_from_wire
from agentctl.model.decision import consent_from_wire
from agentctl.model.limit import reserved_from_wire
from agentctl.model.plan import plan_from_wire
from agentctl.model.run import Act, History, Left, LeftStatus, Observed, Run, RunStatus, StepRun, StepStatus
from agentctl.model.snapshot import Address
from agentctl.model.values import fields_from_wire
from agentctl.trace.bodies import fits
from agentctl.trace.mishaps import mishap_of_rollback, mishap_of_step
from agentctl.trace.record import Kind, Record

_ACTS = {
    Kind.HALT, Kind.UNHALT, Kind.REJECT, Kind.EDIT, Kind.OVERRIDE, Kind.REVIEW, Kind.UNLOCK, Kind.GC, Kind.HOLD,
    Kind.RELEASE, Kind.KEY, Kind.REBUILD, Kind.INIT, Kind.CLOCK,
}

_UNSETTLED = (StepStatus.STARTED, StepStatus.IN_DOUBT)


class NotTold(ValueError):
    """A record in its place whose body is not what its kind says, or speaks of what the trace does not tell of."""


@dataclass(slots=True)
class Telling:
    """The story so far. ``hear`` takes the records in their order, each with the number of its trace file."""

    runs: dict[str, Run] = field(default_factory=dict)
    steps: dict[str, dict[str, StepRun]] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)
    last: str = ""
    mishaps: list[Mishap] = field(default_factory=list)
    undone: set[str] = field(default_factory=set)

    def hear(self, number: int, record: Record) -> None:
        """Take in one record. Raises NotTold for one that tells nothing; what was told before it stays."""
        try:
            if not fits(record):
                raise ValueError(record.kind.value)
            self._hear(number, record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise NotTold(f"its body is not that of a `{record.kind.value}` here") from error

    def _hear(self, number: int, record: Record) -> None:
        body = record.body
        self.last = record.time
        if record.kind is Kind.RUN_STARTED:
            self._start(number, record)
        elif record.kind is Kind.RUN_FINISHED:
            run = self.runs[record.run]
            self.runs[record.run] = replace(
                run, status=RunStatus(body["status"]), finished_at=record.time, reason=body["reason"]
            )
        elif record.kind is Kind.STEP_RESOLVED:
            self._resolve(record)
        elif record.kind in _ACTS:
            self.acts.append(Act(id=record.run, number=number, kind=record.kind.value, at=record.time, body=body))
        else:
            told = self.steps[record.run]
            told[body["step"]] = step = _tell(told[body["step"]], record)
            run = self.runs[record.run]
            # What goes wrong while somebody puts things back is not the agent's doing.
            if run.purpose is Purpose.APPLY and (bad := mishap_of_step(record, number, run.plan.agent, step.action)):
                self.mishaps.append(bad)

    def history(self) -> History:
        """Return what was told."""
        self._hand_back()
        undone: dict[str, list[str]] = {}
        resumed: dict[str, list[str]] = {}
        for run in self.runs.values():
            undone.setdefault(run.undoes, []).append(run.id)
            resumed.setdefault(run.resumes, []).append(run.id)
        runs = tuple(
            replace(
                run,
                steps=tuple(self.steps[run.id].values()),
                undone_by=tuple(undone.get(run.id, ())),
                resumed_by=tuple(resumed.get(run.id, ())),
            )
            for run in self.runs.values()
        )
        return History(runs=runs, acts=tuple(self.acts), last=self.last, mishaps=tuple(self.mishaps))

    def _start(self, number: int, record: Record) -> None:
        body = record.body
        plan = plan_from_wire(body["plan"])
        carried: Mapping[str, Mapping[str, str]] = body["carried"]
        self.steps[record.run] = {
            step.id: self._carried(carried.get(step.id), step.id)
            or self._begun(body["resumes"], step.id)
            or StepRun(id=step.id, action=step.action, target=step.target)
            for step in plan.steps
        }
        self.runs[record.run] = Run(
            id=record.run,
            number=number,
            purpose=Purpose(body["purpose"]),
            status=RunStatus.OPEN,
            digest=body["digest"],
            effects=body["effects"],
            plan=plan,
            tenant=body["tenant"],
            environment=body["environment"],
            policy=body["policy"],
            systems={name: SystemIdentity(**system) for name, system in body["systems"].items()},
            who=body["who"],
            consent=consent_from_wire(body["consent"]),
            steps=(),
            started_at=record.time,
            undoes=body["undoes"],
            resumes=body["resumes"],
            left={
                step: Left(status=LeftStatus(item["status"]), reason=item["reason"])
                for step, item in body["left"].items()
            },
            carried={step: item["run"] for step, item in carried.items()},
            reserved=tuple(map(reserved_from_wire, body["limits"])),
            repeat=body["repeat"],
            author=authorship_from_wire(body["author"]) if "author" in body else CLAIMED,
            breakers=tuple(map(breaker_from_wire, body.get("breakers", ()))),
            clock=clocks_from_wire(body["clock"]) if "clock" in body else None,    # traces from before it was told
        )
        self._undoing(self.runs[record.run])

    def _undoing(self, run: Run) -> None:
        """That a run had to be undone is one mishap, into however many rollbacks that is cut."""
        undone = self.runs.get(run.undoes)
        if undone is not None and undone.purpose is Purpose.APPLY and undone.id not in self.undone:
            self.undone.add(undone.id)
            self.mishaps.append(mishap_of_rollback(run))

    def _carried(self, carried: Mapping[str, str] | None, step: str) -> StepRun | None:
        return self.steps.get(carried["run"], {}).get(step) if carried else None

    def _begun(self, resumes: str, step: str) -> StepRun | None:
        """A step that the resumed run began and that may have happened is in doubt until this run tells."""
        begun = self.steps.get(resumes, {}).get(step)
        if begun and begun.resolved == "skip":
            return begun
        return replace(begun, status=StepStatus.IN_DOUBT) if begun and begun.status in _UNSETTLED else None

    def _hand_back(self) -> None:
        """What a resumption found out of a step that was in doubt is true of the run that began it, too."""
        for run in reversed(self.runs.values()):
            old = self.steps.get(run.resumes, {})
            for step in self.steps[run.id].values():
                if step.id in old and old[step.id].status in _UNSETTLED and step.status.done:
                    old[step.id] = replace(step, resolved=f"sent again by run {run.id}")

    def _resolve(self, record: Record) -> None:
        """An answer to what was in doubt changes how the step stands in the run it belongs to."""
        body = record.body
        told = self.steps[body["of"]]
        step = told[body["step"]]
        if "receipt" in body:       # what the system had named was found by our mark
            step = _received(step, body)
        told[body["step"]] = replace(
            step,
            status=StepStatus(body["status"]),
            resolved=body["answer"],
            reason=body["reason"],
            observed=_observed(body["observed"]) or step.observed,
            finished_at=record.time,
        )


def _tell(step: StepRun, record: Record) -> StepRun:
    body = record.body
    match record.kind:
        case Kind.DECISION:
            return replace(step, decision=body)
        case Kind.ESCALATION:
            needs = "; ".join(need["what"] for need in body["needs"])
            return replace(step, status=StepStatus.HELD, change=change_from_wire(body["change"]), reason=needs)
        case Kind.CREDENTIAL_MINTED:
            return replace(step, credential=body)
        case Kind.STEP_STARTED:
            change = change_from_wire(body["change"])
            return replace(
                step,
                status=StepStatus.STARTED,
                change=change,
                inverse=change.inverse,
                key=body["key"],
                tokens=body["tokens"],
                started_at=record.time,
                first_sent=step.first_sent if step.key == body["key"] and step.first_sent else record.time,
            )
        case Kind.STEP_FINISHED:
            return _finish(step, record)
        case Kind.STEP_FAILED:
            return replace(step, status=StepStatus(body["status"]), reason=body["reason"], finished_at=record.time)
        case Kind.STEP_IN_DOUBT:
            return replace(step, status=StepStatus.IN_DOUBT, reason=body["reason"], finished_at=record.time)
        case Kind.STEP_SKIPPED:
            return replace(step, status=StepStatus.SKIPPED, reason=body["reason"], finished_at=record.time)
    raise AssertionError(f"{record.kind} is not about a step")


def _finish(step: StepRun, record: Record) -> StepRun:
    body = record.body
    step = replace(step, status=StepStatus(body["status"]), reason=body["reason"], finished_at=record.time)
    if "receipt" not in body:       # it was already so
        return step
    return replace(_received(step, body), observed=_observed(body["observed"]))


def _received(step: StepRun, body: Mapping[str, Any]) -> StepRun:
    receipt = body["receipt"]
    return replace(
        step,
        inverse=inverse_from_wire(body["inverse"]),
        ids=fields_from_wire(receipt["ids"]),
        links=tuple(receipt["links"]),
        addresses={Address(new): Address(real) for new, real in receipt["addresses"].items()},
    )


def _observed(wire: list[Mapping[str, Any]]) -> tuple[Observed, ...]:
    return tuple(
        Observed(
            address=Address(item["address"]),
            value=None if item["value"] is None else fields_from_wire(item["value"]),
        )
        for item in wire
    )
