"""Draws diagnostics as compilers do: what, where, the line itself with a caret under the column, what now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from agentctl.model.diagnostic import DENIED
from agentctl.views import safe
from agentctl.views.look import Detail, Look
from agentctl.views.page import Ink, Inked, Page, Part, cells
from agentctl.views.terminal.risks import listed

_SHOWN = 50
_FILES_SHOWN = 5
_INKS = {"error": Ink.RISK, "warning": Ink.CAUTION}


def draw_diagnostics(document: Mapping[str, Any], look: Look) -> str:
    """Return the diagnostics of ``validate`` and, last, how many there are."""
    page = Page(look)
    draw_findings(page, document["diagnostics"])
    page.blank()
    found = document["diagnostics"]
    errors = [item for item in found if item["severity"] == "error"]
    wrong = {item["file"] for item in errors if item["code"] != DENIED}
    denied = {item["file"] for item in errors} - wrong
    known = wrong | denied <= set(document["files"])
    if known:
        good = [name for name in document["files"] if name not in wrong | denied]
        _draw_verdict(page, "Valid", Ink.GOOD, good, found)
    _draw_verdict(page, "Not valid", Ink.RISK, [name for name in document["files"] if name in wrong], found)
    _draw_verdict(page, "Denied by policy", Ink.RISK, [name for name in document["files"] if name in denied], found)
    if not known:
        page.line(Inked("Not valid", Ink.RISK), f" ({counted(found)}).")        # where is not known for all of them
    return page.text()


def _draw_verdict(page: Page, verdict: str, ink: Ink, files: Sequence[str], found: Sequence[Mapping[str, Any]]) -> None:
    if not files:
        return
    told = counted([item for item in found if item["file"] in files])
    page.line(Inked(verdict, ink), f": {listed(files, _FILES_SHOWN)}{f' ({told})' if told else ''}.")


def counted(found: Sequence[Mapping[str, Any]]) -> str:
    """Return how many diagnostics there are of each kind, as ``2 errors, 1 warning``."""
    kinds = Counter(item["severity"] for item in found)
    return ", ".join(f"{kinds[kind]:,} {kind}{'' if kinds[kind] == 1 else 's'}" for kind in _INKS if kinds[kind])


def draw_findings(page: Page, found: Sequence[Mapping[str, Any]]) -> None:
    """Draw diagnostics one under the other, the same one found at many places once; beyond screenfuls only counted."""
    gathered: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for item in found:
        alike = (item["severity"], item["summary"], item["detail"], item["hint"], item["file"] or "")
        gathered.setdefault(alike, []).append(item)
    kinds = list(gathered.values())
    shown = kinds if page.look.detail is Detail.FULL else kinds[:_SHOWN]
    for first, *others in shown:
        page.blank()
        _draw(page, first)
        if others:
            lines = listed([str(item["line"]) for item in others], None if page.look.detail is Detail.FULL else 8)
            page.line(f"the same at line{'' if len(others) == 1 else 's'} {lines}", indent=2)
    if more := sum(map(len, kinds[len(shown):])):
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
