"""Draws how two policies answer the same recorded changes: widening first, each kind with its count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.look import Look
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.terminal.risks import where

_INKS = {
    "newly allowed": Ink.RISK, "needs less consent": Ink.RISK, "less limited": Ink.RISK, "newly denied": Ink.CAUTION,
}
_SHOWN = 50


def draw_policy_replay(document: Mapping[str, Any], look: Look) -> str:
    """Return the drawing of a PolicyReplayDocument."""
    page = Page(look)
    page.line(
        f"{document['changes']:,} recorded changes under {safe.line(document['base'])} and {safe.line(document['new'])}"
    )
    for kind, count in document["counts"].items():
        if count and kind != "same":
            page.blank()
            page.line(Inked(f"{kind}: {count:,}", _INKS.get(kind, Ink.STRONG)))
            of_kind = [item for item in document["shifts"] if item["shift"] == kind]
            for item in of_kind[:_SHOWN]:
                _draw(page, item)
            if more := count - _SHOWN if count > _SHOWN else 0:
                page.line(f"… {more:,} more: --format json shows all", indent=2)
    page.blank()
    widens = Inked("widens", Ink.RISK) if document["widens"] else "does not widen"
    page.line(f"{document['counts']['same']:,} answered alike. The new policy ", widens, " what was recorded.")
    return page.text()


def _draw(page: Page, item: Mapping[str, Any]) -> None:
    what = f"{safe.line(item['action'])}  {safe.line(item['target'])}"
    answers = f"  {item['old']} → {item['new']}" if item["old"] else ""
    page.line(f"{safe.line(item['run'])} ", Inked(safe.line(item["step"]), Ink.STRONG), f"  {what}{answers}", indent=2)
    rule = f"{safe.line(item['rule'])}{where(item['place'])}: " if item["rule"] else ""
    page.line(Inked(f"{rule}{safe.line(item['why'])}", Ink.FAINT), indent=4, hang=6)
