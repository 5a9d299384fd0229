"""Draws what the agent says, every line behind a bar so that no prose can pass for a fact of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe, values
from agentctl.views.look import Detail
from agentctl.views.page import Ink, Inked, Page, Part, cells

_BAR = "│ "
_REASONS_SHOWN = 5
_PROSE_SHOWN = 600


def draw_claims(page: Page, claims: Mapping[str, Any], *, undoing: bool) -> None:
    """Draw agent, requester, intent, reasons and evidence as claims. The steps of a rollback have no reasons."""
    page.blank()
    said = "What is to be undone, in the agent's words" if undoing else "The agent says"
    page.line(Inked(said, Ink.STRONG), Inked(" (claims, not facts)", Ink.FAINT))
    full = page.look.detail is Detail.FULL
    reasons = [] if undoing else claims["because"]
    because = reasons if full else reasons[:_REASONS_SHOWN]
    rows = [("agent", safe.line(claims["agent"]))]
    if claims["requested_by"]:
        rows.append(("requested by", safe.line(claims["requested_by"])))
    rows.append(("intent", _prose(claims["intent"], full=full)))
    rows += [(f"why {safe.line(item['step'])}", _prose(item["text"], full=full)) for item in because]
    if more := len(reasons) - len(because):
        rows.append(("", f"… reasons for {more:,} more steps: --diff full shows all"))
    evidence = claims["evidence"] if full else claims["evidence"][:_REASONS_SHOWN]
    rows += [(f"source {safe.line(item['id'])}", _evidence(item, full=full)) for item in evidence]
    if more := len(claims["evidence"]) - len(evidence):
        rows.append(("", f"… {more:,} more sources: --diff full shows all"))
    label_width = min(max(cells(label) for label, _ in rows), page.width // 3)
    for label, text in rows:
        _barred(page, label, text, label_width)


def _prose(text: str, *, full: bool) -> str:
    if full or len(text) <= _PROSE_SHOWN:
        return "\n".join(safe.lines(text.strip("\n")))
    return "\n".join(safe.lines(text[:_PROSE_SHOWN])) + f"… ({values.extent(text)})"


def _evidence(item: Mapping[str, Any], *, full: bool) -> str:
    parts = [safe.line(item["uri"])]
    if item["quote"]:
        parts.append(values.quoted(item["quote"], None if full else 200))
    if item["sha256"]:
        parts.append(f"sha256:{safe.line(item['sha256'][:64 if full else 12])}")
    return "  ".join(parts)


def _barred(page: Page, label: str, text: str, label_width: int) -> None:
    """Draw a label and its text in two columns, the bar before every line, wrapped ones included.

    No line may be longer than the terminal is wide: what the terminal itself wraps would begin at its left edge.
    """
    room = page.width - 2 - len(_BAR) - label_width - 2
    first: Part = Inked(label + " " * (label_width - cells(label) + 2), Ink.FAINT)
    if cells(label) > label_width:
        for line in _fold(label, page.width - 2 - len(_BAR)):
            page.line(Inked(_BAR, Ink.FAINT), Inked(line, Ink.FAINT), indent=2, whole=True)
        first = " " * (label_width + 2)
    for paragraph in text.split("\n"):
        for line in _fold(paragraph, room):
            page.line(Inked(_BAR, Ink.FAINT), first, line, indent=2, whole=True)
            first = " " * (label_width + 2)


def _fold(text: str, room: int) -> list[str]:
    """Return ``text`` in lines of at most ``room`` cells, broken between words where that is possible."""
    lines, line = [], ""
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if cells(candidate) <= room:
            line = candidate
            continue
        if line:
            lines.append(line)
        while cells(word) > room:
            end = next(end for end in range(min(room, len(word)), 0, -1) if cells(word[:end]) <= room or end == 1)
            lines.append(word[:end])
            word = word[end:]
        line = word
    return [*lines, line]
