"""Draws what we last knew of the records we touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe, values
from agentctl.views.look import Look
from agentctl.views.page import Ink, Inked, Page, Part
from agentctl.views.terminal.risks import listed


def draw_state(document: Mapping[str, Any], look: Look) -> str:
    """Return the list of a StateDocument."""
    page = Page(look)
    head = document["head"]
    at = f"  up to record {head['seq']:,} in {safe.line(head['file'])}" if head else "  nothing recorded yet"
    page.line(Inked(f"State, serial {document['serial']:,}", Ink.STRONG), at)
    page.blank()
    rows: list[tuple[Part, ...]] = [
        (Inked(safe.line(item["address"]), Ink.STRONG), _fields(item), f"{safe.line(item['run'])} {item['step']}")
        for item in document["records"]
    ]
    page.rows(rows)
    page.blank()
    page.line(f"{len(document['records']):,} records.")
    for run in document["open"]:
        page.line(f"What run {safe.line(run)} does is not in the state yet.")
        page.line(f"agentctl show {safe.line(run)}", indent=4)
    return page.text()


def draw_known(document: Mapping[str, Any], look: Look) -> str:
    """Return what we last knew of one record."""
    page = Page(look)
    page.line(Inked(safe.line(document["address"]), Ink.STRONG))
    page.line(f"written by step {document['step']} of run {safe.line(document['run'])}", indent=2)
    if document["values"] is None:
        page.line("it is gone: we deleted it", indent=2)
        return page.text()
    page.rows(
        [(Inked(safe.line(name), Ink.FAINT), values.inline(wire, 200)) for name, wire in document["values"].items()],
        indent=2,
    )
    return page.text()


def _fields(item: Mapping[str, Any]) -> str:
    return listed(item["fields"], 6) if item["exists"] else "(deleted)"
