"""What of a trace went wrong, as circuit breakers count it. What a breaker makes of it is the engine's part."""

from __future__ import annotations

from agentctl.model.breaker import Mishap, Trouble
from agentctl.model.run import Run
from agentctl.trace.record import Kind, Record

_TROUBLES = {
    (Kind.STEP_FAILED, "failed"): Trouble.FAILURES,
    (Kind.STEP_FAILED, "refused"): Trouble.REFUSALS,
    (Kind.STEP_FINISHED, "deviated"): Trouble.DEVIATIONS,
    (Kind.STEP_IN_DOUBT, ""): Trouble.DOUBTS,
}


def mishap_of_step(record: Record, number: int, agent: str, action: str) -> Mishap | None:
    """Return the mishap that ``record`` tells of a step with ``action``, or None. ``number`` is its trace file's."""
    trouble = _TROUBLES.get((record.kind, record.body.get("status", "")))
    if trouble is None:
        return None
    return Mishap(
        kind=trouble,
        agent=agent,
        connectors=(action.partition(".")[0],),
        run=record.run,
        step=record.body["step"],
        number=number,
        at=record.time,
    )


def mishap_of_rollback(rollback: Run) -> Mishap:
    """Return the mishap it is that somebody had to begin ``rollback``."""
    return Mishap(
        kind=Trouble.ROLLBACKS,
        agent=rollback.plan.agent,
        connectors=tuple(dict.fromkeys(step.instance for step in rollback.plan.steps)),
        run=rollback.id,
        step="",
        number=rollback.number,
        at=rollback.started_at,
    )
