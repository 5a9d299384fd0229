"""Idempotency keys: by them the same plan applied twice finds its creates and side effects already done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agentctl.engine.ports import Commitments
from agentctl.engine.protect import reveal_fields
from agentctl.engine.resolve import Brought, Done
from agentctl.facts import dataclass, field
from agentctl.model.change import Effect
from agentctl.model.changeset import Purpose
from agentctl.model.edit import original
from agentctl.model.plan import Plan
from agentctl.model.run import History, Run, StepRun, StepStatus
from agentctl.model.values import Hidden

_ONCE = {Effect.CREATE, Effect.SIDE_EFFECT}
_HAPPENED = {StepStatus.CONFIRMED, StepStatus.ACCEPTED}


def _no_values(run: Run) -> Mapping[str, Any]:  # noqa: ARG001  # the port's signature
    return {}


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Which keys were used up by a create or a side effect, and which of those effects were undone since.

    ``values`` gives the hidden values of a run.
    """

    taken: Mapping[str, tuple[Run, StepRun]] = field(default_factory=dict)
    undone: frozenset[str] = frozenset()
    values: Callable[[Run], Mapping[str, Any]] = _no_values

    def done(self, key: str) -> Done | None:
        """Return what the step that used up ``key`` brought, or None where it is free."""
        if key not in self.taken:
            return None
        run, step = self.taken[key]
        return done_by(run, step, self.values(run))


def ledger(history: History, plan: Plan, values: Callable[[Run], Mapping[str, Any]]) -> Ledger:
    """Return the ledger of all that the trace tells of the keys of ``plan``.

    They are made of its digest: no run of another plan used any, and the steps of those are not asked for.
    """
    taken: dict[str, tuple[Run, StepRun]] = {}
    undone: set[str] = set()
    key_of: dict[tuple[str, str], str] = {}
    for run in _of(plan, history):
        for step in run.steps:
            undoes = key_of.get((run.undoes, undone_step(step.id)), "")
            key = key_of[run.id, step.id] = undoes if run.purpose is Purpose.ROLLBACK else step.key
            if not key or step.status not in _HAPPENED or step.id in run.carried:
                continue
            if run.purpose is Purpose.ROLLBACK:
                undone ^= {key}     # a rollback that is rolled back brings the effect back
            elif step.change is not None and step.change.effect in _ONCE:
                taken[key] = (run, step)
    return Ledger(
        taken={key: used for key, used in taken.items() if key not in undone},
        undone=frozenset(undone & taken.keys()),
        values=values,
    )


def _of(plan: Plan, history: History) -> Iterator[Run]:
    """Yield every run that may be of ``plan``, and the rollbacks of those, and of these.

    A recorded plan need not have the digest of the one it was: what may not stand in clear is hidden in it.
    """
    steps = _steps(plan) if history.runs else {}
    found: set[str] = set()
    for run in history.runs:
        same = (run.plan.intent, run.plan.agent) == (plan.intent, plan.agent)
        if run.undoes in found or (same and _may_be(steps, _steps(run.plan))):
            found.add(run.id)
            yield run


def _steps(plan: Plan) -> dict[str, tuple[str, str] | None]:
    """Return what does each step its agent wrote, and to what; None of those that people left out."""
    now = {step.id: (step.action, step.target) for step in plan.steps}
    return {name: now.get(name) for name in (plan.edited.order if plan.edited else now)}


def _may_be(one: dict[str, tuple[str, str] | None], other: dict[str, tuple[str, str] | None]) -> bool:
    """Whether both may be of one plan: people change arguments and leave steps out, and nothing else."""
    return one.keys() == other.keys() and all(
        step == other[name] or step is None or other[name] is None for name, step in one.items()
    )


def keys(plan: Plan, lineage: str, repeat: int, commitments: Commitments, ledger: Ledger) -> Callable[[str], str]:
    """Return the function from a step's id to its key. ``repeat`` is N of ``--again``: another N, another key.

    A key whose effect was undone is spent: a system that honours keys would answer with what is gone. The next is used.
    """
    # What a person made of a plan is that plan still: what it sent in one form is not sent again in another.
    agents = original(plan)

    def key(step: str) -> str:
        number = repeat
        while (found := commitments.idempotency_key(lineage, agents.digest, step, number)) in ledger.undone:
            number += 1
        return found

    return key


def done_by(run: Run, step: StepRun, values: Mapping[str, Any]) -> Done:
    """Return what ``step`` of an earlier ``run`` brought, hidden values put back, but for what holds a secret."""
    after = step.observed[0].value if step.observed else None
    if after is None and step.change is not None and step.change.records:
        after = step.change.records[0].after
    if after is not None:
        open_ = {name: value for name, value in after.items() if not (isinstance(value, Hidden) and value.concealed)}
        after = reveal_fields(open_, values)
    return Done(
        run=run.id, status=step.status, brought=Brought(after=after, receipt=step.ids), made=dict(step.addresses)
    )


def undo_id(step: str) -> str:
    """Return the id of the step that undoes ``step``."""
    return f"undo-{step}"


def undone_step(undo: str) -> str:
    """Return the id of the step that ``undo`` undoes."""
    return undo.removeprefix("undo-")
