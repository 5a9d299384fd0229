"""Which steps may have been done by an earlier run: done under a new consent they could be done twice. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agentctl.engine.ports import Systems
from agentctl.model.action import Settlement
from agentctl.model.change import Change, Effect
from agentctl.model.changeset import ChangeSet, Purpose
from agentctl.model.decision import Refuse, Ruling
from agentctl.model.doubt import InDoubt
from agentctl.model.edit import original
from agentctl.model.run import History, Run, RunStatus, StepRun

_ONCE = {Effect.CREATE, Effect.SIDE_EFFECT}
_UNPROVEN = {Settlement.ASK, Settlement.FIND}


def doubts(changeset: ChangeSet, history: History, systems: Systems, resumes: str = "") -> dict[str, InDoubt]:
    """Return, by step, what may have been done already by a run that ``changeset`` does not resume.

    That is a create or a side effect whose step is the same of the same plan, or is given the same for the same target.
    What the system itself keeps from happening twice, or shows once it has happened, is in no doubt here.
    """
    if changeset.purpose is Purpose.ROLLBACK:
        return {}
    open_ = list(_left_open(history, resumes))
    if not open_:
        return {}
    plan = original(changeset.plan).digest
    found: dict[str, InDoubt] = {}
    for change in changeset.changes:
        for run, step, before in open_:
            same_step = (run.repeat, original(run.plan).digest, step.id) == (changeset.repeat, plan, change.step)
            same = same_step or _deed(before) == _deed(change)
            if same and may_double(change, systems, same_key=same_step):
                found[change.step] = InDoubt(run=run.id, step=step.id)
    return found


def may_double(change: Change, systems: Systems, *, same_key: bool = False) -> bool:
    """Whether ``change``, done once more, could be there twice: nothing in the system prevents it."""
    settlement = systems.spec(change.action).settlement
    return change.effect in _ONCE and (
        settlement in _UNPROVEN or (settlement is Settlement.KEYED and not same_key)
    )


def doubted(rulings: Mapping[str, Ruling], found: Mapping[str, InDoubt]) -> dict[str, Ruling]:
    """Return ``rulings`` with what may have been done already refused, where nothing else refuses it."""
    return {
        step: Refuse(ruling.decision, found[step].why, doubt=found[step])
        if step in found and not isinstance(ruling, Refuse)
        else ruling
        for step, ruling in rulings.items()
    }


def _left_open(history: History, resumes: str) -> Iterator[tuple[Run, StepRun, Change]]:
    for run in history.runs:
        if run.status is RunStatus.COMPLETE or run.resumed_by or run.id == resumes:
            continue        # and its steps need not be told
        if run.purpose is Purpose.APPLY:
            for step in run.unsettled:
                if step.change is not None:
                    yield run, step, step.change


def _deed(change: Change) -> tuple[object, ...]:
    """Return what is done to what; what is hidden is the same where its commitment is."""
    return change.action, change.target, dict(change.arguments)
