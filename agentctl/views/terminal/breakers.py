"""Draws how far breakers are from halting what a plan is about to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentctl.views import safe
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.terminal.risks import where


def draw_breakers(page: Page, breakers: Sequence[Mapping[str, Any]]) -> None:
    """Draw each breaker with what counts now and how much more halts what; nothing where there is none."""
    if not breakers:
        return
    page.blank()
    page.line(Inked("Breakers", Ink.STRONG))
    for item in breakers:
        page.line(
            Inked(safe.line(item["breaker"]), Ink.STRONG), f"  {safe.line(item['rule'])} halt ",
            safe.line(item["halts"]), Inked(f" {where(item['place'])}", Ink.FAINT), indent=2, hang=4,
        )
        page.line(Inked(_far(item), Ink.RISK if item["tripped"] or item["left"] <= 0 else Ink.PLAIN), indent=4)


def _far(item: Mapping[str, Any]) -> str:
    if item["tripped"]:
        return "tripped: it is halted"
    if item["left"] <= 0:
        return f"{item['counted']:,} counted now, which is enough: the next one halts it"
    return f"{item['counted']:,} counted now, {item['left']:,} more halt{'s' if item['left'] == 1 else ''} it"
