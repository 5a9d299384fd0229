"""A Run as the document the on-call's one screen is drawn from, as the trace told it and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from agentctl.model.action import ActionSpec
from agentctl.model.authorship import authorship_to_wire
from agentctl.model.change import Effect, RecordChange
from agentctl.model.changeset import Purpose, system_to_wire
from agentctl.model.debt import debts, review_of
from agentctl.model.decision import consent_to_wire
from agentctl.model.halt import Halt, concerning
from agentctl.model.plan import Step
from agentctl.model.run import History, LeftStatus, Run, RunStatus, StepRun, StepStatus
from agentctl.model.values import Fields
from agentctl.syntax.collector import paused
from agentctl.views import safe
from agentctl.views.document.changeset import short, untouched
from agentctl.views.document.claims import claims
from agentctl.views.document.debts import debts as owed
from agentctl.views.document.edits import edits
from agentctl.views.document.halts import halts as halted
from agentctl.views.document.halts import lifting
from agentctl.views.document.limits import reservations
from agentctl.views.document.records import arguments, changes, revealed
from agentctl.views.document.retained import retained, undone_no_more
from agentctl.views.document.times import milliseconds
from agentctl.views.document.trips import trips

_DOUBTFUL = {StepStatus.STARTED.value, StepStatus.IN_DOUBT.value}
_ACTED = {status.value for status in StepStatus if status.acted}
_CARRIED_OUT = {StepStatus.CONFIRMED.value, StepStatus.ACCEPTED.value, StepStatus.DEVIATED.value}
_MAY_HIDE = ("records", "sent", "ids")
_OF_A_CREDENTIAL = ("id", "provider", "scopes", "scopes_told", "beyond", "expires")


@paused()
def run(
    history: History,
    run: Run,
    specs: Mapping[str, ActionSpec] | None = None,
    values: Mapping[str, Any] | None = None,
    *,
    halts: Collection[Halt] = (),
    running: bool | None = None,
    only: str = "",
    now: datetime | None = None,
) -> dict[str, Any]:
    """Return the document of a run.

    ``values`` are the run's hidden values by commitment, shown unless ``specs`` (by action) call their field sensitive
    or do not know the action. ``halts`` are those in force now. ``running`` is whether a live process holds the lock
    for this run, None where nobody knows. ``only`` cuts the steps to one. ``now`` tells whether its review is overdue.
    """
    planned = {step.id: step for step in run.plan.steps}
    gone = undone_no_more(history, run)
    every = [
        _readable(_step(step, run, planned.get(step.id), _sensitive(step, specs), gone), step, specs, values or {})
        for step in run.steps
    ]
    return {
        "version": 1,
        "kind": "RunDocument",
        "id": run.id,
        "number": run.number,
        "purpose": run.purpose.value,
        "status": run.status.value,
        "running": running,
        "reason": run.reason,
        "trace_complete": run.complete,
        "digest": run.digest,
        "short": short(run.digest),
        "effects": run.effects,
        "policy": run.policy,
        "tenant": run.tenant,
        "environment": run.environment,
        "repeat": run.repeat,
        "on_failure": run.plan.on_failure.value,
        "systems": {name: system_to_wire(system) for name, system in run.systems.items()},
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "milliseconds": milliseconds(run.started_at, run.finished_at),
        "who": dict(run.who),
        "consent": consent_to_wire(run.consent),
        "undoes": run.undoes,
        "undone_by": list(run.undone_by),
        "resumes": run.resumes,
        "resumed_by": list(run.resumed_by),
        "halts": halted(halts),
        "trips": trips(history, run.id, halts),
        "review": _review(history, run, now),
        "retained": retained(history, run),
        "others_open": [other.id for other in history.open if other.id != run.id],
        "damage": list(history.damage),
        "author": authorship_to_wire(run.author),
        "edits": edits(run.plan, specs, values or {}),
        "claims": claims(run.plan),
        "left": untouched(run.left),
        "limits": reservations(run.reserved),
        "doubt": [step["id"] for step in every if _is_doubtful(step, running=running)],
        "irreversible": [step["id"] for step in every if _is_final(step)],
        "only": only,
        "steps": [step for step in every if only in ("", step["id"])],
        "hidden_values": sum(_hidden(step[part]) for step in every for part in _MAY_HIDE),
        "summary": _summary(every),
        "next": list(_next(history, run, every, halts, running=running)),
    }


def _review(history: History, run: Run, now: datetime | None) -> dict[str, Any] | None:
    """Return the review of a run under broken glass: who owes it or made it. None where none is needed."""
    if not run.consent.breaks_glass:
        return None
    made = review_of(history, run)
    return {
        "owed": next(iter(owed(filter(lambda debt: debt.run == run.id, debts(history)), now)), None),
        "made": made and {"person": made.person, "at": made.at, "reason": made.reason},
    }


def _sensitive(step: StepRun, specs: Mapping[str, ActionSpec] | None) -> frozenset[str]:
    spec = (specs or {}).get(step.action)
    return spec.sensitive if spec else frozenset()


def _readable(
    wire: dict[str, Any], step: StepRun, specs: Mapping[str, ActionSpec] | None, values: Mapping[str, Any]
) -> dict[str, Any]:
    if not values or step.action not in (specs or {}):
        return wire
    return {key: revealed(item, values) if key in _MAY_HIDE else item for key, item in wire.items()}


def _step(
    step: StepRun, run: Run, planned: Step | None, sensitive: frozenset[str], gone: Mapping[str, dict[str, str]]
) -> dict[str, Any]:
    change = step.change
    inverse = step.inverse
    given = change.arguments if change else planned.with_ if planned else {}
    system = run.systems.get(step.action.partition(".")[0])
    return {
        "id": step.id,
        "action": step.action,
        "target": step.target,
        "status": step.status.value,
        "effect": change.effect.value if change else "",
        "carried_from": run.carried.get(step.id, ""),
        "started_at": step.started_at,
        "finished_at": step.finished_at,
        "milliseconds": milliseconds(step.started_at, step.finished_at),
        "reason": step.reason,
        "resolved": step.resolved,
        "answered": {"by": step.answered_by, "at": step.answered_at} if step.answered_at else None,
        "decision": dict(step.decision),
        "records": list(_records(step, sensitive)),
        "reads": list(change.reads) if change else [],
        "sent": {"to": system.endpoint if system else "", "arguments": arguments(given, sensitive)},
        "notes": list(change.notes) if change else [],
        "ids": arguments(step.ids, sensitive),
        "links": list(step.links),
        "credential": {key: step.credential[key] for key in _OF_A_CREDENTIAL if key in step.credential},
        "inverse": None if inverse is None else {
            "kind": inverse.kind.value,
            "action": inverse.step.action if inverse.step else "",
            "target": inverse.step.target if inverse.step else "",
            "stays": inverse.stays,
            "dropped": gone.get(step.id),
        },
        "key": step.key,
        "evidence": list(planned.evidence) if planned else [],
    }


def _records(step: StepRun, sensitive: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Each record before → as read back; where nothing was read back, → as planned, and ``observed`` says so."""
    if step.change is None:
        return
    seen = {item.address: item.value for item in step.observed}
    for record in step.change.records:
        became = step.addresses.get(record.address, record.address)
        observed = became in seen
        after = seen[became] if observed else record.after
        yield {
            "address": record.address,
            "became": became,
            "effect": RecordChange(address=became, before=record.before, after=after).effect.value,
            "observed": observed,
            "changes": changes(record.before, after, sensitive),
            "deviations": _deviations(record.after, after, sensitive) if observed else [],
        }


