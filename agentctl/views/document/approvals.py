"""The kept approvals as a document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agentctl.model.approval import Approval


def approvals(listed: Iterable[tuple[Approval, str, str]]) -> dict[str, Any]:
    """Return the document of approvals, each given with the run that used it and why it does not count, or nothing."""
    return {
        "version": 1,
        "kind": "ApprovalsDocument",
        "approvals": [
            {"id": approval.statement.id, **_said(approval), "used_by": run, "objection": why}
            for approval, run, why in listed
        ],
    }


def _said(approval: Approval) -> dict[str, Any]:
    wire = approval.statement.to_wire()
    return {name: value for name, value in wire.items() if name not in ("version", "kind")}
