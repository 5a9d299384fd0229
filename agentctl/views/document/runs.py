"""Runs as a list: open ones first, then the latest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agentctl.model.halt import Halt
from agentctl.model.legal_hold import LegalHold
from agentctl.model.run import Run, RunStatus, StepStatus
from agentctl.views.document.halts import halts as halted
from agentctl.views.document.retained import holds
from agentctl.views.document.times import milliseconds


def runs(
    found: Sequence[Run],
    halts: Iterable[Halt] = (),
    debts: Sequence[Mapping[str, Any]] = (),
    damage: Iterable[str] = (),
    *,
    others: int = 0,
    held: Iterable[LegalHold] = (),
) -> dict[str, Any]:
    """Return the document of ``runs``, with the halts in force now, and the reviews that are owed.

    ``damage`` is where the trace cannot be read: runs may be missing then. ``others`` is how many were not asked for.
    ``held`` are the legal holds in force.
    """
    on_hold: dict[str, list[LegalHold]] = {}
    for hold in held:
        on_hold.setdefault(hold.run, []).append(hold)
    latest_first = sorted(found, key=lambda run: (run.status is not RunStatus.OPEN, -run.number))
    return {
        "version": 1,
        "kind": "RunsDocument",
        "halts": halted(halts),
        "debts": list(debts),
        "damage": list(damage),
        "others": others,
        "open": sum(run.status is RunStatus.OPEN for run in found),
        "runs": [_run(run, on_hold.get(run.id, [])) for run in latest_first],
    }


def _run(run: Run, held: list[LegalHold]) -> dict[str, Any]:
    tally = Counter(run.tally)
    return {
        "id": run.id,
        "number": run.number,
        "purpose": run.purpose.value,
        "status": run.status.value,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "milliseconds": milliseconds(run.started_at, run.finished_at),
        "who": dict(run.who),
        "agent": run.plan.agent,
        "intent": run.plan.intent,
        "steps": tally.total(),
        "done": sum(count for status, count in tally.items() if status.done),
        "in_doubt": tally[StepStatus.STARTED] + tally[StepStatus.IN_DOUBT],
        "undoes": run.undoes,
        "undone_by": list(run.undone_by),
        "resumes": run.resumes,
        "resumed_by": list(run.resumed_by),
        "reason": run.reason,
        "holds": holds(held),
    }