def _deviations(planned: Fields | None, observed: Fields | None, sensitive: frozenset[str]) -> list[dict[str, Any]]:
    """What was read back otherwise than planned; what nobody could know beforehand does not deviate."""
    if planned is None and observed is None:
        return []
    found = changes(planned, observed, sensitive)
    if planned is None:
        return found
    return [item for item in found if "before" in item and not _is_unknown(item["before"])]


def _is_unknown(wire: Any) -> bool:
    return isinstance(wire, dict) and len(wire) == 1 and "$unknown" in wire


def _is_doubtful(step: Mapping[str, Any], *, running: bool | None) -> bool:
    """A step in flight in a live process is not in doubt yet."""
    if running and step["status"] == StepStatus.STARTED.value:
        return False
    return step["status"] in _DOUBTFUL


def _is_final(step: Mapping[str, Any]) -> bool:
    acted = step["status"] in _ACTED and step["effect"] not in (Effect.READ.value, Effect.NO_OP.value)
    return acted and (step["inverse"] is None or step["inverse"]["kind"] == "none")


def _hidden(wire: dict[str, Any] | list[Any]) -> int:
    if isinstance(wire, dict) and len(wire) == 1 and "$hidden" in wire:
        return 1
    items = wire.values() if isinstance(wire, dict) else wire
    return sum([_hidden(item) for item in items if item and isinstance(item, dict | list)])


