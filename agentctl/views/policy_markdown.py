"""A PolicyDocument as Markdown tables, for a wiki or a review. Texts of the policy are code: they mark nothing up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.document.policy_show import grant_facts, invariant_facts, undoers

_TICKS = re.compile("`+")


def policy_markdown(document: Mapping[str, Any]) -> str:
    """Return a table for each role, one of what holds for everybody, and who may undo."""
    lines = [f"## Policy {code(document['digest'].removeprefix('sha256:')[:12])}"]
    for role in document["roles"]:
        held = ", ".join(map(code, role["agents"])) or "nobody"
        lines += ["", f"### Role {code(role['role'])}, held by {held}", ""]
        lines += _table(
            (grant["grant"], grant["place"], grant_facts(grant)) for grant in role["grants"]
        )
    if document["invariants"]:
        lines += ["", "### For everybody", ""]
        lines += _table(
            (item["invariant"], item["place"], invariant_facts(item)) for item in document["invariants"]
        )
    return "\n".join([*lines, "", f"Undo: {code(undoers(document))}"]) + "\n"


def _table(rules: Iterable[tuple[str, str, list[tuple[str, str]]]]) -> list[str]:
    rows = [
        f"| {code(name)} | {code(place)} | {'<br>'.join(f'{word} {code(text)}' for word, text in facts)} |"
        for name, place, facts in rules
    ]
    return ["| rule | at | says |", "|---|---|---|", *rows]


def code(text: str) -> str:
    """Return foreign ``text`` as a code span that it cannot end, in a table cell that it cannot end either."""
    plain = safe.line(text).replace("|", "\\|")
    fence = "`" * (max(map(len, _TICKS.findall(plain)), default=0) + 1)
    pad = " " if plain.startswith("`") or plain.endswith("`") or not plain else ""
    return f"{fence}{pad}{plain}{pad}{fence}"
