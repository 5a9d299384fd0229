"""Draws the counted banner of risks that stands above everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentctl.views import safe
from agentctl.views.look import Detail
from agentctl.views.page import Ink, Inked, Page, Part

_GRAVE = {"denied", "halted", "rejected", "overridden", "irreversible", "unforeseen"}
_CAUTION = {"undecided", "held", "compensating"}
_REASONS_SHOWN = 20
_STEPS_SHOWN = 4


def draw_risks(page: Page, risks: Sequence[Mapping[str, Any]]) -> None:
    """Draw each kind of risk with its count, and under it every reason with the steps it is about.

    What is grave is never folded. What is only good to know takes one line; --diff full gives its reasons.
    """
    page.blank()
    for risk in risks:
        ink = Ink.RISK if risk["kind"] in _GRAVE else Ink.CAUTION if risk["kind"] in _CAUTION else Ink.FAINT
        serious = risk["kind"] in _GRAVE | _CAUTION
        title = Inked(f"{'!' if serious else 'i'} {risk['title']}", ink)
        grave = risk["kind"] in _GRAVE
        if grave or page.look.detail is Detail.FULL or (serious and page.look.detail is Detail.COMPACT):
            page.line(title, indent=2)
            _draw_items(page, risk["items"])
        else:
            steps = [step for item in risk["items"] for step in item["steps"]]
            page.line(title, f": {listed(steps, _STEPS_SHOWN)}", indent=2, hang=4)


def _draw_items(page: Page, items: Sequence[Mapping[str, Any]]) -> None:
    full = page.look.detail is Detail.FULL
    shown = items if full else items[:_REASONS_SHOWN]
    for item in shown:
        page.line(*_who(item, full=full), indent=6, hang=10)
        if item["why"]:
            page.line(safe.line(item["why"]), indent=10, hang=10)
        if item["rule"]:
            page.line(Inked(f"rule {safe.line(item['rule'])}{where(item['place'])}", Ink.FAINT), indent=10, hang=10)
    if more := sum(len(item["steps"]) for item in items[len(shown):]):
        reasons = len(items) - len(shown)
        page.line(f"… {more:,} more steps for {reasons:,} more reasons: --diff full shows all", indent=6)


def _who(item: Mapping[str, Any], *, full: bool) -> list[Part]:
    steps = item["steps"]
    action = f"  {safe.line(item['action'])}"
    if len(steps) == 1:
        return [Inked(steps[0], Ink.STRONG), action, f"  {safe.line(item['targets'][0])}"]
    return [Inked(f"{len(steps):,} ×", Ink.STRONG), action, f"  {listed(steps, None if full else _STEPS_SHOWN)}"]


def listed(names: Sequence[str], most: int | None) -> str:
    """Return names as ``a, b, c and 297 more``."""
    shown = names if most is None else names[:most]
    more = len(names) - len(shown)
    return ", ".join(map(safe.line, shown)) + (f" and {more:,} more" if more else "")


def where(place: str) -> str:
    """Return a rule's place as `` policy/sales.yaml:31:5``, or nothing."""
    return f" {safe.line(place)}" if place else ""
