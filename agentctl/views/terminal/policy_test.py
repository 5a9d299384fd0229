"""Draws how policy's test cases came out: what differs under each case that fails, then what no case reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.look import Look
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.terminal.risks import where


def draw_policy_test(document: Mapping[str, Any], look: Look) -> str:
    """Return the cases of a PolicyTestDocument, a line each, and its figures."""
    page = Page(look)
    for case in document["cases"]:
        mark = Inked("ok    ", Ink.GOOD) if case["passes"] else Inked("FAIL  ", Ink.RISK)
        page.line(mark, safe.line(case["name"]), Inked(f" {where(case['place'])}", Ink.FAINT), hang=6)
        for item in case["differences"]:
            page.line(
                f"{item['part']}: expected ", Inked(safe.line(item["expected"]), Ink.ADD), ", got ",
                Inked(safe.line(item["actual"]) or "nothing", Ink.DESTROY), indent=6, hang=8,
            )
        if not case["passes"]:
            for item in case["findings"]:
                why = f"{safe.line(item['rule'])}{where(item['place'])}: {safe.line(item['reason'])}"
                page.line(Inked(why, Ink.FAINT), indent=6, hang=8)
    _draw_figures(page, document)
    return page.text()


def _draw_figures(page: Page, document: Mapping[str, Any]) -> None:
    page.blank()
    failed = document["failed"]
    page.line(
        f"{len(document['cases']):,} cases: {document['passed']:,} as expected, ",
        Inked(f"{failed:,} not", Ink.RISK if failed else Ink.PLAIN),
    )
    missed = [rule for rule in document["rules"] if not rule["reached"]]
    reached = len(document["rules"]) - len(missed)
    page.line(f"{len(document['rules']):,} rules: {reached:,} took effect in a case, {len(missed):,} in none")
    for rule in missed:
        page.line(safe.line(rule["rule"]), Inked(where(rule["place"]), Ink.FAINT), indent=2)
    page.line(Inked(f"policy: {safe.line(document['policy'])}", Ink.FAINT))
