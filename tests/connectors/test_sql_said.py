"""A statement that was prepared before is word for word the one that would be built now, with the same parameters."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from agentctl.connectors.base import Call
from agentctl.connectors.sql.database import Unfit
from agentctl.connectors.sql.said import Prepared, Said
from agentctl.connectors.sql.schema import Column, Kind, Schema, Table
from agentctl.connectors.sql.sqlite import Sqlite
from agentctl.connectors.sql.sqlite_values import stored
from agentctl.connectors.sql.tables import Scope, Tables
from agentctl.connectors.sql.write import Writer
from agentctl.errors import Rejected
from agentctl.model.change import Change, Effect, RecordChange
from agentctl.model.snapshot import Address, Snapshot
from agentctl.model.values import Value
from tests.connectors.sql_worlds import ROWS, TABLES, SqliteWorld

NAMES = ("id", "v", 'odd "name"', "integer", "limit")
TABLE = Table(
    name="t", bare="t", schema=None, key=("id",),
    columns={name: Column(name=name, type="", kind=Kind.ANY) for name in NAMES},
)
VALUES = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=3) | st.binary(max_size=3)
    | st.sampled_from([Decimal("0.5"), Decimal(2), date(2026, 1, 1), {"a": [1]}, "integer", "text", 2, 7_000_000_000_000_000])
)
SCHEMA = Schema(tables={"t": TABLE})
ROW = st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES))
ADDRESS = Address("crm/t/1")
DIALECT = SQLiteDialect_pysqlite()


@dataclass(slots=True)
class Heard:
    """A session of SQLite that does nothing but keep what is said."""

    said: list[Said]

    def rows(self, _: object, said: Said) -> list[tuple[int]]:
        self.said.append(said)
        return [(1,)]

    def affected(self, _: object, said: Said) -> int:
        self.said.append(said)
        return 1

    def __getattr__(self, name: str) -> Any:
        return getattr(Sqlite(Path("nowhere"), timeout=1, hidden=frozenset()), name)


def statements(before: Mapping[str, Value] | None, after: Mapping[str, Value] | None) -> list[Said]:
    """Return what is said to make of a row what it is to be."""
    heard = Heard([])
    tables = Tables(Scope(instance="crm"), SCHEMA, heard)
    snapshot = Snapshot(address=ADDRESS, value=before and dict(before), at=datetime.now(UTC), token="x")
    record = RecordChange(address=ADDRESS, before=before and dict(before), after=after and dict(after))
    change = Change(
        step="s", action="crm.row.update", target="t/1", effect=record.effect, records=(record,)
    )
    Writer(tables, None, {ADDRESS: snapshot}).write(change, ())  # type: ignore[arg-type]
    return heard.said


def plain(said: Said) -> tuple[str, list[Any]]:
    compiled = said.build(said.values).compile(dialect=DIALECT)
    given = compiled.construct_params(escape_names=False)
    return str(compiled), [given[name] for name in compiled.positiontup]


def told(parts: tuple[str, list[Any]]) -> tuple[str, list[tuple[type, Any]]]:
    return parts[0], [(type(part), part) for part in parts[1]]


@given(st.lists(st.tuples(st.none() | ROW, st.none() | ROW).filter(any), min_size=1, max_size=4))
def test_a_prepared_statement_is_the_one_that_would_be_built_anew(
    changes: list[tuple[dict[str, Value] | None, dict[str, Value] | None]],
) -> None:
    prepared = Prepared(stored)
    for before, after in changes:
        try:
            said = statements(before, after)
        except Rejected:
            continue
        for one in said:
            try:
                expected = told(plain(one))
            except Unfit:
                continue
            assert told(prepared.text(one, DIALECT)) == expected
            again = replace(one, values=one.values)
            assert told(prepared.text(again, DIALECT)) == expected


def test_a_key_no_column_can_hold_finds_nothing_in_both_ways(tmp_path: Path) -> None:
    world = SqliteWorld(tmp_path, (*TABLES, *ROWS))
    with closing(world.connector()) as crm:
        assert crm.read(Address(f"crm/customers/{2**70}")).value is None
        assert crm.read(Address("crm/customers/42")).value is not None


def test_a_row_that_a_trigger_keeps_out_is_rejected_and_nothing_is_changed(tmp_path: Path) -> None:
    trigger = (
        "CREATE TRIGGER keep BEFORE INSERT ON notes WHEN new.body = 'out' BEGIN SELECT RAISE(IGNORE); END"
    )
    world = SqliteWorld(tmp_path, (*TABLES, *ROWS, trigger))
    before = world.dump()
    with closing(world.connector()) as crm:
        address = Address("crm/notes/2")
        fields = {"id": 2, "customer_id": None, "body": "out"}
        change = Change(
            step="s", action="crm.row.insert", target="notes", effect=Effect.CREATE,
            records=(RecordChange(address=address, before=None, after=fields),),
        )
        with pytest.raises(Rejected, match="A trigger kept the row from being inserted"):
            crm.execute(change, Call(key="k", before={}, deadline=5.0))
    assert world.dump() == before
