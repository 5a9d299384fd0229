"""Policy's answer as a document: which rule, where it stands, what came of it and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from agentctl.model.decision import Decision, Hold, Permit, Refuse, Ruling, decision_to_wire
from agentctl.model.rejection import rejected_to_wire
from agentctl.views.document.halts import halted

_NOBODY: Mapping[str, Any] = {"halt": None, "rejection": None, "doubt": None}


def ruled(ruling: Ruling) -> dict[str, Any]:
    """Return the gate's outcome for one step, without the decision under it."""
    match ruling:
        case Permit():
            return {"ruling": "permit", "why": "", "needs": [], **_NOBODY}
        case Hold():
            needs = [{"what": need.what, "kind": need.kind.value, "command": need.command} for need in ruling.needs]
            return {"ruling": "hold", "why": "", "needs": needs, **_NOBODY}
        case Refuse():
            halt = halted(ruling.halt) if ruling.halt else None
            rejection = rejected_to_wire(ruling.rejection) if ruling.rejection else None
            doubt = {"run": ruling.doubt.run, "step": ruling.doubt.step} if ruling.doubt else None
            stopped = {"halt": halt, "rejection": rejection, "doubt": doubt}
            return {"ruling": "refuse", "why": ruling.why, "needs": [], **stopped}
    assert_never(ruling)


def decided(decision: Decision) -> dict[str, Any]:
    """Return a decision's own facts, in the form the trace records them."""
    reads = None if decision.reads is None else sorted(decision.reads)
    return {**decision_to_wire(decision), "reads": reads}
