"""A failed command as a document: what, why, what now, and the code it ends with."""

from __future__ import annotations

from typing import Any

from agentctl.errors import AgentctlError
from agentctl.views.document.diagnostics import diagnostic


def error(error: AgentctlError) -> dict[str, Any]:
    return {
        "version": 1,
        "kind": "ErrorDocument",
        "code": int(error.code),
        "summary": error.summary,
        "detail": error.detail,
        "hint": error.hint,
        "command": error.command,
        "diagnostics": [diagnostic(item) for item in error.diagnostics],
    }
