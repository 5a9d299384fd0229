"""Draws what may be said of the trace, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.look import Look
from agentctl.views.page import Ink, Inked, Page


def draw_verification(document: Mapping[str, Any], look: Look) -> str:
    """Return the grade of a VerifyDocument, what it rests on, and how to know more."""
    page = Page(look)
    fault, head = document["fault"], document["head"]
    if fault is not None:
        page.line(Inked(f"broken at {safe.line(fault['place'])}", Ink.RISK))
        page.line(safe.line(fault["why"]), indent=2, hang=2)
    else:
        whole = document["witnessed"] >= document["records"]
        page.line(Inked(safe.line(document["grade"]), Ink.GOOD if whole else Ink.CAUTION))
    page.line(f"{document['records']:,} records in {document['files']:,} files were checked.", indent=2)
    if fault is None and document["witnessed"] < document["records"]:
        page.line(_not_witnessed(document["witnessed"]), indent=2, hang=2)
    for note in document["notes"]:
        page.line(f"note: {safe.line(note)}", indent=2, hang=8)
    if head is not None and fault is None:
        page.line("Keep this head somewhere else; later, check against it:")
        command = f"agentctl verify --expect-head {safe.line(head['digest'])}"
        page.line(Inked(command, Ink.COMMAND), indent=4, whole=True)
    return page.text()


def _not_witnessed(records: int) -> str:
    if records:
        return f"A head from outside vouches for it up to record {records:,}; what came later could have been cut off."
    return "No head from outside vouches for it: from here nobody can tell whether its end was cut off."
