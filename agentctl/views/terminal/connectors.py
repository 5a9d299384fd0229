"""Draws connectors and the facts of their actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.look import Look
from agentctl.views.page import Ink, Inked, Page, Part
from agentctl.views.terminal.risks import listed

_TIERS = {"read": Ink.READ, "draft": Ink.PLAIN, "write": Ink.CHANGE, "execute": Ink.RISK}
_REVERSIBLE = {"exact": "restores exactly", "compensating": "makes amends only", "none": "IRREVERSIBLE"}


def draw_connectors(document: Mapping[str, Any], look: Look) -> str:
    """Return the list of a ConnectorsDocument."""
    page = Page(look)
    if not document["connectors"]:
        page.line("No connectors are configured in agentctl.yaml.")
    rows: list[tuple[Part, ...]] = [
        (Inked(safe.line(item["name"]), Ink.STRONG), safe.line(item["type"]), f"{len(item['actions'])} actions")
        for item in document["connectors"]
    ]
    page.rows(rows)
    page.blank()
    page.line(Inked("types: ", Ink.FAINT), listed(document["types"], None))
    return page.text()


def draw_connector(document: Mapping[str, Any], look: Look) -> str:
    """Return the actions of a ConnectorDocument, each with what cannot be generalised away."""
    page = Page(look)
    page.line(Inked(safe.line(document["name"]), Ink.STRONG), f"  type {safe.line(document['type'])}")
    for action in document["actions"]:
        page.blank()
        _draw_action(page, action)
    return page.text()


def _draw_action(page: Page, action: Mapping[str, Any]) -> None:
    only = Inked("  only as an inverse", Ink.FAINT) if action["inverse_only"] else ""
    page.line(Inked(safe.line(action["action"]), Ink.STRONG), "  ", Inked(action["tier"], _TIERS[action["tier"]]), only)
    page.line(safe.line(action["summary"]), indent=2, hang=2)
    stays = f"; stays: {action['stays']}" if action["stays"] else ""
    soon = f", visible within {action['consistency']} s" if action["consistency"] else ""
    facts = [
        ("target", action["target"]),
        ("arguments", _names(action["arguments"])),
        ("undo", f"{_REVERSIBLE[action['reversibility']]}{stays}"),
        ("preview", action["preview"]),
        ("precondition", action["precondition"]),
        ("settlement", action["settlement"]),
        ("read back", f"{action['readback']}{soon}"),
        *((name, ", ".join(action[name])) for name in ("secret", "sensitive", "sealed", "volatile", "scopes")),
    ]
    page.rows([(Inked(name, Ink.FAINT), safe.line(text)) for name, text in facts if text], indent=2)


def _names(schema: Mapping[str, Any]) -> str:
    """Return the arguments of a schema, the required ones marked."""
    required = schema.get("required", [])
    named = [f"{name}{'' if name in required else '?'}" for name in schema.get("properties", {})]
    return ", ".join(named) or ("any" if schema.get("additionalProperties", True) else "none")
