"""Draws the list of runs: open ones first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.counted import counted
from agentctl.views.look import Look
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.symbols import RUNS
from agentctl.views.terminal.debts import draw_debts
from agentctl.views.terminal.halts import draw_halts
from agentctl.views.terminal.retained import draw_holds
from agentctl.views.terminal.times import took, when

_SHOWN = 200


def draw_runs(document: Mapping[str, Any], look: Look) -> str:
    """Return the list of a RunsDocument."""
    page = Page(look)
    draw_halts(page, document["halts"])
    draw_debts(page, document["debts"])
    for place in document["damage"]:
        page.line(Inked("! the trace is damaged: runs may be missing  ", Ink.RISK), safe.line(place))
    if not document["runs"]:
        page.line(_none(document))
        return page.text()
    for run in document["runs"]:
        _draw(page, run)
    if document["open"]:
        page.line(Inked(f"{document['open']:,} open.", Ink.CAUTION))
    return page.text()


def _none(document: Mapping[str, Any]) -> str:
    if document["others"]:
        return f"None of {counted(document['others'], 'run')} is what was asked for."
    return "No run can be read." if document["damage"] else "No runs yet."


def _draw(page: Page, run: Mapping[str, Any]) -> None:
    status = run["status"] + (f", {run['in_doubt']} in doubt" if run["in_doubt"] else "")
    duration = took(run["milliseconds"])
    facts = f"{when(run['started_at'])}  {run['done']}/{run['steps']} steps{f'  {duration}' if duration else ''}"
    page.line(Inked(safe.line(run["id"]), Ink.STRONG), "  ", Inked(status, RUNS[run["status"]]), f"  {facts}", hang=4)
    intent = run["intent"] if len(run["intent"]) <= _SHOWN else run["intent"][:_SHOWN] + "…"
    if run["undoes"]:
        page.line(f"rollback of {safe.line(run['undoes'])}", indent=4)
    else:
        page.line(Inked("│ ", Ink.FAINT), f"{safe.line(run['agent'])}: {safe.line(intent)}", indent=4, cut=True)
    if run["resumed_by"]:
        page.line(f"went on in {safe.line(run['resumed_by'][-1])}", indent=4)
    if run["undone_by"]:
        page.line(f"rolled back, as far as {safe.line(run['undone_by'][-1])} says", indent=4)
    draw_holds(page, run["holds"])
