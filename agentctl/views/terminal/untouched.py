"""Draws a rollback that has nothing left to undo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.look import Look
from agentctl.views.page import Page
from agentctl.views.terminal.left import draw_left
from agentctl.views.terminal.next import draw_next


def draw_untouched(document: Mapping[str, Any], look: Look) -> str:
    """Return the drawing of an UntouchedDocument."""
    page = Page(look)
    page.line(f"Nothing of run {safe.line(document['run'])} is undone.")
    draw_left(page, document["left"])
    page.blank()
    draw_next(page, document["next"])
    return page.text()
