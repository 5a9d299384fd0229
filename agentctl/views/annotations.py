"""What a document has to say about places in files, one remark each: what CI systems show beside the lines.

The remarks hold foreign text as it is; each format escapes it in its own way.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from agentctl.facts import dataclass, replace
from agentctl.model.policy_report import Shift
from agentctl.views.document.risks import denied

_LONGEST = 2_000         # characters of a remark: values may be as long as a plan
_STOPPED = {"rejection": "Rejected", "halt": "Halted", "doubt": "In doubt"}
_TIGHTER = (Shift.TIGHTENED, Shift.MORE_LIMITED)


class Level(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True)
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
    """Return the remarks of a document of ``validate``, ``plan``, ``policy test|lint|replay``, or of a failure.

    The gravest come first, else they are in the order of lines.
    """
    match document["kind"]:
        case "ChangeSetDocument":
            found = [item for step in document["steps"] for item in _step(step)]
        case "PolicyTestDocument":
            found = [_case(case) for case in document["cases"] if not case["passes"]]
            found += [_unreached(rule) for rule in document["rules"] if not rule["reached"]]
        case "PolicyLintDocument":
            found = [_diagnostic(item) for item in document["findings"]]
            found += [item for capability in document["capabilities"] for item in _lacking(capability)]
        case "PolicyReplayDocument":
            found = [_shift(item, wanted=document["widening_wanted"]) for item in document["shifts"]]
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
        rule = deciding[0]["rule"] if deciding and denied(step) else "refused"
        title = "Denied by policy" if denied(step) else _STOPPED[next(word for word in _STOPPED if step[word])]
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


def _case(case: Mapping[str, Any]) -> Annotation:
    """Return what differs of a case of policy that fails, and which rules answered."""
    told = [
        f"{item['part']}: expected {item['expected']}, got {item['actual'] or 'nothing'}"
        for item in case["differences"]
    ]
    told += [f"{item['rule']} {item['place']}: {item['reason']}".strip() for item in case["findings"]]
    text = f"{case['name']}: {'; '.join(told)}"
    return Annotation(
        level=Level.ERROR, rule="policy-test", title="Policy answers otherwise", text=text, **_place(case["place"])
    )


def _unreached(rule: Mapping[str, Any]) -> Annotation:
    text = f"{rule['rule']} takes effect in no case, so nothing would tell if it stopped doing so."
    return Annotation(
        level=Level.NOTE, rule="no-case", title="Rule without a case", text=text, **_place(rule["place"])
    )


def _lacking(capability: Mapping[str, Any]) -> list[Annotation]:
    what = f"role {capability['role']} can {capability['capability']} on {capability['connector']}"
    return [
        Annotation(
            level=Level.ERROR,
            rule="no-ship",
            title="Control missing",
            text=f"{control['control']}: {what}; {control['why']}",
            **_place(control["place"]),
        )
        for control in capability["controls"] if not control["met"]
    ]


def _shift(item: Mapping[str, Any], *, wanted: bool) -> Annotation:
    """Return one recorded change that two policies don't answer alike, at the rule of the new one that answers."""
    shift = Shift(item["shift"])
    level = Level.ERROR if shift.widens and not wanted else Level.NOTE if shift in _TIGHTER else Level.WARNING
    answers = f"{item['old']} → {item['new']}; " if item["old"] else ""
    rule = f"{item['rule']} {item['place']}: ".lstrip() if item["rule"] else ""
    return Annotation(
        level=level,
        rule=shift.replace(" ", "-"),
        title=shift.capitalize(),
        text=f"run {item['run']} step {item['step']}: {item['action']} {item['target']}: {answers}{rule}{item['why']}",
        **_place(item["new_place"]),
    )


def _place(place: str) -> dict[str, Any]:
    """Return ``file:line:column`` in parts. Of no place, nothing."""
    if not place:
        return {}
    file, line, column = place.rsplit(":", 2)
    return {"file": file, "line": int(line), "column": int(column)}
