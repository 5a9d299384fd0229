"""What the agent says: intent, reasons, quotes. Claims, kept in one place and apart from every fact."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from agentctl.model.plan import Plan


def claims(plan: Plan) -> dict[str, Any]:
    """Return the document of what an agent claims."""
    citing: dict[str, list[str]] = defaultdict(list)
    for step in plan.steps:
        for cited in dict.fromkeys(step.evidence):
            citing[cited].append(step.id)
    return {
        "agent": plan.agent,
        "requested_by": plan.requested_by,
        "intent": plan.intent,
        "because": [{"step": step.id, "text": step.because} for step in plan.steps if step.because],
        "evidence": [
            {
                "id": item.id,
                "uri": item.uri,
                "quote": item.quote,
                "sha256": item.sha256,
                "steps": citing[item.id],
            }
            for item in plan.evidence
        ],
    }
