"""Draws what to do now, as every drawing ends: the reason, then the command alone on its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentctl.views import safe
from agentctl.views.page import Ink, Inked, Page


def draw_next(page: Page, following: Sequence[Mapping[str, str]]) -> None:
    """Draw each command whole: it is there to be copied."""
    for item in following:
        page.line(safe.line(item["why"]))
        page.line(Inked(safe.line(item["command"]), Ink.COMMAND), indent=4, whole=True)
