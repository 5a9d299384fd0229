"""Draws the steps a rollback leaves alone, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentctl.views import safe
from agentctl.views.page import Ink, Inked, Page


def draw_left(page: Page, left: Sequence[Mapping[str, Any]]) -> None:
    if not left:
        return
    page.blank()
    page.line(Inked("Left alone by this rollback", Ink.STRONG))
    for item in left:
        ink = Ink.FAINT if item["status"] == "not-needed" else Ink.RISK
        status, name = Inked(f"{item['status']:<12}  ", ink), Inked(safe.line(item["step"]), Ink.STRONG)
        page.line(status, name, f"  {safe.line(item['reason'])}", indent=2, hang=16)
