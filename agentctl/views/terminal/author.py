"""Draws what is known of who wrote a plan: apart from what the plan says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.page import Ink, Inked, Part


def author_rows(document: Mapping[str, Any]) -> list[tuple[Part, ...]]:
    """Return the rows that say it, label and text: none where there is nothing but a name."""
    author, agent = document["author"], safe.line(document["claims"]["agent"])
    rows: list[tuple[Part, ...]] = []
    match author["standing"]:
        case "proven":
            rows.append((_label("agent"), f"{agent}  proven: signed with {safe.line(author['key'])}"))
        case "edited":
            rows.append((_label("agent"), f"{agent}  proven for what it wrote: signed with {safe.line(author['key'])}"))
        case _ if author["why"]:
            rows.append((_label("agent"), f"{agent}  claimed: {safe.line(author['why'])}"))
    if author["editors"]:
        people = ", ".join(map(safe.line, author["editors"]))
        rows.append((_label("edited"), f"by {people}, as their machine said"))
    if author["requester"]:
        rows.append((_label("asked by"), f"{safe.line(author['requester'])}, as the plan claims"))
    return rows


def _label(text: str) -> Inked:
    return Inked(text, Ink.FAINT)
