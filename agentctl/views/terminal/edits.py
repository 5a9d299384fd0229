"""Draws what people made of an agent's plan: its version and theirs, one under the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.terminal.risks import listed
from agentctl.views.terminal.rows import draw_changes


def draw_edits(page: Page, document: Mapping[str, Any]) -> None:
    """Draw the edits of a ChangeSet- or RunDocument; nothing where the plan is as its agent wrote it."""
    if not document["edits"]:
        return
    people = ", ".join(map(safe.line, document["author"]["editors"])) or "a person"
    page.blank()
    page.line(Inked(f"Edited by {people}", Ink.CAUTION), Inked(" (the agent's version → theirs)", Ink.FAINT))
    for item in document["edits"]:
        head = Inked(safe.line(item["step"]), Ink.STRONG), f"  {safe.line(item['action'])}  {safe.line(item['target'])}"
        match item["kind"]:
            case "left-out":
                page.line(*head, Inked("  left out", Ink.CAUTION), indent=2, hang=9)
            case "freed":
                waits = f"waits for {listed(item['waits_for'], 4)}" if item["waits_for"] else "waits for no step"
                page.line(*head, Inked(f"  {waits} now", Ink.FAINT), indent=2, hang=9)
            case _:
                page.line(*head, indent=2, hang=9)
                draw_changes(page, item["fields"], 7)
                if not item["fields"]:
                    page.line(Inked("a value that is not shown", Ink.FAINT), indent=7)
