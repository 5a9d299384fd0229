"""Whether a record's body has the shape its kind says, by the published schema. What it means is ``replay``'s part."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from agentctl import resources
from agentctl.syntax.schema import is_valid
from agentctl.trace.record import Kind, Record


def fits(record: Record) -> bool:
    """Whether the body is one of its kind: a chain says that a line is in its place, and not that it says anything."""
    return is_valid(_schema(record.kind), record.body, ours=True)


@cache
def _schema(kind: Kind) -> Mapping[str, Any]:
    """Return the schema of one kind's bodies: of all the rules about records, those for this kind."""
    whole = resources.schema("trace")
    every = {"type": "object", "properties": {"torn": whole["$defs"]["torn"]}}
    rules = [rule["then"]["properties"]["body"] for rule in whole["$defs"].values() if _is_for(rule, kind)]
    return {"allOf": [every, *rules], "$defs": whole["$defs"]}


def _is_for(rule: Mapping[str, Any], kind: Kind) -> bool:
    if "if" not in rule:
        return False
    which = rule["if"]["properties"]["kind"]
    return kind.value in which.get("enum", (which.get("const"),))
