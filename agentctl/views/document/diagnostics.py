"""Diagnostics as a document: what an agent needs to repair its own plan in one turn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from agentctl.model.diagnostic import Diagnostic, Severity


def diagnostics(found: Iterable[Diagnostic], files: Sequence[str] = ()) -> dict[str, Any]:
    """Return the document of ``validate`` over ``files``: valid where there is no error, warnings or not."""
    items = [diagnostic(item) for item in found]
    errors = sum(item["severity"] == Severity.ERROR.value for item in items)
    return {
        "version": 1,
        "kind": "DiagnosticsDocument",
        "valid": not errors,
        "files": list(files),
        "error_count": errors,
        "warning_count": len(items) - errors,
        "diagnostics": items,
    }


def diagnostic(item: Diagnostic) -> dict[str, Any]:
    span = item.span
    return {
        "severity": item.severity.value,
        "code": item.code,
        "summary": item.summary,
        "detail": item.detail,
        "hint": item.hint,
        "file": span.file if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "pointer": item.pointer,
        "source": item.source,
    }
