"""A document as Markdown for a step summary or a pull-request comment: short, risk first, the diff folded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agentctl.views import policy_markdown, safe
from agentctl.views.annotations import annotate
from agentctl.views.document.changeset import stopped
from agentctl.views.look import Look
from agentctl.views.markdown_text import BUDGET, block, code, cut, fitting, marker, more, size, text_of
from agentctl.views.page import Page
from agentctl.views.terminal.changeset import draw_steps
from agentctl.views.terminal.edits import draw_edits

_WIDTH = 100
_LISTED = 20
_RISKS = 30_000
_PROSE = 4_000
_PLAIN = re.compile(r"[A-Za-z0-9 ,.:]+")

_OUTCOMES = {
    "refused": "refused by policy",
    "halted": "halted",
    "rejected": "rejected",
    "in_doubt": "may have been done already",
    "held": "waits for consent",
    "ready": "allowed by policy",
    "no-changes": "nothing to do",
}


def markdown(document: Mapping[str, Any], files: Sequence[str] = ()) -> str:
    """Return a document of ``validate``, ``plan``, ``policy test|lint|replay``, or of a failure.

    ``files`` name it where its first line marks whose it is.
    """
    match document["kind"]:
        case "ChangeSetDocument":
            return _changeset(document, files)
        case "PolicyTestDocument":
            lines = policy_markdown.cases(document)
        case "PolicyLintDocument":
            lines = policy_markdown.ship(document)
        case "PolicyReplayDocument":
            lines = policy_markdown.shifts(document)
        case _:
            lines = _findings(document)
    return text_of([marker(files), *lines])


def _changeset(document: Mapping[str, Any], files: Sequence[str]) -> str:
    summary = document["summary"]
    figures = (
        f"{summary['add']:,} to add, {summary['change']:,} to change, {summary['destroy']:,} to destroy, "
        f"{summary['side_effects']:,} side effects"
    )
    head = [
        marker(files),
        f"### agentctl plan {code(document['short'])}: {_OUTCOMES[stopped(document)]}",
        "",
        f"{figures}. On {code(document['tenant'])} / {code(document['environment'])}.",
        "",
    ]
    head += _broken_glass(document)
    head += fitting([line for risk in document["risks"] for line in _risk(risk)], _RISKS)
    head += _author(document)
    tail = ["", *_edits(document), *_claims(document["claims"])]
    for following in document["next"]:
        tail += [_own(following["why"]), "", *block([following["command"]]), ""]
    tail += [f"Digest {code(document['digest'])}"]
    page = Page(Look(width=_WIDTH))
    draw_steps(page, document)
    opening = ["", "<details><summary>The changes</summary>", ""]
    closing = ["", "</details>", ""]
    room = BUDGET - size([*head, *opening, *closing, *tail])
    see = f"agentctl show {document['short']} --diff full"
    return text_of([*head, *opening, *block(cut(page.text().splitlines(), room, see)), *closing, *tail])


def _broken_glass(document: Mapping[str, Any]) -> list[str]:
    lines = [
        f"**The glass is broken** by {code(item['person'])} until {code(item['until'])}: {code(item['reason'])}"
        for item in document["overrides"]
        if item["break_glass"]
    ]
    return [*lines, ""] if lines else []


def _author(document: Mapping[str, Any]) -> list[str]:
    author, agent = document["author"], code(document["claims"]["agent"])
    if author["standing"] == "claimed":
        return ["", f"Agent {agent}: {code(author['why'])}"] if author["why"] else []
    said = "proven" if author["standing"] == "proven" else "proven for what it wrote"
    return ["", f"Agent {agent}: {said}, signed with {code(author['key'])}"]


def _edits(document: Mapping[str, Any]) -> list[str]:
    if not document["edits"]:
        return []
    page = Page(Look(width=_WIDTH))
    draw_edits(page, document)
    see = f"agentctl show {document['short']} --diff full"
    return ["**Edited by a person**", "", *block(cut(page.text().strip().splitlines(), _PROSE, see)), ""]


def _findings(document: Mapping[str, Any]) -> list[str]:
    found = annotate(document)
    errors = sum(item.level == "error" for item in found)
    verdict = f"{errors:,} error{'' if errors == 1 else 's'}" if errors else "valid"
    head = [f"### agentctl: {verdict}", ""]
    lines = []
    for item in found:
        where = code(f"{item.file}:{item.line}:{item.column}") + " " if item.file else ""
        lines.append(f"- {item.level.value}: {where}{code(item.title)} {code(item.text)}")
    return [*head, *fitting(lines, BUDGET - size(head))]


def _own(text: str) -> str:
    """Return words of ours as they are; what does not look like them as code."""
    return text if _PLAIN.fullmatch(text) else code(text)


def _claims(claims: Mapping[str, Any]) -> list[str]:
    said = [("agent", claims["agent"]), ("requested by", claims["requested_by"]), ("intent", claims["intent"])]
    said += [(f"why {item['step']}", item["text"]) for item in claims["because"]]
    lines = [f"{name}: {line}" for name, text in said if text for line in safe.lines(text)]
    return ["**The agent says** (claims, not facts)", "", *block(cut(lines, _PROSE, "agentctl show")), ""]


def _risk(risk: Mapping[str, Any]) -> list[str]:
    items = [f"  - {_item(item)}" for item in risk["items"][:_LISTED]]
    return [f"- **{_own(risk['title'])}**", *items, *more(len(risk["items"]) - _LISTED, "  ")]


def _item(item: Mapping[str, Any]) -> str:
    named = ", ".join(item["steps"][:_LISTED])
    left = len(item["steps"]) - _LISTED
    steps = code(named) + (f" and {left:,} more" if left > 0 else "")
    rule = " · " + code(f"{item['rule']} {item['place']}".strip()) if item["rule"] else ""
    why = f": {code(item['why'])}" if item["why"] else ""
    return f"{steps}{why}{rule}"
