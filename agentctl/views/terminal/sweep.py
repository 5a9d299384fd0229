"""Draws what a gc would drop: run by run, with what can never be undone again, and what stays in spite of its age."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.counted import counted
from agentctl.views.look import Look
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.terminal.next import draw_next
from agentctl.views.terminal.risks import listed
from agentctl.views.terminal.times import when

_RUNS_SHOWN = 40
_STEPS_SHOWN = 10
_INTENT = 200


def draw_sweep(document: Mapping[str, Any], look: Look) -> str:
    """Return the drawing of a SweepDocument."""
    page, summary = Page(look), document["summary"]
    kept = document["retention"]
    page.line(
        Inked("Retention", Ink.STRONG),
        f"  packs {kept['packs'] or 'for ever'}, changesets {kept['changesets'] or 'for ever'}  ({kept['from']})",
    )
    if not summary["files"]:
        page.line("Nothing is old enough to be dropped.")
    costly = sorted(document["runs"], key=lambda run: (-len(run["undo"]), not run["resume"]))
    for run in costly[:_RUNS_SHOWN]:
        page.blank()
        _draw_run(page, run)
    if len(costly) > _RUNS_SHOWN:
        page.blank()
        page.line(f"… {len(costly) - _RUNS_SHOWN:,} more runs that lose less (--format json lists each)", indent=2)
    _draw_kept(page, document)
    if summary["files"]:
        _draw_end(page, summary)
        draw_next(page, document["next"])
    return page.text()


def _draw_run(page: Page, run: Mapping[str, Any]) -> None:
    intent = run["intent"] if len(run["intent"]) <= _INTENT else run["intent"][:_INTENT] + "…"
    head = f"  {run['purpose']}, {run['status']}  {when(run['started_at'])}"
    page.line(Inked(safe.line(run["run"]), Ink.STRONG), head, indent=2, hang=6)
    page.line(Inked("│ ", Ink.FAINT), f"{safe.line(run['agent'])}: {safe.line(intent)}", indent=6, cut=True)
    if run["bytes"]:
        page.line(f"its hidden values are shown no more ({run['bytes']:,} bytes)", indent=6)
    if run["undo"]:
        title = f"! {len(run['undo']):,} of {counted(run['steps'], 'step')} can be undone no more  "
        page.line(Inked(title, Ink.RISK), listed(run["undo"], _STEPS_SHOWN), indent=6)
    if run["resume"]:
        page.line(Inked("! it can be gone on with no more", Ink.RISK), indent=6)


def _draw_kept(page: Page, document: Mapping[str, Any]) -> None:
    if document["kept"]:
        page.blank()
        page.line(Inked("Kept in spite of their age", Ink.STRONG))
    for one in document["kept"][:_RUNS_SHOWN]:
        page.line(Inked(safe.line(one["run"]), Ink.STRONG), f"  {safe.line(one['why'])}", indent=2, hang=6)
    if len(document["kept"]) > _RUNS_SHOWN:
        page.line(f"… {len(document['kept']) - _RUNS_SHOWN:,} more", indent=2)


def _draw_end(page: Page, summary: Mapping[str, Any]) -> None:
    page.blank()
    parts = [
        f"{counted(summary[sort]['count'], one)} ({summary[sort]['bytes']:,} bytes)"
        for sort, one in (("packs", "pack of a run"), ("changesets", "changeset"), ("approvals", "expired approval"))
        if summary[sort]["count"]
    ]
    parts = [part.replace("pack of a runs", "packs of runs") for part in parts]
    page.line(Inked(f"To be dropped: {', '.join(parts)}.", Ink.STRONG))
    if summary["steps"]:
        title = counted(summary["steps"], "step that can be undone today", "steps that can be undone today")
        page.line(Inked(f"{title} can never be undone again.", Ink.RISK))
    else:
        page.line("Whatever can be undone today can be undone afterwards, too.")
    page.line("The trace stays as it is, and tells what was dropped.")
