"""Runs with bodies such as real ones have; the steps of their plans are named s0, s1, s2…"""

from __future__ import annotations

from typing import Any

from agentctl.trace.record import Kind
from tests.trace.conftest import Ground

DIGEST = "sha256:" + "0" * 64


def started(steps: int = 2, **other: Any) -> dict[str, Any]:
    """Return the body of a ``run_started``; ``other`` stand in the place of what it would hold."""
    return {
        "purpose": "apply", "undoes": "", "resumes": "", "digest": DIGEST, "effects": DIGEST, "tenant": "acme",
        "environment": "test", "policy": DIGEST, "specs": {}, "who": {"user": "ann", "host": "ops", "pid": 1},
        "systems": {"crm": {"type": "memory", "version": "", "endpoint": "", "whoami": "", "tenant": ""}},
        "consent": {
            "kind": "yes", "digest": DIGEST, "person": "ann", "at": "2026-01-01T00:00:00Z", "groups": [], "approvals": [],
            "overrides": [],
        },
        "limits": [], "carried": {}, "left": {}, "repeat": 0,
        "plan": {
            "intent": "move customer 42 – now", "agent": "bot", "requested_by": "", "evidence": [], "on_failure": "stop",
            "tenant": "", "environment": "", "steps": [planned(f"s{number}") for number in range(steps)],
        },
        **other,
    }  # fmt: skip


def planned(step: str) -> dict[str, Any]:
    return {
        "id": step, "action": "crm.row.update", "target": f"customers/{step}", "with": {"tier": "annual"}, "because": "",
        "evidence": [], "needs": [],
    }  # fmt: skip


def step_started(step: str, *, key: str = "k", effect: str = "update") -> dict[str, Any]:
    change = {
        "step": step, "action": "crm.row.update", "target": f"customers/{step}", "effect": effect,
        "arguments": {"tier": "annual"}, "reads": [], "notes": [], "receipt": {}, "inverse": inverse(step),
        "records": [
            {"address": f"crm/customers/{step}", "before": {"tier": {"$decimal": "1.50"}}, "after": {"tier": "annual"}}
        ],
    }  # fmt: skip
    return {"step": step, "key": key, "fingerprint": DIGEST, "change": change, "tokens": {f"crm/customers/{step}": "1"}}


def inverse(step: str) -> dict[str, Any]:
    return {"kind": "exact", "step": planned(step), "stays": ""}


def step_finished(step: str, status: str = "confirmed") -> dict[str, Any]:
    return {
        "step": step, "status": status, "reason": "", "inverse": inverse(step),
        "observed": [{"address": f"crm/customers/{step}", "value": {"tier": "annual"}}],
        "receipt": {"ids": {"id": step}, "links": [], "addresses": {}},
    }  # fmt: skip


def run_finished(status: str = "complete") -> dict[str, Any]:
    return {"status": status, "counts": {}, "reason": ""}


def write(ground: Ground, run: str, steps: int, *, ends: bool = True, **body: Any) -> None:
    """Write a run as one is written; without an end it is one whose process died."""
    with ground.open("run", run) as journal:
        journal.append(Kind.RUN_STARTED, started(steps, **body), sync=True)
        for step in (f"s{number}" for number in range(steps)):
            journal.append(Kind.STEP_STARTED, step_started(step), sync=True)
            journal.append(Kind.STEP_FINISHED, step_finished(step), sync=False)
        if ends:
            journal.append(Kind.RUN_FINISHED, run_finished(), sync=True)
