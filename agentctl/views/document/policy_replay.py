"""How two policies answer the same recorded changes, as the document of ``policy replay``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from agentctl.model.policy_report import Replayed, Shift


def policy_replay(replayed: Sequence[Replayed], base: str, new: str, *, widening_wanted: bool) -> dict[str, Any]:
    """Return the figures, and every change that the two policies don't answer alike."""
    counts = Counter(item.shift for item in replayed)
    return {
        "version": 1,
        "kind": "PolicyReplayDocument",
        "base": base,
        "new": new,
        "widens": any(item.shift.widens for item in replayed),
        "widening_wanted": widening_wanted,
        "changes": len(replayed),
        "counts": {shift.value: counts[shift] for shift in Shift},
        "shifts": [
            {
                "shift": item.shift.value, "run": item.run, "step": item.step, "action": item.action,
                "target": item.target, "old": item.old, "new": item.new, "rule": item.rule,
                "place": str(item.place) if item.place else "", "why": item.why,
                "new_place": str(item.new_place) if item.new_place else "",
            }
            for shift in Shift if shift is not Shift.SAME
            for item in replayed if item.shift is shift
        ],
    }
