"""Draws a rollback that has nothing left to undo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views.look import Look
from agentctl.views.page import Page
from agentctl.views.terminal.left import draw_left


def draw_untouched(document: Mapping[str, Any], look: Look) -> str:
    """Return the drawing of an UntouchedDocument."""
    page = Page(look)
    page.line(f"Nothing of run {document['run']} is undone.")
    draw_left(page, document["left"])
    return page.text()
