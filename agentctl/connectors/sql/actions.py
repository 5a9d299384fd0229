"""What the sql connector offers: its ActionSpecs, and nothing that acts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.facts import replace
from agentctl.model.action import (
    ActionSpec,
    Fidelity,
    Precondition,
    Readback,
    Reversibility,
    Settlement,
    Tier,
)

_OPEN: dict[str, Any] = {"type": "object", "additionalProperties": True}
_ROW = {**_OPEN, "description": "Columns and their values."}
_SET = {**_OPEN, "minProperties": 1, "description": "Columns and what they become."}
_WHERE: dict[str, Any] = {
    "type": "object",
    "description": "COLUMN: value, or COLUMN: {eq|ne|lt|le|gt|ge|in|like|is_null: …}; all must hold. any: [where, …].",
    "additionalProperties": True,
}
_CAP: dict[str, Any] = {
    "type": "integer",
    "minimum": 1,
    "description": "The step is refused where more rows match.",
}
_STATEMENTS: dict[str, Any] = {
    "type": "array",
    "items": {"type": "string", "minLength": 1},
    "minItems": 1,
    "description": "SQL statements, one an entry, run as they are written.",
}


def _object(required: tuple[str, ...], **properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_READ = ActionSpec(
    verb="row.read",
    summary="Read one row.",
    target="TABLE/KEY, as in customers/42; a composite key is customers/eu,42",
    arguments=_object(()),
    record=_ROW,
    tier=Tier.READ,
    reversibility=Reversibility.EXACT,
    preview=Fidelity.EXACT,
    settlement=Settlement.LOCAL,
    readback=Readback.NONE,
)
_READ_MANY = replace(
    _READ,
    verb="rows.read",
    summary="Read the rows a condition matches.",
    target="TABLE, as in customers",
    arguments=_object(("where", "max_rows"), where=_WHERE, max_rows=_CAP),
)
_UPDATE = ActionSpec(
    verb="row.update",
    summary="Set the given columns of one row; other columns stay.",
    target="TABLE/KEY, as in customers/42",
    arguments=_SET,
    record=_ROW,
    tier=Tier.WRITE,
    reversibility=Reversibility.EXACT,
    stays="What triggers did stays; columns they write are written again.",
    preview=Fidelity.EXACT,
    precondition=Precondition.ENFORCED,
    settlement=Settlement.CONDITIONAL,
    readback=Readback.RECORD,
)
_INSERT = replace(
    _UPDATE,
    verb="row.insert",
    summary="Insert one row; a key that is not given is assigned by the database.",
    target="TABLE or TABLE/KEY, as in customers or customers/42",
    arguments=_ROW,
    stays="A number a sequence gave out is not given out again; what triggers did stays.",
    settlement=Settlement.ASK,          # two rows look the same where the database assigns the key
)
_DELETE = replace(
    _UPDATE,
    verb="row.delete",
    summary="Delete one row, and what its foreign keys delete or empty with it.",
    arguments=_object(()),
)
_UPDATE_MANY = replace(
    _UPDATE,
    verb="rows.update",
    summary="Set columns of every row a condition matches, at most as many as the step says.",
    target="TABLE, as in customers",
    arguments=_object(
        ("where", "set", "max_rows"), where={**_WHERE, "minProperties": 1}, set=_SET, max_rows=_CAP
    ),
)
_DELETE_MANY = replace(
    _UPDATE_MANY,
    verb="rows.delete",
    summary="Delete every row a condition matches, at most as many as the step says.",
    arguments=_object(("where", "max_rows"), where={**_WHERE, "minProperties": 1}, max_rows=_CAP),
)
_RESTORE = replace(
    _UPDATE,
    verb="rows.restore",
    summary="Put rows back as they were: changed columns, deleted rows, and none that were not there.",
    target="TABLE or TABLE/KEY of the step that is undone",
    arguments=_object(
        ("insert", "update", "delete"),
        insert={"type": "object", "additionalProperties": _ROW},
        update={"type": "object", "additionalProperties": _ROW},
        delete={"type": "array", "items": {"type": "string"}},
    ),
    inverse_only=True,
)
_MIGRATE = ActionSpec(
    verb="migration.run",
    summary="Run SQL statements, all of them or none, in one transaction.",
    target="schema",
    arguments=_object(("up",), up=_STATEMENTS, down=_STATEMENTS),
    record={
        "type": "object",
        "properties": {"tables": {"type": "object"}, "other": {"type": "object"}},
        "additionalProperties": False,
    },
    tier=Tier.EXECUTE,
    reversibility=Reversibility.COMPENSATING,
    stays="Undone only by the `down` the plan gives; rows and values that `up` removed do not come back.",
    preview=Fidelity.NONE,
    precondition=Precondition.CHECKED,
    settlement=Settlement.ASK,
    readback=Readback.RECORD,
)
_SPECS = (
    _READ, _READ_MANY, _INSERT, _UPDATE, _DELETE, _UPDATE_MANY, _DELETE_MANY, _RESTORE, _MIGRATE,
)


def specs(
    sensitive: frozenset[str] = frozenset(),
    sealed: frozenset[str] = frozenset(),
    volatile: frozenset[str] = frozenset(),
    *,
    local: bool = False,
) -> dict[str, ActionSpec]:
    """Return the actions by verb, with the columns an instance's settings name.

    Of a ``local`` database, a file, an unfinished transaction dies with our process: what it holds decides.
    """
    return {
        spec.verb: spec
        if spec.verb == "migration.run"
        else replace(
            spec,
            sensitive=sensitive,
            sealed=sealed,
            volatile=volatile,
            settlement=Settlement.LOCAL if local and spec.settlement is Settlement.CONDITIONAL else spec.settlement,
        )
        for spec in _SPECS
    }
