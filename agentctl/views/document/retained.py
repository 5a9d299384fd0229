"""What is kept of a run on purpose, and what was dropped of it, as a document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agentctl.model.legal_hold import LegalHold, standing
from agentctl.model.retention import dropped, lost
from agentctl.model.run import History, Run


def retained(history: History, run: Run) -> dict[str, Any]:
    """Return the legal holds on ``run``, what a gc dropped of it, and what can be done no more for that."""
    gone = dropped(history.acts)
    which = next((gone[name] for name in (run.id, *sorted(set(run.carried.values()))) if name in gone), None)
    loss = lost(history.acts, run.id)
    return {
        "holds": holds(hold for hold in standing(history.acts) if hold.run == run.id),
        "dropped": which and {"at": which.at, "by": which.by, "keep": which.keep},
        "undo": list(loss.steps),
        "resume": loss.resume,
    }


def undone_no_more(history: History, run: Run) -> dict[str, dict[str, str]]:
    """Return by which gc each step of ``run`` that could be undone until then can be so no more."""
    return {
        step: {"at": act.at, "by": act.body["by"], "keep": act.body["keep"]["packs"]}
        for act in reversed(history.acts) if act.kind == "gc"
        for loss in act.body["runs"] if loss["run"] == run.id
        for step in loss["steps"]
    }


def holds(found: Iterable[LegalHold]) -> list[dict[str, Any]]:
    """Return legal holds: each with its id, the run it is on, who gave it, when and why."""
    return [
        {"id": hold.id, "run": hold.run, "by": hold.by, "at": hold.at, "reason": hold.reason} for hold in found
    ]
