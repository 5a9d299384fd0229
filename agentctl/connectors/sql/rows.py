"""Reading rows: one by its key, those a condition matches, those that hang on others. Selects only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, assert_never

from agentctl.connectors.sql import address as names
from agentctl.connectors.sql.cascade import dependents
from agentctl.connectors.sql.condition import Condition, Either, Every, Test
from agentctl.connectors.sql.database import Unfit
from agentctl.connectors.sql.names import table_of
from agentctl.connectors.sql.said import Said, named
from agentctl.connectors.sql.schema import Table
from agentctl.connectors.sql.tables import Tables
from agentctl.errors import Rejected
from agentctl.model.snapshot import Address, Snapshot
from agentctl.model.values import Fields, Value

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

_BATCH = 200                        # values in one statement
_NO_ROW: tuple[None, None] = (None, None)


class Rows:
    """Reads through one session; ``locking`` keeps what is read from changing until its transaction ends."""

    def __init__(self, tables: Tables, connection: Connection, *, locking: bool = False) -> None:
        self._tables = tables
        self._connection = connection
        self._locking = locking

    def of(self, address: Address) -> Snapshot:
        """Read what an address names."""
        match name := names.parse(address):
            case names.RowName():
                return self._row(address, name)
            case names.ConditionName():
                return _condition(address, self._matching(name))
            case names.DependentsName(of) if not any(self._tables.schema.children(of.table)):
                return _condition(address, ())
            case names.DependentsName(names.RowName() as row):
                return _condition(address, self._dependents([self._row(_base(address), row)]))
            case names.DependentsName(names.ConditionName() as condition):
                return _condition(address, self._dependents(self._matching(condition)))
            case names.DependentsName() | names.SchemaName():
                raise Rejected("Not rows", f"{address} does not name rows.")
            case _:
                assert_never(name)

    def together(self, addresses: Iterable[Address]) -> dict[Address, Snapshot]:
        """Read rows, those of one table at once. Left out is what only ``of`` can read, or say what is wrong with."""
        tables: dict[str, dict[Address, str]] = {}
        for address in addresses:
            with suppress(Rejected):
                name = names.parse(address)
                if isinstance(name, names.RowName) and self._tables.scope.holds(name.table):
                    tables.setdefault(name.table, {})[address] = name.key
        found: dict[Address, Snapshot] = {}
        for text, rows in tables.items():
            table = self._tables.schema.tables.get(text)
            if table is not None and len(table.key) == 1:
                found.update(self._together(table, rows))
        return found

    def _together(self, table: Table, asked: Mapping[Address, str]) -> dict[Address, Snapshot]:
        column = table.columns[table.key[0]]
        keys: dict[Address, Value] = {}
        for address, key in asked.items():
            with suppress(Rejected):
                keys[address] = names.decode(table, key)[column.name]
        rows = self._select(table, self._tables.database.among(column, tuple(keys.values())), len(keys) + 1)
        prefix = f"{self._tables.scope.instance}/{table.name}/"
        at = datetime.now(UTC)
        found = {Address(prefix + names.encode(table, fields)): (fields, token) for fields, token in rows}
        if len(found) < len(rows) or found.keys() - keys.keys():
            return {}               # a key finds what is not named by it: which one, `of` will tell
        return {
            address: Snapshot(address=address, value=fields, at=at, token=token)
            for address in keys
            for fields, token in [found.get(address, _NO_ROW)]
        }

    def _row(self, address: Address, name: names.RowName) -> Snapshot:
        table = self._tables.table(name.table)
        key = names.decode(table, name.key)
        rows = self._shown(table, self._tables.database.rows(self._connection, self._by_key(table, key)))
        if rows and names.encode(table, rows[0][0]) != name.key:
            raise Rejected(
                "Key malformed",
                f"{name.key!r} finds a row of {table.name} whose key is written differently.",
                hint=f"Write {names.row_target(table, rows[0][0])}.",
            )
        if not rows:
            return Snapshot(address=address, value=None, at=datetime.now(UTC))
        ((fields, token),) = rows
        return Snapshot(address=address, value=fields, at=datetime.now(UTC), token=token)

    def _matching(self, name: names.ConditionName) -> tuple[Snapshot, ...]:
        table, most = self._tables.table(name.table), self._tables.scope.most
        rows = self._select(table, self._said(self._tables.condition(name)), most + 1)
        if len(rows) > most:
            raise Rejected(
                "Too many rows match",
                f"More than {most} rows of {table.name} match, the most this instance looks at.",
                hint="Narrow the condition, or raise max_rows in the connector's settings.",
            )
        return self._named(table, rows)

    def _dependents(self, rows: Sequence[Snapshot]) -> tuple[Snapshot, ...]:
        present = [row for row in rows if row.value is not None]
        return dependents(self._tables.schema, present, self._referring, self._tables.scope.most)

    def _referring(
        self, table: Table, columns: tuple[str, ...], values: Sequence[tuple[Value, ...]], most: int
    ) -> Sequence[Snapshot]:
        import sqlalchemy as sa

        found: list[Snapshot] = []
        for start in range(0, len(values), _BATCH):
            clauses = (
                sa.and_(*(self._is(table, name, value) for name, value in zip(columns, row, strict=True)))
                for row in values[start : start + _BATCH]
            )
            rows = self._select(table, sa.or_(*clauses), most)
            if rows and not table.key:
                raise Rejected(
                    "Rows without a key",
                    f"Rows of {table.name} refer to what is deleted; without a primary key they cannot be put back.",
                )
            found.extend(self._named(table, rows))
        return found

    def _select(self, table: Table, where: ColumnElement[bool], most: int) -> list[tuple[Fields, str]]:
        return self._shown(table, self._connection.execute(self._selecting(table, where, most)).all())

    def _selecting(self, table: Table, where: ColumnElement[bool], most: int) -> Any:
        import sqlalchemy as sa

        database = self._tables.database
        statement = sa.select(*database.shown(table)).select_from(table_of(table)).where(where).limit(most)
        return database.locking(statement) if self._locking else statement

    def _shown(self, table: Table, rows: Sequence[Sequence[Any]]) -> list[tuple[Fields, str]]:
        database, columns = self._tables.database, table.columns.items()
        return [
            (
                {name: database.value(column, raw) for (name, column), raw in zip(columns, row, strict=False)},
                database.token(table, row),
            )
            for row in rows
        ]

    def _by_key(self, table: Table, key: Fields) -> Said:
        return Said(
            shape=("row", self._locking, named(table), tuple(key)),
            values=tuple(key.values()),
            build=lambda values: self._selecting(table, self._keyed(table, dict(zip(key, values, strict=True))), 2),
        )

    def _named(self, table: Table, rows: Sequence[tuple[Fields, str]]) -> tuple[Snapshot, ...]:
        at, instance = datetime.now(UTC), self._tables.scope.instance
        found = (
            Snapshot(address=Address(f"{instance}/{names.row_target(table, fields)}"), value=fields, at=at, token=token)
            for fields, token in rows
        )
        return tuple(sorted(found, key=lambda row: row.address))

    def _keyed(self, table: Table, key: Fields) -> ColumnElement[bool]:
        import sqlalchemy as sa

        return sa.and_(*(self._is(table, name, value) for name, value in key.items()))

    def _is(self, table: Table, name: str, value: Value) -> ColumnElement[bool]:
        import sqlalchemy as sa

        try:
            return self._tables.database.is_(table.column(name), value)
        except Unfit:
            return sa.false()       # what the column cannot hold is not in it

    def _said(self, condition: Condition) -> Any:
        import sqlalchemy as sa

        match condition:
            case Every(parts):
                return sa.and_(sa.true(), *map(self._said, parts))
            case Either(parts):
                return sa.or_(*map(self._said, parts))
            case Test():
                return self._tables.database.test(condition)
            case _:
                assert_never(condition)


def _condition(address: Address, members: tuple[Snapshot, ...]) -> Snapshot:
    return Snapshot(address=address, value=None, at=datetime.now(UTC), members=members)


def _base(address: Address) -> Address:
    return Address(address.rpartition("/")[0])
