"""Which steps of a run earlier rollbacks have undone, and not been rolled back themselves."""

from __future__ import annotations

from agentctl.engine.keys import undone_step
from agentctl.model.changeset import Purpose
from agentctl.model.run import History, Run, StepStatus

_HAPPENED = {StepStatus.CONFIRMED, StepStatus.ACCEPTED}


def undone(history: History, run: Run) -> dict[str, str]:
    """Return the undone steps of ``run``, each with the rollback that undid it.

    A step that a resumption carried on is the same step: undone in one of the runs is undone in all.
    """
    same = {run.id, *run.carried.values(), *(other.id for other in history.runs if run.id in other.carried.values())}
    found = {}
    for rollback in history.runs:
        if rollback.purpose is not Purpose.ROLLBACK or rollback.undoes not in same:
            continue
        brought_back = undone(history, rollback)
        for step in rollback.steps:
            if step.status in _HAPPENED and step.id not in brought_back:
                found[undone_step(step.id)] = rollback.id
            elif step.id in brought_back:
                found.pop(undone_step(step.id), None)
    return found
