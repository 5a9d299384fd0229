"""The effect: rows written in one transaction, each by a statement that only holds while the row is as it was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agentctl.connectors.sql.database import Unfit
from agentctl.connectors.sql.edits import parents_first, written
from agentctl.connectors.sql.names import column_of, table_of
from agentctl.connectors.sql.rows import Rows
from agentctl.connectors.sql.said import Said, named
from agentctl.connectors.sql.schema import Table
from agentctl.connectors.sql.tables import Tables
from agentctl.errors import Rejected
from agentctl.facts import replace
from agentctl.model.change import Change, Effect, RecordChange
from agentctl.model.snapshot import Address, Snapshot, within
from agentctl.model.values import Fields, Value, has_unknown, same

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Writer:
    """Carries out the records of one change inside one transaction."""

    def __init__(self, tables: Tables, connection: Connection, before: Mapping[Address, Snapshot]) -> None:
        self._tables = tables
        self._database = tables.database
        self._connection = connection
        self._before = before
        self._rows = Rows(tables, connection, locking=True)

    def write(self, change: Change, conditions: Sequence[Address]) -> dict[Address, Fields]:
        """Do it; return the keys the database assigned. Raises Rejected where anything is not as it was read."""
        for address in conditions:
            self._same_members(address)
        if len(change.records) > 1:
            self._database.defer(self._connection)
        by_effect: dict[Effect, list[RecordChange]] = {effect: [] for effect in Effect}
        for record in change.records:
            by_effect[record.effect].append(record)
        assigned = {}
        for record in parents_first(by_effect[Effect.CREATE], self._tables.schema):
            assigned[record.address] = self._insert(record)
        for record in by_effect[Effect.UPDATE]:
            self._update(record)
        for record in reversed(parents_first(by_effect[Effect.DELETE], self._tables.schema)):
            self._delete(record)
        return assigned

    def _same_members(self, address: Address) -> None:
        """See, with the rows locked, that a condition still matches what it matched: no row more, fewer or other."""
        known = self._before.get(address)
        now = {row.address: row.token for row in self._rows.of(address).members}
        then = {row.address: row.token for row in (known.members if known else ())}
        if now == then:
            return
        come, gone = sorted(now.keys() - then.keys()), sorted(then.keys() - now.keys())
        why = (
            f"{within(come[0])} has come to match." if come
            else f"{within(gone[0])} no longer matches." if gone
            else f"{within(min(row for row in now if now[row] != then[row]))} was changed."
        )
        raise Rejected("Rows changed since they were read", f"Not what it was when it was read just now: {why}")

    def _insert(self, record: RecordChange) -> Fields:
        table = self._tables.at(record.address)
        after = record.after or {}
        columns = written(table, record)
        said = Said(
            shape=("insert", named(table), tuple(columns)),
            values=tuple(after[name] for name in columns),
            build=lambda values: self._database.insertion(table, self._bound(table, columns, values)),
        )
        rows = self._database.rows(self._connection, said)
        if len(rows) != 1:
            raise Rejected("Database refused", "A trigger kept the row from being inserted. Nothing was changed.")
        (row,) = rows
        return {name: self._database.value(table.column(name), raw) for name, raw in zip(table.key, row, strict=True)}

    def _update(self, record: RecordChange) -> None:
        table = self._tables.at(record.address)
        columns = written(table, record)
        if not columns:             # only what the database itself computes would change
            return
        before, after = self._read(record), record.after or {}

        def build(values: Sequence[Value]) -> Any:
            bound = self._bound(table, columns, values[: len(columns)])
            unchanged = self._as_read(table, before, values[len(columns) :])
            update = self._database.update(table).where(*unchanged)
            return update.values({column_of(name): value for name, value in bound.items()})

        self._once(record, Said(
            shape=("update", named(table), tuple(columns), tuple(before.value or {})),
            values=(*(after[name] for name in columns), *(before.value or {}).values()),
            build=build,
        ))

    def _delete(self, record: RecordChange) -> None:
        import sqlalchemy as sa

        table, before = self._tables.at(record.address), self._read(record)
        self._once(record, Said(
            shape=("delete", named(table), tuple(before.value or {})),
            values=tuple((before.value or {}).values()),
            build=lambda values: sa.delete(table_of(table)).where(*self._as_read(table, before, values)),
        ))

    def _once(self, record: RecordChange, said: Said) -> None:
        if self._database.affected(self._connection, said) == 1:
            return
        now = self._rows.of(record.address)
        raise Rejected("Row changed since it was read", self._difference(record.address, now))

    def _read(self, record: RecordChange) -> Snapshot:
        before = self._before.get(record.address)
        if before is None or before.value is None or before.token is None:
            raise Rejected("Row changed since it was read", f"{within(record.address)} was not there when it was read.")
        return before

    def _as_read(self, table: Table, before: Snapshot, values: Sequence[Value]) -> list[Any]:
        """Say that the row still is as it was read, ``values`` standing for those it had."""
        was = dict(zip(before.value or {}, values, strict=True))
        found = [self._database.is_(table.column(name), was[name]) for name in table.key]
        return [*found, self._database.unchanged(table, replace(before, value=was))]

    def _bound(self, table: Table, columns: Sequence[str], values: Sequence[Value]) -> dict[str, Any]:
        bound = {}
        for name, value in zip(columns, values, strict=True):
            try:
                bound[name] = self._database.bound(table.column(name), value)
            except Unfit as error:
                raise Rejected("Value does not fit its column", f"{table.name}.{name}: {error}.") from error
        return bound

    def _difference(self, address: Address, now: Snapshot) -> str:
        if now.value is None:
            return f"{within(address)} is no longer there."
        then = self._before[address].value or {}
        changed = [name for name in now.value if not same(now.value[name], then.get(name))]
        if changed:
            return f"{within(address)} has another {', '.join(changed)} now."
        return f"{within(address)} was written by somebody else, or a trigger kept it from being changed."


def all_known(change: Change) -> None:
    """Raise Rejected where an argument is still unknown: it must not reach the database as anything."""
    if any(has_unknown(argument) for argument in change.arguments.values()):  # type: ignore[arg-type]  # resolved by now
        raise Rejected("Value still unknown", f"{change.action} was given a value that is not known yet.")
