"""A document as Markdown for a step summary or a pull-request comment: short, risk first, the diff folded.

Foreign text stands in code only, where no mention, link, image, HTML or table can begin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from agentctl.views import safe
from agentctl.views.annotations import annotate
from agentctl.views.look import Look
from agentctl.views.page import Page
from agentctl.views.terminal.changeset import draw_steps

_BUDGET = 65_000            # bytes; a comment holds 65,536 characters
_WIDTH = 100
_LISTED = 20
_LONGEST = 400
_PROSE = 4_000
_PLAIN = re.compile(r"[A-Za-z0-9 ,.:]+")
_BACKTICKS = re.compile(r"`+")

_OUTCOMES = {
    "refused": "refused by policy",
    "held": "waits for consent",
    "ready": "allowed by policy",
    "no-changes": "nothing to do",
}


def markdown(document: Mapping[str, Any], files: Sequence[str] = ()) -> str:
    """Return a Diagnostics-, ChangeSet- or ErrorDocument; ``files`` name it where its first line marks whose it is."""
    if document["kind"] == "ChangeSetDocument":
        return _changeset(document, files)
    return _findings(document, files)


def _changeset(document: Mapping[str, Any], files: Sequence[str]) -> str:
    summary = document["summary"]
    figures = (
        f"{summary['add']:,} to add, {summary['change']:,} to change, {summary['destroy']:,} to destroy, "
        f"{summary['side_effects']:,} side effects"
    )
    head = [
        _marker(files),
        f"### agentctl plan {code(document['short'])}: {_OUTCOMES[document['outcome']]}",
        "",
        f"{figures}. On {code(document['tenant'])} / {code(document['environment'])}.",
        "",
    ]
    for risk in document["risks"]:
        head.append(f"- **{_own(risk['title'])}**")
        head += [f"  - {_item(item)}" for item in risk["items"][:_LISTED]]
        head += _more(len(risk["items"]) - _LISTED, "  ")
    tail = ["", *_claims(document["claims"])]
    for following in document["next"]:
        tail += [_own(following["why"]), "", *block([following["command"]]), ""]
    tail += [f"Digest {code(document['digest'])}"]
    page = Page(Look(width=_WIDTH))
    draw_steps(page, document)
    opening = ["", "<details><summary>The changes</summary>", ""]
    closing = ["", "</details>", ""]
    room = _BUDGET - _size([*head, *opening, *closing, *tail])
    see = f"agentctl show {document['short']} --diff full"
    return _text([*head, *opening, *block(_cut(page.text().splitlines(), room, see)), *closing, *tail])


def _findings(document: Mapping[str, Any], files: Sequence[str]) -> str:
    found = annotate(document)
    errors = sum(item.level == "error" for item in found)
    verdict = f"{errors:,} error{'' if errors == 1 else 's'}" if errors else "valid"
    lines = [_marker(files), f"### agentctl: {verdict}", ""]
    room = _BUDGET - _size(lines)
    for number, item in enumerate(found):
        where = code(f"{item.file}:{item.line}:{item.column}") + " " if item.file else ""
        line = f"- {item.level.value}: {where}{code(item.title)} {code(item.text)}"
        room -= _size([line])
        if room < _LONGEST:
            lines += _more(len(found) - number, "")
            break
        lines.append(line)
    return _text(lines)


def code(text: str) -> str:
    """Return foreign ``text`` as a code span, whatever it holds; long text is cut."""
    shown = safe.line(text)
    if len(shown) > _LONGEST:
        shown = f"{shown[:_LONGEST]}…"
    if not shown.strip():
        return "(nothing)"
    ticks = "`" * (_longest_run(shown) + 1)
    return f"{ticks} {shown} {ticks}" if shown[0] in "` " or shown[-1] in "` " else f"{ticks}{shown}{ticks}"


def block(lines: Sequence[str]) -> list[str]:
    """Return lines as a fenced block whose fence none of them can close."""
    shown = [safe.escape(line) for line in lines]
    fence = "`" * max(3, 1 + max(map(_longest_run, shown), default=0))
    return [f"{fence}text", *shown, fence]


def _own(text: str) -> str:
    """Return words of ours as they are; what does not look like them as code."""
    return text if _PLAIN.fullmatch(text) else code(text)


def _claims(claims: Mapping[str, Any]) -> list[str]:
    said = [("agent", claims["agent"]), ("requested by", claims["requested_by"]), ("intent", claims["intent"])]
    said += [(f"why {item['step']}", item["text"]) for item in claims["because"]]
    lines = [f"{name}: {line}" for name, text in said if text for line in safe.lines(text)]
    return ["**The agent says** (claims, not facts)", "", *block(_cut(lines, _PROSE, "agentctl show")), ""]


def _item(item: Mapping[str, Any]) -> str:
    named = ", ".join(item["steps"][:_LISTED])
    more = len(item["steps"]) - _LISTED
    steps = code(named) + (f" and {more:,} more" if more > 0 else "")
    rule = " · " + code(f"{item['rule']} {item['place']}".strip()) if item["rule"] else ""
    why = f": {code(item['why'])}" if item["why"] else ""
    return f"{steps}{why}{rule}"


def _more(count: int, indent: str) -> list[str]:
    return [f"{indent}- … {count:,} more: `--format json` has all of them"] if count > 0 else []


def _cut(lines: Sequence[str], room: int, see: str) -> list[str]:
    """Return as many lines as ``room`` bytes hold, two thirds from the beginning, and how many are left out."""
    wide = [line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…" for line in lines]
    # Fences take part of the room: twice the longest run of backticks, and the words of what is left out.
    room -= 400 + 2 * max(map(_longest_run, wide), default=0)
    if _size(wide) <= room:
        return wide
    head, used = _fitting(wide, room * 2 // 3)
    tail, _ = _fitting(wide[len(head):][::-1], room - used)
    left = len(wide) - len(head) - len(tail)
    return [*head, f"… {left:,} lines left out. To see all of it: {see}", *reversed(tail)]


def _fitting(lines: Sequence[str], room: int) -> tuple[list[str], int]:
    used = 0
    for number, line in enumerate(lines):
        if used + _size([line]) > room:
            return list(lines[:number]), used
        used += _size([line])
    return list(lines), used


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode("utf-8", "backslashreplace")) + 1 for line in lines)


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)


def _marker(files: Sequence[str]) -> str:
    """Return the line by which a job finds its own comment again: it says nothing a stranger could write."""
    name = sha256("\0".join(files).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return f"<!-- agentctl:{name} -->"


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
