"""Draws what somebody else changed of what we wrote."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from agentctl.views import safe
from agentctl.views.look import Look
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.terminal.risks import listed
from agentctl.views.terminal.rows import draw_changes


def draw_drift(document: Mapping[str, Any], look: Look) -> str:
    """Return the report of a DriftDocument."""
    page = Page(look)
    for address, found in groupby(document["drifts"], key=lambda item: item["address"]):
        drifts = list(found)
        by = f"  ours by {drifts[0]['step']} of run {safe.line(drifts[0]['run'])}"
        page.line(Inked("~ ", Ink.CHANGE), Inked(safe.line(address), Ink.STRONG), Inked(by, Ink.FAINT), hang=4)
        for item in drifts:
            if not item["field"]:
                page.line("it is gone" if item["now"] is None else "it is there again", indent=4)
            else:
                draw_changes(page, [{"path": item["field"], "before": item["ours"], "after": item["now"]}], 4)
        page.blank()
    if document["unreachable"]:
        page.line(Inked("? no connector is left for ", Ink.CAUTION), listed(document["unreachable"], 5), hang=4)
    looked = f"of {document['looked_at']:,} records we wrote"
    if document["drifted"]:
        page.line(Inked(f"Drift: {document['drifted']:,} {looked} changed since (ours → now).", Ink.STRONG))
    else:
        words = f"all {looked} are as we left them." if document["looked_at"] else "there is nothing we wrote."
        page.line(Inked("No drift: ", Ink.GOOD), words)
    return page.text()
