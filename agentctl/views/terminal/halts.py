"""Draws what is halted, above everything else, and how each halt is lifted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentctl.views import safe
from agentctl.views.page import Ink, Inked, Page


def draw_halts(page: Page, halts: Sequence[Mapping[str, Any]]) -> None:
    """Draw each halt with who, when and why; nothing where there is none."""
    for halt in halts:
        page.line(Inked("! halted: ", Ink.RISK), safe.line(halt["why"]), hang=2)
        page.line(Inked(safe.line(halt["lift"]), Ink.COMMAND), indent=4, whole=True)
    if halts:
        page.blank()
