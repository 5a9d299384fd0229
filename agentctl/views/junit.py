"""A document as JUnit XML, which CI systems show beside other tests: a case for each file, step, case of policy…"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from agentctl.views import safe
from agentctl.views.annotations import Annotation, Level, annotate


class _Case(NamedTuple):
    """``verdict`` is ``failure``, ``error``, ``skipped`` or nothing; ``told`` are the reasons."""

    name: str
    place: str
    verdict: str
    told: Sequence[str]


def junit(document: Mapping[str, Any], files: Sequence[str] = ()) -> str:
    """Return one test suite. A denied step fails, one that waits for consent is skipped, what could not run errs."""
    match document["kind"]:
        case "ChangeSetDocument":
            suite, cases = "agentctl plan", [_step(step) for step in document["steps"]]
        case "PolicyTestDocument":
            suite, cases = "agentctl policy test", [_of_policy(case) for case in document["cases"]]
        case "PolicyLintDocument":
            suite, cases = "agentctl policy lint", _ship(document)
        case "PolicyReplayDocument":
            suite, cases = "agentctl policy replay", _shifts(document)
        case "ErrorDocument":
            told = [_told(item) for item in annotate(document)]
            suite, cases = "agentctl", [_Case(", ".join(files) or "agentctl", "", "error", told)]
        case _:
            suite, cases = "agentctl validate", _files(document)
    counts = {verdict: sum(case.verdict == verdict for case in cases) for verdict in ("failure", "error", "skipped")}
    figures = f'tests="{len(cases)}" failures="{counts["failure"]}" errors="{counts["error"]}"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="{suite}" {figures}>',
        f'  <testsuite name="{suite}" {figures} skipped="{counts["skipped"]}" time="0">',
    ]
    for case in cases:
        lines += _lines(case)
    return "\n".join([*lines, "  </testsuite>", "</testsuites>"]) + "\n"


def _step(step: Mapping[str, Any]) -> _Case:
    place = step["place"]
    told = [item.text for item in annotate({"kind": "ChangeSetDocument", "steps": [step]})]
    verdict = {"refuse": "failure", "hold": "skipped"}.get(step["ruling"], "")
    return _Case(step["id"], f"{place['file']}:{place['line']}" if place else step["action"], verdict, told)


def _files(document: Mapping[str, Any]) -> list[_Case]:
    found = annotate(document)
    names = dict.fromkeys([*document["files"], *(item.file for item in found)])
    cases = []
    for name in names:
        own = [item for item in found if item.file == name]
        verdict = "failure" if any(item.level is Level.ERROR for item in own) else ""
        cases.append(_Case(name or "workspace", "plan", verdict, [_told(item) for item in own]))
    return cases


def _of_policy(case: Mapping[str, Any]) -> _Case:
    told = [] if case["passes"] else [item.text for item in annotate(_only(case))]
    return _Case(case["name"], case["place"], "" if case["passes"] else "failure", told)


def _only(case: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "PolicyTestDocument", "cases": [case], "rules": []}


def _ship(document: Mapping[str, Any]) -> list[_Case]:
    """Return a case for the rules' own faults, and one for each role on each connector."""
    faults = [_told(item) for item in annotate({**document, "capabilities": []})]
    cases = [_Case("rules", "policy", "failure" if document["error_count"] else "", faults)]
    for item in document["capabilities"]:
        told = [_told(one) for one in annotate({**document, "findings": [], "capabilities": [item]})]
        name = f"{item['role']} on {item['connector']}: up to {item['capability']}"
        cases.append(_Case(name, "ship", "" if item["ships"] else "failure", told))
    return cases


def _shifts(document: Mapping[str, Any]) -> list[_Case]:
    """Return a case for each change that is answered otherwise, and one for all that are answered alike."""
    cases = [_Case(f"{document['counts']['same']} answered alike", "same", "", ())]
    for item in document["shifts"]:
        found, = annotate({**document, "shifts": [item]})
        verdict = "failure" if found.level is Level.ERROR else ""
        cases.append(_Case(f"{item['run']} {item['step']}", item["shift"], verdict, [found.text]))
    return cases


def _told(item: Annotation) -> str:
    where = f"{item.file}:{item.line}:{item.column}: " if item.file else ""
    return f"{where}{item.title} ({item.rule}). {item.text}"


def _lines(case: _Case) -> list[str]:
    opening = f'    <testcase name="{_text(case.name)}" classname="{_text(case.place)}" time="0"'
    if not case.told:
        return [f"{opening}/>"]
    told = "\n".join(map(_text, case.told))
    if case.verdict:
        inner = f'<{case.verdict} message="{_text(case.told[0])}" type="agentctl">{told}</{case.verdict}>'
        if case.verdict == "skipped":
            inner = f'<skipped message="{_text("; ".join(case.told))}"/>'
    else:
        inner = f"<system-out>{told}</system-out>"
    return [f"{opening}>", f"      {inner}", "    </testcase>"]


def _text(text: str) -> str:
    # What shows itself only: XML holds no control characters, not even escaped ones.
    return escape(safe.line(text))
