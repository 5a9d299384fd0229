"""Draws what is wrong with a policy, then the ship / no-ship table: what is missing first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.counted import counted
from agentctl.views.look import Look
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.terminal.risks import where


def draw_policy_lint(document: Mapping[str, Any], look: Look) -> str:
    """Return the findings and the gate of a PolicyLintDocument."""
    page = Page(look)
    for item in document["findings"]:
        _draw_finding(page, item)
    page.blank()
    for item in document["capabilities"]:
        _draw_capability(page, item)
    if not document["capabilities"]:
        page.line("No role can do anything to a configured connector.")
    page.blank()
    errors, warnings, missing = (document[f"{name}_count"] for name in ("error", "warning", "missing"))
    verdict = Inked("ship", Ink.GOOD) if document["ships"] else Inked("no-ship", Ink.RISK)
    counts = (counted(errors, "error"), counted(warnings, "warning"), f"{counted(missing, 'control')} missing")
    page.line(verdict, f": {', '.join(counts)}")
    page.line(Inked(f"policy: {safe.line(document['policy'])}", Ink.FAINT))
    return page.text()


def _draw_finding(page: Page, item: Mapping[str, Any]) -> None:
    ink = Ink.RISK if item["severity"] == "error" else Ink.CAUTION
    place = f"{item['file']}:{item['line']}:{item['column']}" if item["file"] else ""
    page.line(Inked(f"{item['severity']}: ", ink), safe.line(item["summary"]), Inked(f" {where(place)}", Ink.FAINT))
    page.line(safe.line(item["detail"]), indent=2, hang=2)
    if item["hint"]:
        page.line(safe.line(item["hint"]), indent=2, hang=2)


def _draw_capability(page: Page, item: Mapping[str, Any]) -> None:
    mark = Inked("ship     ", Ink.GOOD) if item["ships"] else Inked("NO-SHIP  ", Ink.RISK)
    count = len(item["actions"])
    page.line(
        mark, Inked(safe.line(item["role"]), Ink.STRONG), f" on {safe.line(item['connector'])}: up to ",
        f"{item['capability']} ({count} {'action' if count == 1 else 'actions'})", hang=9,
    )
    standing = [control["control"] for control in item["controls"] if control["met"]]
    for control in item["controls"]:
        if not control["met"]:
            page.line(
                Inked(f"missing {control['control']}: ", Ink.RISK), safe.line(control["why"]),
                Inked(where(control["place"]), Ink.FAINT), indent=9, hang=11,
            )
    if standing:
        page.line(Inked(f"has {', '.join(standing)}", Ink.FAINT), indent=9, hang=13)
