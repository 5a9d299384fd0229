"""From a plan file to a Plan, or to every diagnostic at once. Offline: of the world only evidence files are read."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from agentctl.errors import Invalid
from agentctl.facts import dataclass, replace
from agentctl.model.diagnostic import Diagnostic, Severity, Span
from agentctl.model.plan import Evidence, OnFailure, Plan
from agentctl.planfile import evidence
from agentctl.planfile.catalog import Catalog
from agentctl.planfile.codes import Code
from agentctl.planfile.findings import Findings
from agentctl.planfile.steps import Steps
from agentctl.resources import schema as load_schema
from agentctl.syntax import schema, yaml
from agentctl.syntax.codes import Code as SyntaxCode
from agentctl.syntax.collector import paused
from agentctl.syntax.document import Pointer, invalid
from agentctl.syntax.problem import Problem
from agentctl.syntax.suggest import did_you_mean

_PLAN_WORDS: Final = {
    "description": "intent", "goal": "intent", "title": "intent", "summary": "intent", "why": "intent",
    "author": "agent", "requester": "requested_by", "user": "requested_by", "sources": "evidence",
    "environment_name": "environment", "env": "environment", "actions": "steps", "tasks": "steps", "changes": "steps",
}
_STEP_WORDS: Final = {
    "params": "with", "parameters": "with", "args": "with", "arguments": "with", "inputs": "with", "input": "with",
    "depends_on": "needs", "dependson": "needs", "requires": "needs", "after": "needs",
    "resource": "target", "record": "target", "object": "target", "path": "target",
    "reason": "because", "rationale": "because", "description": "because", "why": "because",
    "tool": "action", "uses": "action", "op": "action", "operation": "action", "verb": "action",
}


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What came of a plan file: a Plan where there is no error, and all diagnostics, warnings included, in order."""

    file: str
    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...]


def load(path: str | Path, catalog: Catalog) -> Plan:
    """Return the plan in the file at ``path``. Raises Invalid with every diagnostic."""
    return _plan(check_file(path, catalog))


def loads(data: bytes, file: str, catalog: Catalog) -> Plan:
    """Return the plan in ``data``; messages call it ``file``. Raises Invalid with every diagnostic."""
    return _plan(check(data, file, catalog))


def check_file(path: str | Path, catalog: Catalog) -> Checked:
    """Return what there is to say of the plan file at ``path``, which need not be readable."""
    try:
        data = read(path)
    except Invalid as error:
        return Checked(file=str(path), plan=None, diagnostics=error.diagnostics)
    return check(data, str(path), catalog)


