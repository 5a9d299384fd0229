"""What is told about a policy as Markdown, for a wiki or a pull request. Its texts are code: they mark nothing up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from agentctl.views import safe
from agentctl.views.document.policy_show import grant_facts, invariant_facts, undoers

_TICKS = re.compile("`+")
_SHOWN = 100


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


def replay_markdown(document: Mapping[str, Any]) -> str:
    """Return the figures and the first shifts of a PolicyReplayDocument, for a pull request."""
    verdict = "**widens**" if document["widens"] else "does not widen"
    lines = [
        f"## Policy replay: the new policy {verdict} what was recorded", "",
        f"{document['changes']:,} recorded changes under {code(document['base'])} and {code(document['new'])}.", "",
        "| answer | changes |", "|---|---|",
        *(f"| {kind} | {count:,} |" for kind, count in document["counts"].items()),
    ]
    if shown := document["shifts"][:_SHOWN]:
        lines += ["", "| | run | step | action | target | old | new | why |", "|---|---|---|---|---|---|---|---|"]
        names = ("run", "step", "action", "target", "old", "new", "why")
        lines += [f"| {item['shift']} | {' | '.join(code(item[name]) for name in names)} |" for item in shown]
    if more := len(document["shifts"]) - len(shown):
        lines += ["", f"And {more:,} more: `agentctl policy replay --format json` shows all."]
    return "\n".join(lines) + "\n"
