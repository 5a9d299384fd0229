"""Draws the list of runs: open ones first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.look import Look
from agentctl.views.page import Ink, Inked, Page, Part
from agentctl.views.symbols import RUNS
from agentctl.views.terminal.times import took, when


def draw_runs(document: Mapping[str, Any], look: Look) -> str:
    """Return the list of a RunsDocument."""
    page = Page(look)
    if not document["runs"]:
        page.line("No runs yet.")
        return page.text()
    head = ("RUN", "STATUS", "STARTED", "TOOK", "STEPS", "WHAT (in the agent's words)")
    rows: list[tuple[Part, ...]] = [tuple(Inked(name, Ink.FAINT) for name in head)]
    rows += [_row(run) for run in document["runs"]]
    page.rows(rows)
    return page.text()


def _row(run: Mapping[str, Any]) -> tuple[Part, ...]:
    status = run["status"] + (f", {run['in_doubt']} in doubt" if run["in_doubt"] else "")
    if run["undone_by"]:
        status += ", undone"
    return (
        Inked(safe.line(run["id"]), Ink.STRONG),
        Inked(status, RUNS[run["status"]]),
        when(run["started_at"]).removesuffix(" UTC"),
        took(run["milliseconds"]) or "…",
        f"{run['done']}/{run['steps']}",
        _what(run),
    )


def _what(run: Mapping[str, Any]) -> str:
    if run["undoes"]:
        return f"undoes {safe.line(run['undoes'])}"
    intent = run["intent"] if len(run["intent"]) <= 80 else run["intent"][:79] + "…"
    return f"{safe.line(run['agent'])}: {safe.line(intent)}"
