"""Which steps of a run earlier rollbacks have undone, and not been rolled back themselves, or may have undone."""

from __future__ import annotations

from collections.abc import Iterator

from agentctl.engine.doubts import may_double
from agentctl.engine.keys import undone_step
from agentctl.engine.ports import Systems
from agentctl.model.changeset import Purpose
from agentctl.model.doubt import InDoubt
from agentctl.model.run import History, Run, RunStatus, StepStatus

_HAPPENED = {StepStatus.CONFIRMED, StepStatus.ACCEPTED}


def undone(history: History, run: Run) -> dict[str, str]:
    """Return the undone steps of ``run``, each with the rollback that undid it.

    A step that a resumption carried on is the same step: undone in one of the runs is undone in all.
    """
    found = {}
    for rollback in _rollbacks(history, run):
        brought_back = undone(history, rollback)
        for step in rollback.steps:
            if step.status in _HAPPENED and step.id not in brought_back:
                found[undone_step(step.id)] = rollback.id
            elif step.id in brought_back:
                found.pop(undone_step(step.id), None)
    return found


def perhaps_undone(history: History, run: Run, systems: Systems) -> dict[str, InDoubt]:
    """Return the steps of ``run`` that an earlier rollback may have undone, where undoing them again would do it twice.

    That is putting a record there, where the system does not keep the same from being there twice.
    """
    found = {}
    for rollback in _rollbacks(history, run):
        if rollback.status is RunStatus.COMPLETE or rollback.resumed_by:
            continue
        for step in rollback.unsettled:
            if step.change is not None and may_double(step.change, systems):
                found[undone_step(step.id)] = InDoubt(run=rollback.id, step=step.id)
    return found


def _rollbacks(history: History, run: Run) -> Iterator[Run]:
    same = {run.id, *run.carried.values(), *(other.id for other in history.runs if run.id in other.carried.values())}
    for rollback in history.runs:
        if rollback.purpose is Purpose.ROLLBACK and rollback.undoes in same:
            yield rollback