def read(path: str | Path) -> bytes:
    """Return what the file at ``path`` holds, one byte more than is ever parsed at most. Raises Invalid."""
    try:
        with Path(path).open("rb") as stream:
            return stream.read(yaml.DEFAULTS.size + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        found = Diagnostic(
            severity=Severity.ERROR,
            code=Code.UNREADABLE,
            summary="File not readable",
            detail=f"{why}.",
            span=Span(str(path), 1, 1),
        )
        raise invalid(str(path), (found,)) from error


def check(data: bytes, file: str, catalog: Catalog) -> Checked:
    """Return what there is to say of the plan in ``data``."""
    try:
        document = yaml.read(data, file)
    except Invalid as error:
        return Checked(file=file, plan=None, diagnostics=error.diagnostics)
    findings = Findings(document)
    with paused():
        plan = _read(document.value, findings, catalog)
    return Checked(file=file, plan=None if findings.any_error else plan, diagnostics=findings.in_order())


def _plan(checked: Checked) -> Plan:
    if checked.plan is None:
        raise invalid(checked.file, checked.diagnostics)
    return checked.plan


def _read(value: Any, findings: Findings, catalog: Catalog) -> Plan | None:
    wire = findings.document.wire(value)
    misshapen = _judge_shape(wire, findings, catalog)
    if not isinstance(value, dict) or findings.is_full:
        return None
    sound = _Sound(value, misshapen)
    _judge_claims(sound, catalog, findings)
    sources = _read_evidence(sound, catalog, findings)
    steps = Steps(catalog, findings, frozenset(item.id for item in sources), misshapen).read(sound.list("steps"), wire)
    if findings.any_error:
        return None
    return Plan(
        intent=value["intent"],
        agent=value["agent"],
        steps=steps,
        requested_by=value.get("requested_by", ""),
        evidence=sources,
        on_failure=OnFailure(value.get("on_failure", OnFailure.STOP)),
        tenant=value.get("tenant", ""),
        environment=value.get("environment", ""),
        source=findings.document.file,
    )


class _Sound:
    """The parts of a mapping that have the shape they should: what else is to be said of them is worth saying."""

    __slots__ = ("_misshapen", "_value")

    def __init__(self, value: Mapping[str, Any], misshapen: frozenset[Pointer]) -> None:
        self._value = value
        self._misshapen = misshapen

    def text(self, name: str) -> str:
        item = self._value.get(name)
        return item if isinstance(item, str) and (name,) not in self._misshapen else ""

    def list(self, name: str) -> list[Any]:
        item = self._value.get(name)
        return item if isinstance(item, list) and (name,) not in self._misshapen else []

    def has(self, pointer: Pointer) -> bool:
        return pointer not in self._misshapen


def _judge_shape(wire: Any, findings: Findings, catalog: Catalog) -> frozenset[Pointer]:
    """Add what the schema of plans finds, and return where."""
    misshapen: set[Pointer] = set()
    outline, parts = plan_schemas()
    for problem in _problems(wire, outline, parts):
        findings.add([_likened(_translated(problem), wire, catalog)])
        misshapen.add(problem.pointer)
        if findings.is_full:
            break
    return frozenset(misshapen)


def _problems(wire: Any, outline: Mapping[str, Any], parts: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """Yield what is wrong with the shape, entry by entry: the first hundred faults of a hundred thousand are enough."""
    lists = {name: wire[name] for name in parts if isinstance(wire, dict) and isinstance(wire.get(name), list)}
    whole = {**wire, **{name: [None] * len(entries) for name, entries in lists.items()}} if lists else wire
    found = schema.problems(outline, whole, ours=True)
    yield from found
    broken = {problem.pointer for problem in found}
    for name, entries in lists.items():
        if (name,) in broken:
            continue
        for index, entry in enumerate(entries):
            # What stands under `with` is the action's to judge.
            bare = {**entry, "with": {}} if isinstance(entry, dict) and isinstance(entry.get("with"), dict) else entry
            for problem in schema.problems(parts[name], bare, ours=True):
                yield replace(problem, pointer=(name, index, *problem.pointer))


def _translated(problem: Problem) -> Problem:
    """Add to an unknown key that is another tool's word what the word is here."""
    if problem.code != SyntaxCode.UNKNOWN_KEY or problem.hint:
        return problem
    words = _STEP_WORDS if len(problem.pointer) == 3 and problem.pointer[0] == "steps" else _PLAN_WORDS
    ours = words.get(str(problem.pointer[-1]).casefold().replace("-", "_"))
    return replace(problem, hint=f"Did you mean `{ours}`?") if ours else problem


def _likened(problem: Problem, wire: Any, catalog: Catalog) -> Problem:
    """Add to an agent's name with a letter no name can have which letter that is, and whose name it looks like."""
    if problem.pointer != ("agent",) or not isinstance(name := wire["agent"], str) or name.isascii() or problem.hint:
        return problem
    place, letter = next((place, letter) for place, letter in enumerate(name, 1) if not letter.isascii())
    which = f"Character {place} is U+{ord(letter):04X} {unicodedata.name(letter, 'without a name')}."
    return replace(problem, hint=f"{which} {did_you_mean(name, catalog.agents or ())}".rstrip())


@cache
def plan_schemas() -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the JSON Schema of plan files in two parts: without what lists hold, and of what each list holds."""
    whole = load_schema("plan")
    lists = {name: item for name, item in whole["properties"].items() if "items" in item}
    bare = {name: {key: rule for key, rule in item.items() if key != "items"} for name, item in lists.items()}
    outline = {**whole, "properties": {**whole["properties"], **bare}}
    names = {name: item["items"]["$ref"].rpartition("/")[2] for name, item in lists.items()}
    return outline, {name: {**whole["$defs"][of], "$defs": whole["$defs"]} for name, of in names.items()}


def _judge_claims(plan: _Sound, catalog: Catalog, findings: Findings) -> None:
    tenant, environment, agent = plan.text("tenant"), plan.text("environment"), plan.text("agent")
    if tenant and tenant != catalog.tenant:
        detail = f"The plan is for `{tenant}`, this workspace for `{catalog.tenant}`."
        findings.error(Code.WRONG_TENANT, "Wrong tenant", detail, ("tenant",))
    if environment and environment != catalog.environment:
        detail = f"The plan is for `{environment}`, this workspace for `{catalog.environment}`."
        findings.error(Code.WRONG_ENVIRONMENT, "Wrong environment", detail, ("environment",))
    if agent and catalog.agents is not None and agent not in catalog.agents:
        detail = f"Policy knows no agent `{agent}`."
        hint = did_you_mean(agent, catalog.agents)
        findings.error(Code.UNKNOWN_AGENT, "Unknown agent", detail, ("agent",), hint=hint)


def _read_evidence(plan: _Sound, catalog: Catalog, findings: Findings) -> tuple[Evidence, ...]:
    reader = evidence.Reader(catalog.root)
    known: dict[str, Evidence] = {}
    for index, item in enumerate(plan.list("evidence")):
        pointer = ("evidence", index)
        if not isinstance(item, dict) or not isinstance(name := item.get("id"), str):
            continue
        if name in known:
            detail = f"Evidence `{name}` is listed above."
            findings.error(Code.DUPLICATE_EVIDENCE, "Duplicate evidence id", detail, (*pointer, "id"))
            continue
        texts = {key: text for key in ("uri", "quote", "sha256") if isinstance(text := item.get(key), str)}
        sound = all(plan.has((*pointer, key)) for key in texts) and "uri" in texts
        stated = Evidence(id=name, **{"uri": "", **texts})
        known[name] = replace(stated, sha256=evidence.pin(stated, pointer, reader, findings)) if sound else stated
    return tuple(known.values())
