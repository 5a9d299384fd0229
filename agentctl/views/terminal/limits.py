"""Draws how limits stand: how much of which maximum is taken, by what, and when there is room again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentctl.model.limit import PLAN, Measure, in_words
from agentctl.views import safe
from agentctl.views.look import Detail
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.terminal.risks import where

_SHOWN = 6
_NEARLY = 8      # tenths of a maximum from which on a reader should look twice


def draw_limits(page: Page, limits: Sequence[Mapping[str, Any]]) -> None:
    """Draw the limits a changeset takes of, the fullest first; --diff full draws all of them."""
    if not limits:
        return
    page.blank()
    page.line(Inked("Limits", Ink.STRONG), indent=2)
    fullest = sorted(limits, key=lambda item: (not item["refused"], -_filled(item)))
    shown = fullest if page.look.detail is Detail.FULL else fullest[:_SHOWN]
    page.rows(
        [(Inked(safe.line(item["limit"]), _ink(item)), f"{taken(item)}{of_whom(item)}") for item in shown], indent=4
    )
    if more := len(fullest) - len(shown):
        page.line(f"… {more:,} more, less full (--diff full shows each)", indent=4)


def draw_limits_of_step(page: Page, limits: Sequence[Mapping[str, Any]], step: str) -> None:
    """Draw every limit that ``step`` takes of, as ``policy explain`` tells it."""
    for item in limits:
        if step not in item["steps"]:
            continue
        fits = step not in item["refused"]
        outcome = Inked(f"{'fits' if fits else 'does not fit':<14}  ", Ink.PLAIN if fits else Ink.RISK)
        name = Inked(safe.line(item["limit"]), Ink.PLAIN if fits else Ink.STRONG)
        page.line(Inked("  " if fits else "* ", Ink.STRONG), outcome, name, Inked(where(item["place"]), Ink.FAINT),
                  indent=3, hang=21)
        page.line(f"{taken(item)}{of_whom(item)}", indent=21, hang=21)
        if item["fits"]:
            page.line(f"there is room for all of it at {item['fits']}", indent=21, hang=21)
        elif item["frees"]:
            page.line(f"the first of what is used is free again at {item['frees']}", indent=21, hang=21)


def taken(item: Mapping[str, Any]) -> str:
    """Return how much is taken in words: ``15 used + 2 asked of 20 steps per 1h: 3 left``."""
    parts = [] if item["per"] == PLAN else [f"{item['used']:,} used"]
    if item["reserved"]:
        parts.append(f"{item['reserved']:,} reserved by run {', '.join(item['holders'])}")
    most = in_words(item["max"], Measure(item["measure"]), safe.line(item["currency"]))
    beyond = item["used"] + item["reserved"] + item["asked"] - item["max"]
    rest = f"{beyond:,} too many" if beyond > 0 else f"{item['left']:,} left"
    parts.append(f"{item['asked']:,} asked")
    return f"{' + '.join(parts)} of {most} per {item['per']}: {rest}"


def reserved(item: Mapping[str, Any]) -> str:
    """Return what a run set aside of a limit in words: ``5,000 EUR of daily``."""
    amount = " ".join(part for part in (f"{item['amount']:,}", safe.line(item["currency"])) if part)
    return f"{amount} of {safe.line(item['limit'])}"


def of_whom(item: Mapping[str, Any]) -> str:
    if not item["key"]:
        return f", for a hidden {safe.line(item['by'])}"
    return f", for {safe.line(item['by'])} {safe.quoted(item['key'])}"


def _filled(item: Mapping[str, Any]) -> int:
    """Return how many tenths of the maximum are taken."""
    taken = item["used"] + item["reserved"] + item["asked"]
    return int(taken * 10 // item["max"]) if item["max"] else 10


def _ink(item: Mapping[str, Any]) -> Ink:
    if item["refused"]:
        return Ink.RISK
    return Ink.CAUTION if _filled(item) >= _NEARLY else Ink.FAINT
