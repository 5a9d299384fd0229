"""Draws the reviews that are owed: who broke the glass and why, by when somebody else looks into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentctl.views import safe
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.terminal.times import when


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
