"""The arguments of one step as a text of their own, and a whole plan as the text it could have been read from."""

from __future__ import annotations

from typing import Any

from agentctl.model.action import ActionSpec
from agentctl.model.canonical import canonical
from agentctl.model.plan import Argument, Plan, plan_to_wire
from agentctl.planfile.arguments import judge
from agentctl.planfile.codes import Code
from agentctl.planfile.findings import Findings
from agentctl.planfile.references import Reading
from agentctl.syntax import yaml
from agentctl.syntax.document import invalid


def read_arguments(data: bytes, file: str, spec: ActionSpec | None = None) -> dict[str, Argument]:
    """Return the arguments that ``data`` writes down. Raises Invalid with every diagnostic.

    With ``spec`` they are judged by its schema; whether what they refer to exists is the whole plan's matter.
    """
    document = yaml.read(data, file)
    findings, value = Findings(document), document.value
    if not isinstance(value, dict):
        findings.error(Code.BAD_VALUE, "Not a mapping", "A draft holds the action's arguments by their names.", ())
        raise invalid(file, findings.in_order())
    reading = Reading(findings)
    arguments = {name: reading.read(item, (name,)) for name, item in value.items()}
    if spec is not None:
        judge(spec, document.wire(value), arguments, reading, ())
    if findings.any_error:
        raise invalid(file, findings.in_order())
    return arguments


def as_file(plan: Plan) -> bytes:
    """Return a text that loads as ``plan``, as its agent could have written it: as JSON, which is accepted too."""
    wire = plan_to_wire(plan)
    wire.pop("edited", None)
    kept = {name: item for name, item in wire.items() if item not in ("", [])}
    kept["evidence"] = [_without_empty(item) for item in wire["evidence"]]
    kept["steps"] = [_without_empty(step) | {"needs": step["needs"]} for step in wire["steps"]]
    return canonical({"version": 1, "kind": "Plan", **kept})


def _without_empty(wire: dict[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in wire.items() if item not in ("", [], {})}
