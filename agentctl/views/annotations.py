"""What a document has to say about places in files, one remark each: what CI systems show beside the lines.

The remarks hold foreign text as it is; each format escapes it in its own way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

_LONGEST = 2_000         # characters of a remark: values may be as long as a plan


class Level(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One remark. ``rule`` is a slug of ours or a rule's id; without a ``file`` it is about no place."""

    level: Level
    rule: str
    title: str
    text: str
    file: str = ""
    line: int = 1
    column: int = 1


def annotate(document: Mapping[str, Any]) -> list[Annotation]:
    """Return the remarks of a Diagnostics-, ChangeSet- or ErrorDocument, gravest first, else in the order of lines."""
    match document["kind"]:
        case "ChangeSetDocument":
            found = [item for step in document["steps"] for item in _step(step)]
        case "ErrorDocument" if not document["diagnostics"]:
            found = [Annotation(
                level=Level.ERROR, rule="not-done", title=document["summary"],
                text=" ".join(filter(None, (document["detail"], document["hint"]))),
            )]
        case _:
            found = [_diagnostic(item) for item in document["diagnostics"]]
    grave = list(Level)
    return sorted(map(_cut, found), key=lambda item: grave.index(item.level))


def _cut(item: Annotation) -> Annotation:
    return item if len(item.text) <= _LONGEST else replace(item, text=f"{item.text[:_LONGEST]}…")


def _diagnostic(item: Mapping[str, Any]) -> Annotation:
    return Annotation(
        level=Level(item["severity"]),
        rule=item["code"],
        title=item["summary"],
        text=" ".join(filter(None, (item["detail"], item["hint"]))),
        file=item["file"] or "",
        line=item["line"] or 1,
        column=item["column"] or 1,
    )


def _step(step: Mapping[str, Any]) -> list[Annotation]:
    """Return what keeps a step from being executed, and that it cannot be undone."""
    place = step["place"] or {"file": "", "line": 1, "column": 1}
    what = f"step {step['id']}: {step['action']} {step['target']}"
    found = []
    deciding = [item for item in step["decision"]["findings"] if item["outcome"] in ("denies", "error")]
    if step["ruling"] == "refuse":
        rule = deciding[0]["rule"] if deciding and not step["halt"] else "refused"
        title = "Halted" if step["halt"] else "Denied by policy"
        why = step["why"] or (deciding[0]["reason"] if deciding else "no rule allows it")
        found.append(Annotation(level=Level.ERROR, rule=rule, title=title, text=f"{what}: {why}", **place))
    elif step["ruling"] == "hold":
        needs = "; ".join(need["what"] for need in step["needs"]) or "consent"
        found.append(
            Annotation(level=Level.WARNING, rule="held", title="Waits for consent", text=f"{what}: {needs}", **place)
        )
    if step["effect"] not in ("read", "no-op") and step["inverse"]["kind"] == "none":
        text = ": ".join(filter(None, (what, step["inverse"]["stays"])))
        found.append(
            Annotation(level=Level.WARNING, rule="irreversible", title="Cannot be undone", text=text, **place)
        )
    return found
