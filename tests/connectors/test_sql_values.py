"""Values keep their type and every digit, from the database to a plan and back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentctl.connectors.sql import SqlConnector
from agentctl.connectors.sql import address as names
from agentctl.connectors.sql.database import Unfit
from agentctl.connectors.sql.postgresql_values import checked
from agentctl.connectors.sql.schema import Column, Kind, Table
from agentctl.errors import Rejected
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address
from agentctl.model.values import Value, from_wire, same, to_wire
from agentctl.testing import foresee, perform
from tests.connectors.sql_worlds import PostgresWorld, SqliteWorld

ROW = Address("crm/kinds/1")


def step(action: str, target: str, **with_: Value) -> Step:
    return Step(id="s", action=f"crm.{action}", target=target, with_=with_)


_AROUND_64_BITS = st.integers(2**63 - 2, 2**63 + 2)


@given(st.sampled_from(Kind), st.integers() | _AROUND_64_BITS | _AROUND_64_BITS.map(int.__neg__) | st.booleans())
def test_a_key_that_is_a_number_is_named_by_its_digits_and_read_back_as_it_was(kind, value):
    column = Column(name="id", type="", kind=kind)
    table = Table(name="t", bare="t", schema=None, columns={"id": column}, key=("id",))
    key = names.encode(table, {"id": value})
    assert same(names.decode(table, key)["id"], value)
    if kind in {Kind.INTEGER, Kind.ANY} and not isinstance(value, bool):
        assert key == str(value)


# ---- SQLite


SQLITE = """CREATE TABLE kinds (
    id INTEGER PRIMARY KEY, flag BOOLEAN, whole INTEGER, price NUMERIC(10,2), ratio REAL, name TEXT COLLATE NOCASE,
    data BLOB, day DATE, at DATETIME, doc JSON, free)"""


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[tuple[SqliteWorld, SqlConnector]]:
    world = SqliteWorld(tmp_path, [SQLITE, "INSERT INTO kinds (id) VALUES (1)"])
    with closing(world.connector(tables=["kinds"])) as connector:
        yield world, connector


@pytest.mark.parametrize("column, given, kept", [
    ("flag", True, True),
    ("whole", 2**63 - 1, 2**63 - 1),
    ("whole", -(2**63), -(2**63)),
    ("price", Decimal("12.50"), Decimal("12.5")),
    ("price", Decimal("12.00"), 12),
    ("price", 12, 12),
    ("ratio", 12, Decimal("12.0")),
    ("ratio", Decimal("0.1"), Decimal("0.1")),
    ("ratio", Decimal("1E+22"), Decimal("1E+22")),
    ("name", "Ünïcödé \u202e\0\U0001f600", "Ünïcödé \u202e\0\U0001f600"),
    ("name", "42", "42"),
    ("data", b"\0\xff", b"\0\xff"),
    ("day", date(2026, 2, 28), date(2026, 2, 28)),
    ("day", "2026-02-28", date(2026, 2, 28)),
    ("at", datetime(2026, 2, 28, 1, 2, 3), datetime(2026, 2, 28, 1, 2, 3)),
    ("at", datetime(2026, 2, 28, 1, 2, 3, tzinfo=UTC), datetime(2026, 2, 28, 1, 2, 3, tzinfo=UTC)),
    ("at", "2026-02-28T01:02:03Z", "2026-02-28T01:02:03Z"),
    ("doc", {"a": [1, None, True]}, '{"a":[1,null,true]}'),
    ("doc", '{"a": 1}', '{"a": 1}'),
    ("free", "42", "42"),
    ("free", 42, 42),
    ("free", b"42", b"42"),
    ("free", None, None),
])
def test_sqlite_keeps_what_is_predicted(lite, column, given, kept):
    world, crm = lite
    before = world.dump()
    done = perform(crm, step("row.update", "kinds/1", **{column: given, "whole" if column != "whole" else "ratio": 1}))
    predicted = done.change.records[0].after[column]
    assert same(predicted, kept), predicted
    assert same(done.after[ROW][column], kept)
    perform(crm, done.inverse.step)
    assert world.dump() == before


@pytest.mark.parametrize("column, given", [
    ("whole", 2**63), ("whole", Decimal("1.5")), ("whole", "1"), ("price", Decimal("0.12345678901234567890")), ("flag", 1),
    ("ratio", Decimal("1E+400")), ("name", 5), ("name", b"x"), ("data", "x"), ("day", "28.2.2026"), ("at", "2026-02-28"),
    ("doc", "{a"), ("doc", {"a": b"x"}), ("free", {"a": 1}), ("day", datetime(2026, 1, 1)),
])
def test_sqlite_is_not_given_what_it_would_keep_as_something_else(lite, column, given):
    with pytest.raises(Rejected, match=column):
        foresee(lite[1], step("row.update", "kinds/1", **{column: given}))


def test_what_sqlite_keeps_in_the_wrong_column_comes_back_as_it_was(lite):
    world, crm = lite
    odd = ["'abc'", "x'ff00'", "1.5", "7", "'2026-1-1'", "'2026-01-01 10:00:00.000000'", "'1e4x'", "''"]
    for value in odd:
        for column in ("flag", "whole", "price", "ratio", "name", "data", "day", "at", "doc", "free"):
            world.run(f"UPDATE kinds SET {column} = {value} WHERE id = 1")
        before = world.dump()
        done = perform(crm, step("row.delete", "kinds/1"))
        perform(crm, done.inverse.step)
        assert world.dump() == before, value
        updated = perform(crm, step("row.update", "kinds/1", flag=False, whole=0, price=0, ratio=0, name="", data=b""))
        perform(crm, updated.inverse.step)
        assert world.dump() == before, value


def test_a_change_of_type_or_case_alone_is_a_change(lite):
    world, crm = lite
    from agentctl.connectors.base import Call
    from agentctl.testing import snapshots

    for was, becomes, column in (("'a'", "'A'", "name"), ("1", "1.0", "free"), ("'1'", "1", "free"), ("NULL", "''", "name")):
        world.run(f"UPDATE kinds SET {column} = {was} WHERE id = 1")
        act = step("row.update", "kinds/1", day="2026-01-01")
        before, change = snapshots(crm, act), foresee(crm, act)
        world.run(f"UPDATE kinds SET {column} = {becomes} WHERE id = 1")
        with pytest.raises(Rejected, match=column):
            crm.execute(change, Call(key="k", before=before, deadline=10))


def test_infinity_and_text_that_is_no_text_are_refused_with_words(lite):
    world, crm = lite
    world.run("UPDATE kinds SET ratio = 9e999 WHERE id = 1")
    with pytest.raises(Rejected, match="infinite"):
        crm.read(ROW)
    world.run("UPDATE kinds SET ratio = NULL, name = CAST(x'ff' AS TEXT) WHERE id = 1")
    with pytest.raises(Rejected, match="UTF-8"):
        crm.read(ROW)


def test_a_strict_table_refuses_at_plan_what_it_would_refuse_at_apply(tmp_path):
    if sqlite3.sqlite_version_info < (3, 37):
        pytest.skip(f"SQLite {sqlite3.sqlite_version} has no STRICT tables")
    world = SqliteWorld(tmp_path, [
        "CREATE TABLE kinds (id INTEGER PRIMARY KEY, n INT, t TEXT, a ANY) STRICT", "INSERT INTO kinds VALUES (1, 1, 'x', '7')",
    ])
    with closing(world.connector(tables=["kinds"])) as crm:
        assert crm.read(ROW).value == {"id": 1, "n": 1, "t": "x", "a": "7"}
        assert perform(crm, step("row.update", "kinds/1", a="0042")).after[ROW]["a"] == "0042"
        with pytest.raises(Rejected):
            foresee(crm, step("row.update", "kinds/1", n="x"))


# ---- PostgreSQL


POSTGRES = (
    "CREATE TYPE mood AS ENUM ('good', 'bad')",
    "CREATE DOMAIN plz AS varchar(5) CHECK (VALUE ~ '^[0-9]+$')",
    """CREATE TABLE kinds (
        id integer PRIMARY KEY, flag boolean, small smallint, big bigint, price numeric(10,2), amount numeric, half real,
        ratio double precision, name text, code char(4), short varchar(3), data bytea, day date, at timestamp,
        rough timestamp(0), moment timestamptz, uid uuid, doc jsonb, raw json, tags text[], grid integer[], prices numeric(6,1)[],
        feel mood, feels mood[], zip plz, span interval, ip inet, clock time, bits bit(3), cash money, span2 int4range)""",
    "INSERT INTO kinds (id) VALUES (1)",
)
ODD_DAYS = ("infinity", "-infinity", "0044-03-15 BC", "10000-01-01")


@pytest.fixture
def pg(postgres: str) -> Iterator[tuple[PostgresWorld, SqlConnector]]:
    drop = ("DROP TYPE IF EXISTS mood CASCADE", "DROP DOMAIN IF EXISTS plz CASCADE")
    with closing(PostgresWorld(postgres, (*drop, *POSTGRES))) as world, closing(world.connector(tables=["kinds"])) as crm:
        yield world, crm


KEPT = [
    ("flag", False, False),
    ("small", -32768, -32768),
    ("big", 2**63 - 1, 2**63 - 1),
    ("price", Decimal("12.5"), Decimal("12.50")),
    ("price", 12, Decimal("12.00")),
    ("price", Decimal("0.005"), Decimal("0.01")),
    ("price", Decimal("-0.005"), Decimal("-0.01")),
    ("price", Decimal("-0.001"), Decimal("0.00")),
    ("price", Decimal("99999999.99"), Decimal("99999999.99")),
    ("amount", Decimal("12.50"), Decimal("12.50")),
    ("amount", Decimal("1E+30"), Decimal(10**30)),
    ("amount", Decimal("0.12345678901234567890123456789012345"), Decimal("0.12345678901234567890123456789012345")),
    ("half", Decimal("0.1"), Decimal("0.1")),
    ("half", 16777217, Decimal("1.6777216E+7")),
    ("ratio", Decimal("12.50"), Decimal("12.5")),
    ("ratio", 12, Decimal(12)),
    ("ratio", Decimal("1E+300"), Decimal("1E+300")),
    ("ratio", Decimal("1E-7"), Decimal("1E-7")),
    ("name", "Ünïcödé \u202e \U0001f600 '; --", "Ünïcödé \u202e \U0001f600 '; --"),
    ("code", "ab", "ab"),
    ("code", "ab  ", "ab"),
    ("short", "abc   ", "abc"),
    ("data", b"\0\xff\\", b"\0\xff\\"),
    ("day", "2026-02-28", date(2026, 2, 28)),
    ("at", datetime(2026, 2, 28, 1, 2, 3, 40), datetime(2026, 2, 28, 1, 2, 3, 40)),
    ("rough", datetime(2026, 2, 28, 1, 2, 3, 500000), datetime(2026, 2, 28, 1, 2, 4)),
    ("moment", "2026-02-28T01:00:00+02:00", datetime(2026, 2, 27, 23, tzinfo=UTC)),
    ("moment", datetime(2026, 2, 28, tzinfo=timezone(timedelta(hours=-5))), datetime(2026, 2, 28, 5, tzinfo=UTC)),
    ("uid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("doc", {"b": [Decimal("1.10"), None, 10**30], "a": "ä"}, {"a": "ä", "b": [Decimal("1.10"), None, 10**30]}),
    ("doc", "null", "null"),
    ("doc", ' "x" ', '"x"'),
    ("doc", '{"a": 1}', {"a": 1}),
    ("raw", '{"a":  1, "a": 2}', '{"a":  1, "a": 2}'),
    ("raw", {"a": Decimal("1.10")}, '{"a": 1.10}'),
    ("tags", ["a,b", 'c"d', None, "", "NULL", "{}"], ["a,b", 'c"d', None, "", "NULL", "{}"]),
    ("tags", [], []),
    ("grid", [[1, 2], [3, 4]], [[1, 2], [3, 4]]),
    ("prices", [Decimal("1.25"), 2], [Decimal("1.3"), Decimal("2.0")]),
    ("feel", "bad", "bad"),
    ("feels", ["bad", "good"], ["bad", "good"]),
    ("zip", "01234", "01234"),
    ("span", "1 day 2 hours", "1 day 02:00:00"),
    ("ip", "10.0.0.1", "10.0.0.1/32"),
    ("clock", "1:02 pm", "13:02:00"),
    ("bits", "101", "101"),
    ("cash", "12.5", "$12.50"),
    ("span2", "[1,3]", "[1,4)"),
]


@pytest.mark.parametrize("column, given, kept", KEPT)
def test_postgresql_keeps_what_is_predicted(pg, column, given, kept):
    world, crm = pg
    before = world.dump()
    done = perform(crm, step("row.update", "kinds/1", **{column: given}))
    assert same(done.change.records[0].after[column], kept), done.change.records[0].after[column]
    assert same(done.after[ROW][column], kept), done.after[ROW][column]
    assert same(from_wire(to_wire(done.after[ROW])), done.after[ROW])
    again = foresee(crm, step("row.update", "kinds/1", **{column: given}))
    assert again.effect == "no-op"
    perform(crm, done.inverse.step)
    assert world.dump() == before


@pytest.mark.parametrize("column, given", [
    ("small", 32768), ("big", 2**63), ("price", Decimal(100000000)), ("price", "12"), ("name", "a\0b"), ("code", "abcde"),
    ("short", "abcd"), ("at", datetime(2026, 1, 1, tzinfo=UTC)), ("moment", datetime(2026, 1, 1)), ("moment", "2026-01-01T00:00:00"),
    ("uid", "not-a-uuid"), ("doc", "{a"), ("doc", "NaN"), ("doc", {"a": "\0"}), ("raw", "x"), ("feel", "ugly"),
    ("zip", "abc"), ("span", "a while"), ("tags", "a"), ("grid", ["a"]), ("ip", "999.0.0.1"), ("flag", 1), ("data", "x"),
    ("ratio", Decimal("1E+400")), ("amount", Decimal("1E+200000")), ("name", 5), ("day", "2026-02-30"),
])
def test_postgresql_is_not_given_what_it_would_refuse(pg, column, given):
    with pytest.raises(Rejected, match=column):
        foresee(pg[1], step("row.update", "kinds/1", **{column: given}))


def test_what_values_cannot_say_is_shown_as_text_and_comes_back(pg):
    world, crm = pg
    world.run("UPDATE kinds SET amount = 'NaN', ratio = '-Infinity', doc = 'null', tags = '{}' WHERE id = 1")
    for day in ODD_DAYS:
        world.run(f"UPDATE kinds SET day = '{day}', at = '{day}', moment = '{day}' WHERE id = 1")
        assert crm.read(ROW).value["day"] == day
        before = world.dump()
        perform(crm, perform(crm, step("row.delete", "kinds/1")).inverse.step)
        assert world.dump() == before
        assert crm.read(ROW).value["amount"] == "NaN"


# ---- both


def _texts(postgres: bool) -> st.SearchStrategy[str]:
    return st.text(st.characters(codec="utf-8", exclude_characters="\0" if postgres else ""), max_size=20)


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_survives_sqlite(lite, data):
    world, crm = lite
    _survives(world, crm, data.draw(st.fixed_dictionaries({
        "flag": st.booleans() | st.none(),
        "whole": st.integers(-(2**63), 2**63 - 1) | st.none(),
        "ratio": st.floats(allow_nan=False, allow_infinity=False).map(lambda number: Decimal(repr(number))) | st.none(),
        "name": _texts(postgres=False) | st.none(),
        "data": st.binary(max_size=20) | st.none(),
        "day": st.dates() | st.none(),
        "at": st.datetimes() | st.none(),
        "free": st.none() | st.integers(-100, 100) | _texts(postgres=False) | st.binary(max_size=5),
    })))


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_survives_postgresql(pg, data):
    world, crm = pg
    json = st.recursive(
        st.none() | st.booleans() | st.integers() | _texts(postgres=True),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts(postgres=True), inner, max_size=3), max_leaves=8,
    )
    _survives(world, crm, data.draw(st.fixed_dictionaries({
        "flag": st.booleans() | st.none(),
        "big": st.integers(-(2**63), 2**63 - 1) | st.none(),
        "amount": st.decimals(allow_nan=False, allow_infinity=False) | st.none(),
        "ratio": st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False).map(lambda n: Decimal(repr(n))),
        "half": st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False).map(lambda n: Decimal(repr(n))),
        "name": _texts(postgres=True) | st.none(),
        "data": st.binary(max_size=20) | st.none(),
        "day": st.dates() | st.none(),
        "at": st.datetimes() | st.none(),
        "moment": st.datetimes(
            min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=st.just(UTC)) | st.none(),
        "doc": st.lists(json, max_size=3) | st.dictionaries(_texts(postgres=True), json, max_size=3) | st.none(),
        "tags": st.lists(_texts(postgres=True) | st.none(), max_size=4) | st.none(),
    })))


def _survives(world, crm, fields):
    before = world.dump()
    done = perform(crm, step("row.update", "kinds/1", **fields))
    predicted = done.change.records[0].after
    assert {name for name in predicted if not same(done.after[ROW][name], predicted[name])} == set()
    assert same(from_wire(to_wire(done.after[ROW])), done.after[ROW])
    if done.inverse.step:
        perform(crm, done.inverse.step)
    assert world.dump() == before


def test_json_with_a_number_beyond_every_other_is_unfit_and_no_accident():
    column = Column(name="c", type="jsonb", kind=Kind.JSONB)
    with pytest.raises(Unfit):
        checked(column, '{"a": 1e99999999999999999999}')
