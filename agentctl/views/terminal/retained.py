"""Draws what is kept of a run on purpose, and what was dropped of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.counted import counted
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.terminal.risks import listed
from agentctl.views.terminal.times import when

_STEPS_SHOWN = 10


def retained_rows(retained: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the rows that a run's head has for it."""
    for hold in retained["holds"]:
        yield "legal hold", safe.line(f"{hold['id']} since {when(hold['at'])}, by {hold['by']}: {hold['reason']}")
    if said := dropped_in_words(retained):
        yield "dropped", f"its hidden values, {said}"


def dropped_in_words(retained: Mapping[str, Any]) -> str:
    """Return by which retention, when and by whom; empty where nothing was dropped."""
    gone = retained["dropped"]
    return by_which(gone) if gone else ""


def by_which(gone: Mapping[str, Any]) -> str:
    """Return by which retention something was dropped, when and by whom."""
    return safe.line(f"by retention ({gone['keep']}) on {when(gone['at'])}, by {gone['by']}")


def draw_lost(page: Page, retained: Mapping[str, Any]) -> None:
    """Draw what a gc has made impossible."""
    if steps := retained["undo"]:
        title = counted(len(steps), "step can be undone no more", "steps can be undone no more")
        page.line(Inked(f"! {title}: the values are dropped  ", Ink.RISK), listed(steps, _STEPS_SHOWN), indent=2)
    if retained["resume"]:
        page.line(Inked("! it can be gone on with no more: what it was to do was dropped", Ink.RISK), indent=2)


def draw_holds(page: Page, holds: Iterable[Mapping[str, Any]]) -> None:
    """Draw legal holds under the run they are on."""
    for hold in holds:
        said = safe.line(f"{hold['id']} since {when(hold['at'])}, by {hold['by']}: {hold['reason']}")
        page.line(Inked("legal hold ", Ink.CAUTION), said, indent=4, hang=6)
