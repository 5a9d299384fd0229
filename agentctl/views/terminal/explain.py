"""Draws how policy came to its answer: every rule that was looked at, what it read, what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentctl.views import safe, values
from agentctl.views.look import Detail, Look
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.symbols import EFFECTS
from agentctl.views.terminal.breakers import draw_breakers
from agentctl.views.terminal.halts import draw_halts
from agentctl.views.terminal.limits import draw_limits_of_step
from agentctl.views.terminal.risks import listed, where

_VERDICTS = {"allow": Ink.GOOD, "consent": Ink.CAUTION, "deny": Ink.RISK}
_OUTCOMES = {
    "grants": Ink.GOOD, "passes": Ink.PLAIN, "denies": Ink.RISK, "overridden": Ink.CAUTION, "undecided": Ink.CAUTION,
    "error": Ink.RISK, "not applicable": Ink.FAINT,
}
_LONGEST = 200


def draw_explain(document: Mapping[str, Any], look: Look) -> str:
    """Return the evaluation of an ExplainDocument."""
    page = Page(look)
    draw_halts(page, document["halts"])
    page.line(
        Inked(f"Policy {safe.line(document['policy'].removeprefix('sha256:')[:12])}", Ink.STRONG),
        f"  on plan {document['short']} by agent ", safe.quoted(document["agent"]),
        Inked(f" ({_standing(document['author'])})", Ink.FAINT),
    )
    for step in document["steps"]:
        page.blank()
        _draw_step(page, step, document["limits"])
    draw_breakers(page, document["breakers"])
    return page.text()


def _standing(author: Mapping[str, Any]) -> str:
    match author["standing"]:
        case "proven":
            return f"proven: signed with {safe.line(author['key'])}"
        case "edited":
            return f"proven for what it wrote, edited since by {safe.line(', '.join(author['editors']))}"
    return f"a claim: {safe.line(author['why'])}" if author["why"] else "a claim"


def _draw_step(page: Page, step: Mapping[str, Any], limits: Sequence[Mapping[str, Any]]) -> None:
    symbol, ink = EFFECTS[step["effect"]]
    what = f"  {safe.line(step['action'])}  {safe.line(step['target'])}  "
    verdict = Inked(step["verdict"].upper(), _VERDICTS[step["verdict"]])
    name, mode = Inked(step["step"], Ink.STRONG), f", mode {step['mode']}"
    page.line(Inked(f"{symbol:<2} ", ink), name, what, verdict, mode, hang=5)
    if step["roles"]:
        page.line(Inked("roles  ", Ink.FAINT), listed(step["roles"], None), indent=5)
    if step["signatures"]:
        groups = listed(step["signatures"]["groups"], None) or "anybody"
        page.line(Inked("needs  ", Ink.FAINT), f"{step['signatures']['count']} signatures of {groups}", indent=5)
    deciding = {(item["rule"], item["place"]) for item in step["findings"]}
    standing = {item["limit"] for item in limits if step["step"] in item["steps"]}
    for item in step["considered"] or step["findings"]:
        if item["rule"] not in standing:
            _draw_finding(page, item, decided=(item["rule"], item["place"]) in deciding)
    draw_limits_of_step(page, limits, step["step"])


def _draw_finding(page: Page, item: Mapping[str, Any], *, decided: bool) -> None:
    level = "" if item["level"] == "hard" else f", {item['level']}"
    outcome = Inked(f"{item['outcome']:<14}  ", _OUTCOMES[item["outcome"]])
    rule = Inked(safe.line(item["rule"]), Ink.STRONG if decided else Ink.PLAIN)
    mark = Inked("* " if decided else "  ", Ink.STRONG)
    page.line(mark, outcome, rule, level, Inked(where(item["place"]), Ink.FAINT), indent=3, hang=21)
    if item["reason"]:
        page.line(safe.line(item["reason"]), indent=21, hang=21)
    for name, value in item.get("inputs", {}).items():
        long = page.look.detail is not Detail.FULL and len(value) > _LONGEST
        shown = f"{safe.line(value[:_LONGEST])}… ({values.extent(value)})" if long else safe.line(value)
        page.line(Inked(f"{safe.line(name)} = {shown}", Ink.FAINT), indent=21, hang=23)
