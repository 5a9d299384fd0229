"""Draws diagnostics as compilers do: what, where, the line itself with a caret under the column, what now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentctl.views import safe
from agentctl.views.look import Detail, Look
from agentctl.views.page import Ink, Inked, Page, Part, cells
from agentctl.views.terminal.risks import listed

_SHOWN = 50
_INKS = {"error": Ink.RISK, "warning": Ink.CAUTION}


def draw_diagnostics(document: Mapping[str, Any], look: Look) -> str:
    """Return the diagnostics of ``validate`` and, last, how many there are."""
    page = Page(look)
    draw_findings(page, document["diagnostics"])
    page.blank()
    errors, warnings = document["error_count"], document["warning_count"]
    counted = ", ".join(_count(number, noun) for number, noun in ((errors, "error"), (warnings, "warning")) if number)
    files = f": {listed(document['files'], 5)}" if document["files"] else ""
    if document["valid"]:
        page.line(Inked("Valid", Ink.GOOD), f"{files}, {counted}." if counted else f"{files}.")
    else:
        page.line(Inked("Not valid", Ink.RISK), f"{files}: {counted}.")
    return page.text()


def draw_findings(page: Page, found: Sequence[Mapping[str, Any]]) -> None:
    """Draw diagnostics one under the other; beyond a screenful of screenfuls the rest is only counted."""
    shown = found if page.look.detail is Detail.FULL else found[:_SHOWN]
    for item in shown:
        page.blank()
        _draw(page, item)
    if more := len(found) - len(shown):
        page.blank()
        page.line(f"… {more:,} more: --format json has all of them")


def draw_detail(page: Page, text: str, *lead: Part, indent: int = 2) -> None:
    """Draw sentences line by line; what leads the first stands before it."""
    for number, line in enumerate(safe.lines(text.strip("\n"))):
        page.line(*(lead if not number else ()), line, indent=indent, hang=indent)


def _draw(page: Page, item: Mapping[str, Any]) -> None:
    page.line(Inked(f"{item['severity']}: ", _INKS[item["severity"]]), Inked(safe.line(item["summary"]), Ink.STRONG))
    lead: tuple[Part, ...] = ()
    if item["file"] is not None:
        lead = (Inked(f"{safe.line(item['file'])}:{item['line']}:{item['column']}  ", Ink.FAINT),)
    if item["detail"] or lead:
        draw_detail(page, item["detail"], *lead)
    if item["source"] and item["line"] is not None:
        _draw_source(page, item["source"], item["line"], item["column"])
    if item["hint"]:
        draw_detail(page, item["hint"], Inked("hint: ", Ink.COMMAND))


def _draw_source(page: Page, source: str, line: int, column: int) -> None:
    """Draw the line, cut to a window around the column where it is long, and the caret under what stands there."""
    number = str(line)
    room = page.width - len(number) - 7
    at = min(max(column - 1, 0), len(source))
    start = 0 if at < room // 2 else at - room // 3
    before = ("…" if start else "") + safe.escape(source[start:at])
    after = safe.escape(source[at:at + room])
    while cells(before) + cells(after) > room and after:
        after = after[:-1]
    cut = "…" if at + room < len(source) or after != safe.escape(source[at:]) else ""
    page.line(Inked(f"{number} │ ", Ink.FAINT), f"{before}{after}{cut}", indent=4, whole=True)
    margin = Inked(f"{' ' * len(number)} │ ", Ink.FAINT)
    page.line(margin, " " * cells(before), Inked("^", Ink.RISK), indent=4, whole=True)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
