"""Draws the kept approvals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.look import Look
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.terminal.times import when


def draw_approvals(document: Mapping[str, Any], look: Look) -> str:
    """Return the approvals of an ApprovalsDocument, a paragraph each."""
    page = Page(look)
    if not document["approvals"]:
        page.line("No approvals are kept here.")
    for item in document["approvals"]:
        short = item["digest"].removeprefix("sha256:")[:12]
        page.line(Inked(safe.line(item["person"]), Ink.STRONG), f" approved {_what(item)} {short}")
        good = f"{when(item['from'])} to {when(item['until'])}"
        rows: list[tuple[str | Inked, ...]] = [(Inked("good", Ink.FAINT), good)]
        if item["group"]:
            rows.append((Inked("group", Ink.FAINT), safe.line(item["group"])))
        if item["reason"]:
            rows.append((Inked("reason", Ink.FAINT), safe.line(item["reason"])))
        rows.append((Inked("counts", Ink.FAINT), _worth(item)))
        page.rows(rows, indent=2)
    for item in document["overrides"]:
        _draw_override(page, item)
    for item in document["rejections"]:
        short = item["digest"].removeprefix("sha256:")[:12]
        page.line(Inked(safe.line(item["person"]), Ink.STRONG), f" rejected {short}")
        stands = Inked("yes, against every approval", Ink.RISK) if item["stands"] else Inked("no", Ink.FAINT)
        page.rows([
            (Inked("since", Ink.FAINT), when(item["from"])),
            (Inked("reason", Ink.FAINT), safe.line(item["reason"])),
            (Inked("stands", Ink.FAINT), stands),
        ], indent=2)
    for item in document["damaged"]:
        page.line(Inked("! no approval, and counts for nothing: ", Ink.RISK), safe.line(item["why"]), hang=2)
    for item in document["damaged_rejections"]:
        told = safe.line(f"{item['file']}: {item['why']}")
        page.line(Inked("! cannot be read, and stands against all it may be about: ", Ink.RISK), told, hang=2)
    return page.text()


def _draw_override(page: Page, item: Mapping[str, Any]) -> None:
    short = item["digest"].removeprefix("sha256:")[:12]
    rules = safe.line(", ".join(item["rules"]))
    did = f" broke the glass for {short}" if item["break_glass"] else f" overrode {rules} for {short}"
    page.line(Inked(safe.line(item["person"]), Ink.STRONG), did)
    page.rows([
        (Inked("good", Ink.FAINT), f"{when(item['from'])} to {when(item['until'])}"),
        (Inked("reason", Ink.FAINT), safe.line(item["reason"])),
        (Inked("counts", Ink.FAINT), _worth(item)),
    ], indent=2)


def _what(item: Mapping[str, Any]) -> str:
    return "all of" if item["steps"] == "all" else f"{safe.line(', '.join(item['steps']))} of"


def _worth(item: Mapping[str, Any]) -> Inked:
    if item["used_by"]:
        return Inked(f"used by run {safe.line(item['used_by'])}", Ink.FAINT)
    if item["objection"]:
        return Inked(f"no: {safe.line(item['objection'])}", Ink.CAUTION)
    return Inked("yes", Ink.GOOD)
