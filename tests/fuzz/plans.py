"""The plan loader and the reader of references, given any bytes: a Plan or diagnostics that can be acted on."""

from __future__ import annotations

import json
from typing import Any

from agentctl.errors import Invalid
from agentctl.model.canonical import canonical
from agentctl.model.diagnostic import Diagnostic, Severity
from agentctl.model.plan import Plan, argument_from_wire, argument_to_wire, plan_from_wire, plan_to_wire
from agentctl.planfile.draft import read_arguments
from agentctl.planfile.load import check, loads
from agentctl.syntax.writing import written
from tests.planfile.shop import catalog

CATALOG = catalog()
_ARGUMENT = (
    b"version: 1\nkind: Plan\nintent: i\nagent: support\nsteps:\n"
    b"  - {id: one, action: crm.row.insert, target: customers, with: {seats: 1}}\n"
    b"  - id: two\n    action: crm.row.update\n    target: customers/1\n    with:\n      extra: "
)


def load_plan(data: bytes) -> None:
    """Read a whole plan file."""
    file = "plan.json" if data[:1] in (b"{", b"[") else "plan.yaml"
    found = check(data, file, CATALOG)
    assert (found.plan is None) == any(item.severity is Severity.ERROR for item in found.diagnostics)
    _can_be_acted_on(found.diagnostics, data)
    if found.plan is not None:
        _comes_back(found.plan)


def load_argument(data: bytes) -> None:
    """Read what stands behind one argument: references, formats, tagged values, literals."""
    found = check(_ARGUMENT + data + b"\n", "plan.yaml", CATALOG)
    _can_be_acted_on(found.diagnostics, _ARGUMENT + data + b"\n")
    if found.plan is None:
        return
    _comes_back(found.plan)
    for step in found.plan.steps:
        wire = {name: argument_to_wire(value) for name, value in step.with_.items()}
        again = {name: argument_from_wire(item) for name, item in wire.items()}
        assert canonical({name: argument_to_wire(value) for name, value in again.items()}) == canonical(wire)
        # What a person is given to edit says the very same.
        drafted = read_arguments(written(wire).encode(), "draft.yaml")
        assert canonical({name: argument_to_wire(value) for name, value in drafted.items()}) == canonical(wire)


def _comes_back(plan: Plan) -> None:
    wire = plan_to_wire(plan)
    assert plan_to_wire(plan_from_wire(json.loads(canonical(wire)))) == wire
    file: dict[str, Any] = {"version": 1, "kind": "Plan", **{key: item for key, item in wire.items() if item != ""}}
    file["evidence"] = [{key: item for key, item in entry.items() if item != ""} for entry in wire["evidence"]]
    try:
        again = loads(_escaped(file), "plan.json", CATALOG)
    except Invalid as error:
        raise AssertionError([item.detail for item in error.diagnostics]) from error
    assert again.digest == plan.digest


def _escaped(wire: Any) -> bytes:
    """JSON in which nothing stands that a file may not hold as it is."""
    return json.dumps(wire).replace("\x7f", "\\u007f").encode()


def _can_be_acted_on(diagnostics: tuple[Diagnostic, ...], data: bytes) -> None:
    lines = data.decode("utf-8", "replace").removeprefix("\ufeff").split("\n")
    for item in diagnostics:
        assert item.summary
        assert item.span is not None
        assert 1 <= item.span.line <= len(lines)
        assert 1 <= item.span.column <= len(lines[item.span.line - 1]) + 1
        (item.summary + item.detail + item.hint + item.source + (item.pointer or "")).encode()
