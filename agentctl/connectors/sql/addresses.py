"""Which addresses a step reads and writes, told from the step alone. Nothing here connects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from agentctl.connectors.sql import address as names
from agentctl.connectors.sql.tables import Scope
from agentctl.errors import Rejected
from agentctl.model.plan import Argument, Format, From, Secret, Step
from agentctl.model.snapshot import Address, new_address
from agentctl.model.values import Unknown


def addresses(scope: Scope, step: Step) -> tuple[Address, ...]:
    """Return what a preview of ``step`` reads. Raises Rejected for what lies outside the scope or is malformed."""
    match step.verb:
        case "row.read" | "row.update":
            return (row_address(scope, step.target),)
        case "row.insert" if "/" in step.target:
            return (row_address(scope, step.target, made=False),)
        case "row.insert":
            return (new_address(scope.instance, scope.check(names.table_of(step.target)), step.id),)
        case "row.delete":
            row = row_address(scope, step.target)
            return (row, names.dependents_address(row))
        case "rows.read" | "rows.update":
            return (condition_address(scope, step),)
        case "rows.delete":
            condition = condition_address(scope, step)
            return (condition, names.dependents_address(condition))
        case "rows.restore":
            rows = [row_address(scope, str(target)) for part in ("insert", "update") for target in _part(step, part)]
            deleted = [row_address(scope, str(target)) for target in _part(step, "delete")]
            return (*rows, *deleted, *map(names.dependents_address, deleted))
        case "migration.run" if step.target == names.SCHEMA:
            return (Address(f"{scope.instance}/{names.SCHEMA}"),)
        case "migration.run":
            raise Rejected("Target malformed", f"{step.action} takes {names.SCHEMA}; not {step.target!r}.")
    raise Rejected("Unknown action", f"{step.action} is not an action of {scope.instance}.")


def row_address(scope: Scope, target: str, *, made: bool = True) -> Address:
    """Return the address of one row; ``made`` allows one that an earlier step inserts: TABLE/new:STEP."""
    row = names.row_of(target)
    if row.key.startswith("new:") and not made:
        raise Rejected("Key reserved", f"{target!r} names a row that a step inserts; write the table alone.")
    return Address(f"{scope.instance}/{scope.check(row.table)}/{row.key}")


def condition_address(scope: Scope, step: Step) -> Address:
    where = step.with_.get("where")
    if not isinstance(where, Mapping) or _open(where):
        raise Rejected("Condition not known yet", "Which rows are meant is known only after apply.")
    return names.condition_address(scope.instance, scope.check(names.table_of(step.target)), where)


def _part(step: Step, name: str) -> Iterable[Argument]:
    part = step.with_.get(name)
    if not isinstance(part, Mapping | list | tuple):
        raise Rejected("Value not known yet", "What is put back is known only after apply.")
    return cast(Iterable[Argument], part)


def _open(argument: Argument) -> bool:
    """Whether any part is still a reference, or unknown."""
    match argument:
        case Unknown() | From() | Format() | Secret():
            return True
        case Mapping():
            return any(map(_open, argument.values()))
        case list() | tuple():
            return any(map(_open, argument))
    return False
