"""A rollback with nothing left to undo, as a document: which steps it leaves alone, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.model.run import Left, LeftStatus
from agentctl.views.document.changeset import untouched as entries


def untouched(run: str, left: Mapping[str, Left]) -> dict[str, Any]:
    """Return the document of a rollback of ``run`` that undoes nothing."""
    refused = any(item.status is not LeftStatus.NOT_NEEDED for item in left.values())
    return {
        "version": 1,
        "kind": "UntouchedDocument",
        "run": run,
        "left": entries(left),
        "next": [{"why": "To see what somebody changed since:", "command": "agentctl drift"}] if refused else [],
    }
