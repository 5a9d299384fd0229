"""What is told about a policy as Markdown, for a wiki or a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agentctl.views.counted import counted
from agentctl.views.document.policy_constraints import freeze_facts
from agentctl.views.document.policy_show import (
    breaker_facts,
    glass,
    grant_facts,
    invariant_facts,
    lifters,
    limit_words,
    undoers,
)
from agentctl.views.markdown_text import BUDGET, cell, code, fitting, size


def policy_markdown(document: Mapping[str, Any]) -> str:
    """Return a table for each role, one of what holds for everybody, breakers, and who may undo."""
    lines = [f"## Policy {code(document['digest'].removeprefix('sha256:')[:12])} from {code(document['from'])}"]
    for role in document["roles"]:
        held = ", ".join(map(code, role["agents"])) or "nobody"
        lines += ["", f"### Role {code(role['role'])}, held by {held}", ""]
        if role["limits"]:
            lines += [f"All of it together: {'; '.join(code(limit_words(limit)) for limit in role['limits'])}.", ""]
        lines += _table(
            (grant["grant"], grant["place"], grant_facts(grant)) for grant in role["grants"]
        )
    if document["invariants"]:
        lines += ["", "### For everybody", ""]
        lines += _table(
            (item["invariant"], item["place"], invariant_facts(item)) for item in document["invariants"]
        )
    if document["freezes"]:
        lines += ["", "### Freezes", ""]
        lines += _table((item["freeze"], item["place"], freeze_facts(item)) for item in document["freezes"])
    if document["breakers"]:
        lines += ["", "### Breakers", ""]
        lines += _table((item["id"], item["place"], breaker_facts(item)) for item in document["breakers"])
    ends = [f"Undo: {code(undoers(document))}", "", f"Break glass: {code(glass(document))}", ""]
    ends += [f"Lift halts: {code(lifters(document))}"]
    return "\n".join([*lines, "", *ends]) + "\n"


def cases(document: Mapping[str, Any]) -> list[str]:
    """Return a PolicyTestDocument: the cases that fail, then the rules no case reached."""
    count, failed = len(document["cases"]), document["failed"]
    verdict = f"{failed:,} of {count:,} cases fail" if failed else f"{count:,} cases as expected"
    missed = [rule for rule in document["rules"] if not rule["reached"]]
    head = [f"### agentctl policy test: {verdict}", ""]
    rows = [
        f"| {cell(case['name'])} | {cell(case['place'])} | {'; '.join(_differences(case))} |"
        for case in document["cases"] if not case["passes"]
    ]
    if rows:
        head += ["| case | at | differs |", "|---|---|---|"]
    rules = f"{len(document['rules']):,} rules of {code(document['policy'])}"
    told = f"{rules}, of which {len(missed):,} took effect in no case."
    unreached = ["", told, "", *(f"- {code(rule['rule'])} {code(rule['place'])}" for rule in missed)]
    return [*head, *fitting(rows, BUDGET // 2), *fitting(unreached, BUDGET // 3)]


def ship(document: Mapping[str, Any]) -> list[str]:
    """Return a PolicyLintDocument: what is wrong, then each role's capabilities with what they lack."""
    errors, warnings, missing = (document[f"{name}_count"] for name in ("error", "warning", "missing"))
    found = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
    head = [
        f"### agentctl policy lint: {'ship' if document['ships'] else 'no-ship'}", "",
        f"{found}, {counted(missing, 'control')} missing in {code(document['policy'])}.", "",
    ]
    findings = [
        f"- {item['severity']}: {_place(item)}{code(item['summary'])} {code(item['detail'])}"
        for item in document["findings"]
    ]
    rows = [
        f"| {cell(item['role'])} | {cell(item['connector'])} | {item['capability']} | "
        f"{'ship' if item['ships'] else '**no-ship**'} | {'; '.join(_lacking(item))} |"
        for item in document["capabilities"]
    ]
    table = ["", "| role | connector | up to | | missing |", "|---|---|---|---|---|"] if rows else []
    return [*head, *fitting(findings, BUDGET // 2), *table, *fitting(rows, BUDGET // 3)]


def shifts(document: Mapping[str, Any]) -> list[str]:
    """Return a PolicyReplayDocument: the figures, then what the two policies don't answer alike, widening first."""
    verdict = "**widens**" if document["widens"] else "does not widen"
    head = [
        f"### agentctl policy replay: the new policy {verdict} what was recorded", "",
        f"{document['changes']:,} recorded changes under {code(document['base'])} and {code(document['new'])}.", "",
        "| answer | changes |", "|---|---|",
        *(f"| {kind} | {count:,} |" for kind, count in document["counts"].items()),
    ]
    names = ("run", "step", "action", "target", "old", "new", "why")
    rows = [f"| {item['shift']} | {' | '.join(cell(item[name]) for name in names)} |" for item in document["shifts"]]
    if rows:
        head += ["", "| | run | step | action | target | old | new | why |", "|---|---|---|---|---|---|---|---|"]
    return [*head, *fitting(rows, BUDGET - size(head))]


def _differences(case: Mapping[str, Any]) -> list[str]:
    return [
        f"{item['part']}: expected {cell(item['expected'])}, got {cell(item['actual'])}" for item in case["differences"]
    ]


def _lacking(capability: Mapping[str, Any]) -> list[str]:
    return [f"{item['control']}: {cell(item['why'])}" for item in capability["controls"] if not item["met"]]


def _place(item: Mapping[str, Any]) -> str:
    return code(f"{item['file']}:{item['line']}:{item['column']}") + " " if item["file"] else ""


def _table(rules: Iterable[tuple[str, str, list[tuple[str, str]]]]) -> list[str]:
    rows = [
        f"| {cell(name)} | {cell(place)} | {'<br>'.join(f'{word} {cell(text)}' for word, text in facts)} |"
        for name, place, facts in rules
    ]
    return ["| rule | at | says |", "|---|---|---|", *rows]
