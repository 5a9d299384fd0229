"""Idempotency keys: by them the same plan applied twice finds its creates and side effects already done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from agentctl.engine.ports import Commitments
from agentctl.engine.protect import reveal_fields
from agentctl.engine.resolve import Brought, Done
from agentctl.model.change import Effect, Purpose
from agentctl.model.plan import Plan
from agentctl.model.run import History, Run, StepRun, StepStatus

UsedUp: TypeAlias = Callable[[str], Done | None]
_ONCE = {Effect.CREATE, Effect.SIDE_EFFECT}
_HAPPENED = {StepStatus.CONFIRMED, StepStatus.ACCEPTED}


def keys(plan: Plan, lineage: str, repeat: int, commitments: Commitments) -> Callable[[str], str]:
    """Return the function from a step's id to its key. ``repeat`` is N of ``--again``: another N, another key."""
    digest = plan.digest
    return lambda step: commitments.idempotency_key(lineage, digest, step, repeat)


def used_up(history: History, values: Callable[[Run], Mapping[str, Any]]) -> UsedUp:
    """Return the function from a key to the step that used it: made something or had a side effect, not undone.

    ``values`` gives the hidden values of a run.
    """
    taken = {
        step.key: (run, step)
        for run in history.runs
        for step in run.steps
        if step.key and step.status in _HAPPENED and step.change and step.change.effect in _ONCE
        and not _undone(run, step, history)
    }

    def find(key: str) -> Done | None:
        if key not in taken:
            return None
        run, step = taken[key]
        return done_by(run, step, values(run))

    return find


def done_by(run: Run, step: StepRun, values: Mapping[str, Any]) -> Done:
    """Return what ``step`` of an earlier ``run`` brought, hidden values put back."""
    after = reveal_fields(step.observed[0].value, values) if step.observed else None
    if after is None and step.change is not None and step.change.records:
        after = reveal_fields(step.change.records[0].after, values)
    return Done(
        run=run.id, status=step.status, brought=Brought(after=after, receipt=step.ids), made=dict(step.addresses)
    )


def _undone(run: Run, step: StepRun, history: History) -> bool:
    return any(
        other.purpose is Purpose.ROLLBACK
        and other.undoes == run.id
        and (undo := other.step(undo_id(step.id))) is not None
        and undo.status in _HAPPENED
        for other in history.runs
    )


def undo_id(step: str) -> str:
    """Return the id of the step that undoes ``step``."""
    return f"undo-{step}"


def undone_step(undo: str) -> str:
    """Return the id of the step that ``undo`` undoes."""
    return undo.removeprefix("undo-")
