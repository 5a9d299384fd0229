"""Migrations: SQL statements run as they are written, all in one transaction or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from agentctl.connectors.base import Receipt, View
from agentctl.connectors.sql.database import Database
from agentctl.connectors.sql.schema import describe
from agentctl.errors import ConnectorError, Rejected
from agentctl.model.action import ActionSpec, Reversibility
from agentctl.model.change import Change, Effect, Inverse, RecordChange
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, Snapshot
from agentctl.model.values import UNKNOWN, Value, has_unknown, same

if TYPE_CHECKING:
    from sqlalchemy import Connection

_NOTE = "The statements run as they are written; what they do to tables and rows is not predicted."


def preview(step: Step, address: Address, spec: ActionSpec, view: View, database: Database) -> Change:
    """Say that the schema changes, and whether the plan gives a way back."""
    if has_unknown(cast(Value, step.with_)):
        raise Rejected("Value not known yet", "The statements of a migration are not known until others have run.")
    up, down = _texts(step.with_, "up"), _texts(step.with_, "down")
    database.statements([*up, *down])
    before = view.read(address).value
    return Change(
        step=step.id,
        action=step.action,
        target=step.target,
        effect=Effect.UPDATE,
        arguments=step.with_,
        records=(RecordChange(address=address, before=before, after=dict.fromkeys(before or {}, UNKNOWN)),),
        inverse=_inverse(step, up, down, spec),
        notes=(_NOTE,) if down else (_NOTE, "The plan gives no `down`: this cannot be undone."),
    )


def run(change: Change, before: Mapping[Address, Snapshot], database: Database, connection: Connection) -> Receipt:
    """Run ``up`` if the schema is still as it was read."""
    (record,) = change.records
    then = before.get(record.address)
    if then is None or not same(then.value, describe(database.reflect(connection))):
        raise Rejected("Schema changed since it was read", "Somebody else has changed the schema since it was read.")
    up = _texts(change.arguments, "up")
    database.statements(up)
    connection.detach()             # what a statement leaves in the session must not reach the next one
    for number, statement in enumerate(up, 1):
        try:
            database.run(connection, statement)
        except ConnectorError as error:
            raise type(error)(error.summary, f"Statement {number} of {len(up)}: {error.detail}") from error
    return Receipt()


def _inverse(step: Step, up: Sequence[str], down: Sequence[str], spec: ActionSpec) -> Inverse:
    if not down:
        return Inverse(kind=Reversibility.NONE, stays=spec.stays)
    undo = Step(id=step.id, action=step.action, target=step.target, with_={"up": list(down), "down": list(up)})
    return Inverse(kind=Reversibility.COMPENSATING, step=undo, stays=spec.stays)


def _texts(arguments: Mapping[str, object], name: str) -> Sequence[str]:
    return cast(Sequence[str], arguments.get(name, ()))
