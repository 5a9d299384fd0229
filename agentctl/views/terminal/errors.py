"""Draws a failed command: what, why, and the command to type alone on its line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.look import Look
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.terminal.diagnostics import counted, draw_detail, draw_findings


def draw_error(document: Mapping[str, Any], look: Look) -> str:
    """Return the message of an ErrorDocument."""
    page = Page(look)
    found = document["diagnostics"]
    draw_findings(page, found)
    page.blank()
    title = (Inked("error: ", Ink.RISK), Inked(safe.line(document["summary"]), Ink.STRONG))
    if found:
        page.line(*title, f" ({counted(found)})")
    else:
        page.line(*title)
    if document["detail"] and not found:
        draw_detail(page, document["detail"])
    if document["hint"]:
        draw_detail(page, document["hint"])
    elif document["command"]:
        page.line("Next, run:", indent=2)
    if document["command"]:
        page.line(Inked(safe.line(document["command"]), Ink.COMMAND), indent=6, whole=True)
    return page.text()