def _summary(steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    done = [step for step in steps if step["status"] in _CARRIED_OUT and not step["carried_from"]]
    effects = [record["effect"] for step in done for record in step["records"] if step["effect"] != "read"]
    return {
        "steps": len(steps),
        "statuses": dict(Counter(step["status"] for step in steps)),
        "added": effects.count(Effect.CREATE.value),
        "changed": effects.count(Effect.UPDATE.value),
        "destroyed": effects.count(Effect.DELETE.value),
        "side_effects": sum(step["effect"] == Effect.SIDE_EFFECT.value for step in done),
    }


def _next(
    history: History,
    run: Run,
    steps: Sequence[Mapping[str, Any]],
    halts: Collection[Halt],
    *,
    running: bool | None,
) -> Iterator[dict[str, str]]:
    if not run.complete:
        yield _line("Part of this run's trace is damaged. To see where:", "agentctl verify")
    if run.status is RunStatus.OPEN and running is not False:
        yield _line("To stop it after the step in flight:", f"agentctl stop {run.id}")
    if run.status is RunStatus.OPEN and running:
        return
    if run.resumed_by:
        yield _line("It was gone on with in a later run:", f"agentctl show {run.resumed_by[-1]}")
        return
    if run.undone_by:
        yield _line("It was rolled back, whole or in part. To see how far:", f"agentctl show {run.undone_by[-1]}")
    for name in [step["id"] for step in steps if step["status"] == StepStatus.IN_DOUBT.value][:1]:
        command = f"agentctl resolve {run.id} {safe.shell_word(name) or 'STEP'}"
        yield _line("Look into the system. If it was done there:", f"{command} --happened --reason '…'")
        yield _line("If it was not, and can no longer be; going on will do it:", f"{command} --did-not --reason '…'")
        yield _line("To leave it be, and all that needs it:", f"{command} --skip --reason '…'")
    undone = any(other.status is RunStatus.COMPLETE for other in history.runs if other.id in run.undone_by)
    yield from _go_on(run, steps, halts, undone=undone)


def _go_on(
    run: Run, steps: Sequence[Mapping[str, Any]], halts: Collection[Halt], *, undone: bool
) -> Iterator[dict[str, str]]:
    unfinished = run.status is not RunStatus.COMPLETE
    acted = any(step["status"] in _ACTED and step["effect"] != "read" for step in steps)
    if run.purpose is Purpose.ROLLBACK:
        if any(left.status is LeftStatus.REFUSED for left in run.left.values()):
            yield _line("What somebody changed since is theirs and stays. To see it:", "agentctl drift")
        if not all(StepStatus(step["status"]).done for step in steps):
            yield _line("To go on undoing:", f"agentctl rollback {run.undoes}")
    elif unfinished:
        left = [step["action"] for step in steps if not StepStatus(step["status"]).done]
        binding = [halt.scope for halt in halts if any(concerning([halt], run.plan.agent, action) for action in left)]
        for scope in dict.fromkeys(binding):
            yield _line(f"Once what {scope} is halted for is settled:", lifting(scope))
        gone = "If its process is gone, settle and go on with:" if run.status is RunStatus.OPEN else "To go on:"
        yield _line(gone, f"agentctl apply --resume {run.id}")
    if acted and not undone and run.purpose is Purpose.APPLY:
        yield _line("To put everything back that can be put back:", f"agentctl rollback {run.id}")


def _line(why: str, command: str) -> dict[str, str]:
    return {"why": why, "command": command}
