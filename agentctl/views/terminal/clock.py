"""Draws what time is gone by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.look import Look
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.terminal.next import draw_next
from agentctl.views.terminal.times import when


def draw_clock(document: Mapping[str, Any], look: Look) -> str:
    """Return whether the clock of a ClockDocument is believed, and why not."""
    page = Page(look)
    believed = Inked("yes", Ink.GOOD) if document["believed"] else Inked("no", Ink.RISK)
    page.rows([
        (Inked("clock", Ink.FAINT), when(document["wall"])),
        (Inked("decided by", Ink.FAINT), when(document["time"])),
        (Inked("believed", Ink.FAINT), believed),
    ])
    if not document["believed"]:
        page.line(safe.line(document["why"]))
        draw_next(page, document["next"])
    return page.text()
