"""Draws the reviews that are owed: who broke the glass and why, by when somebody else looks into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentctl.views import safe
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.terminal.times import when


def draw_broken_glass(page: Page, overrides: Sequence[Mapping[str, Any]]) -> None:
    """Draw who broke the glass for a changeset, until when and why; nothing where nobody did."""
    for override in overrides:
        if override["break_glass"]:
            who = f"{safe.line(override['person'])} until {when(override['until'])}: {safe.line(override['reason'])}"
            page.blank()
            page.line(Inked("! the glass is broken ", Ink.RISK), f"by {who}", indent=2, hang=4)
            page.line("It stands for missing signatures; whoever uses it is reviewed.", indent=6, hang=6)


def draw_debts(page: Page, debts: Sequence[Mapping[str, Any]]) -> None:
    """Draw each owed review, overdue ones as a risk; nothing where none is owed."""
    for debt in debts:
        ink, word = (Ink.RISK, "overdue since") if debt["overdue"] else (Ink.CAUTION, "due")
        people = " and ".join(map(safe.line, debt["people"]))
        page.line(
            Inked(f"! review {word} {when(debt['due'])}: ", ink),
            f"in run {safe.line(debt['run'])} {people} broke the glass: {safe.line(debt['reason'])}", hang=2,
        )
        page.line(Inked(safe.line(debt["command"]), Ink.COMMAND), indent=4, whole=True)
    if debts:
        page.blank()
