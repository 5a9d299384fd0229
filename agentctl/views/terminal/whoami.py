"""Draws as whom connectors speak, and with what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.look import Look
from agentctl.views.page import Ink, Inked, Page, Part


def draw_whoami(document: Mapping[str, Any], look: Look) -> str:
    """Return the connectors of a WhoamiDocument, each with its token's facts."""
    page = Page(look)
    for number, item in enumerate(document["connectors"]):
        if number:
            page.blank()
        state = Inked("does not work", Ink.RISK) if item["problem"] else Inked("works", Ink.GOOD)
        page.line(Inked(safe.line(item["name"]), Ink.STRONG), f"  type {safe.line(item['type'])}  ", state)
        told = [(name, text) for name, text in _facts(item) if text]
        rows: list[tuple[Part, ...]] = [(Inked(name, Ink.FAINT), safe.line(text)) for name, text in told]
        page.rows(rows, indent=2)
    return page.text()


def _facts(item: Mapping[str, Any]) -> list[tuple[str, str]]:
    credential, system = item["credential"] or {}, item["system"] or {}
    facts = [("problem", item["problem"]), ("system", system.get("endpoint", "")), ("as", system.get("whoami", "")),
             ("tenant", system.get("tenant", ""))]
    if not credential:
        return facts
    scopes = credential["scopes"]
    told = bool(scopes is not None or credential["expires"] or not item["problem"])
    steps = "each step has another" if credential["per_step"] else "every step has the same"
    return [
        *facts,
        ("token", f"{credential['provider']}: {credential['from']}"),
        ("may", ("nobody told" if scopes is None else ", ".join(scopes) or "nothing") if told else ""),
        ("ends", (credential["expires"] or "nobody told") if told else ""),
        ("steps", steps),
    ]
