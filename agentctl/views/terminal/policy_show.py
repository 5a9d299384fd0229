"""Draws a policy as it stands: roles with what they may do, what holds for everybody, breakers, who may undo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.document.policy_constraints import freeze_facts
from agentctl.views.document.policy_show import (
    breaker_facts,
    glass,
    grant_facts,
    invariant_facts,
    lifters,
    limit_words,
    undoers,
)
from agentctl.views.look import Look
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.terminal.risks import listed, where


def draw_policy_show(document: Mapping[str, Any], look: Look) -> str:
    """Return the drawing of a PolicyDocument."""
    page = Page(look)
    digest = safe.line(document["digest"].removeprefix("sha256:")[:12])
    page.line(Inked(f"Policy {digest}", Ink.STRONG), f" from {safe.line(document['from'])}")
    for agent in document["agents"]:
        signs = ", must sign its plans" if agent["signs"] else ""
        name = Inked(safe.line(agent["agent"]), Ink.STRONG)
        page.line("agent ", name, f": {listed(agent['roles'], None)}{signs}", _place(agent), indent=2)
    for role in document["roles"]:
        page.blank()
        held = listed(role["agents"], None) or "nobody"
        page.line("Role ", Inked(safe.line(role["role"]), Ink.STRONG), f", held by {held}")
        if role["limits"]:
            words = "; ".join(limit_words(limit) for limit in role["limits"])
            page.line("all of it together: ", safe.line(words), indent=2)
        for grant in role["grants"]:
            _draw(page, grant["grant"], grant, grant_facts(grant))
    if document["invariants"]:
        page.blank()
        page.line("For everybody")
        for invariant in document["invariants"]:
            _draw(page, invariant["invariant"], invariant, invariant_facts(invariant))
    if document["freezes"]:
        page.blank()
        page.line("Freezes")
        for freeze in document["freezes"]:
            _draw(page, freeze["freeze"], freeze, freeze_facts(freeze))
    if document["breakers"]:
        page.blank()
        page.line("Breakers")
        for breaker in document["breakers"]:
            _draw(page, breaker["id"], breaker, breaker_facts(breaker))
    page.blank()
    page.line("Undo: ", safe.line(undoers(document)), *([_place(document["rollback"])] if document["rollback"] else []))
    broken = [_place(document["break_glass"])] if document["break_glass"] else []
    page.line("Break glass: ", safe.line(glass(document)), *broken)
    lifted = [_place(document["unhalt"])] if document["unhalt"] else []
    page.line("Lift halts: ", safe.line(lifters(document)), *lifted)
    return page.text()


def _draw(page: Page, name: str, rule: Mapping[str, Any], facts: list[tuple[str, str]]) -> None:
    page.line(Inked(safe.line(name), Ink.STRONG), _place(rule), indent=2)
    page.rows([(Inked(word, Ink.FAINT), safe.line(text)) for word, text in facts], indent=4)


def _place(item: Mapping[str, Any]) -> Inked:
    return Inked(f" {where(item['place'])}", Ink.FAINT)
