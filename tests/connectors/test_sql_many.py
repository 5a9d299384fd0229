"""Reading many rows at once shows exactly what reading them one by one shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentctl.connectors.sql import SqlConnector
from agentctl.errors import ConnectorError
from agentctl.model.snapshot import Address, Snapshot
from tests.connectors.sql_worlds import PostgresWorld, SqliteWorld, World

ODD = (
    "CREATE TABLE texts (k VARCHAR(40) PRIMARY KEY, v INTEGER)",
    "INSERT INTO texts VALUES ('a', 1), ('A', 2), ('a ', 3), ('=1', 4), ('1', 5), ('new:x', 6), ('ä', 7), ('a,b', 8)",
    "CREATE TABLE days (d DATE PRIMARY KEY, v INTEGER)",
    "INSERT INTO days VALUES ('2026-01-02', 1)",
)
KEYS = ["a", "A", "a ", "=1", "1", "01", "new:x", "ä", "a,b", "b", "", "%41", "?{}", "dependents", "2026-01-02", "9" * 30]
NAMES = [
    *(f"{table}/{quote(key, safe='')}" for table in ("texts", "days", "customers") for key in KEYS),
    *(f"customers/{key}" for key in ("42", "43", "45", "042", "=42", "4%32", "42/dependents", '?{"region":"eu"}', "?[]", '?"eu"')),
    "lines/7,1", "lines/7,2", "lines/7", "notes/1", "secrets/1", "nothing/1", "schema", "texts", "texts/%3D%221%22",
    "customers/new:step",
]


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    from tests.connectors.sql_worlds import ROWS, TABLES

    statements = (*TABLES, *ROWS, *ODD)
    if request.param == "sqlite":
        yield SqliteWorld(Path(tmp_path_factory.mktemp("many")), statements)
    else:
        with closing(PostgresWorld(request.getfixturevalue("postgres"), statements)) as world:
            yield world


@pytest.fixture(scope="module")
def crm(world: World) -> Iterator[SqlConnector]:
    with closing(world.connector(tables=["customers", "orders", "lines", "notes", "texts", "days"])) as connector:
        yield connector


def shown(snapshot: Snapshot) -> Snapshot:
    now = datetime.min.replace(tzinfo=UTC)
    return replace(snapshot, at=now, members=tuple(map(shown, snapshot.members)))


def one_by_one(crm: SqlConnector, addresses: list[Address]) -> list[Snapshot] | str:
    try:
        return [shown(crm.read(address)) for address in addresses]
    except ConnectorError as error:
        return error.detail


def together(crm: SqlConnector, addresses: list[Address]) -> list[Snapshot] | str:
    try:
        return [shown(snapshot) for snapshot in crm.read_many(addresses)]
    except ConnectorError as error:
        return error.detail


@settings(max_examples=60, deadline=None)
@given(chosen=st.lists(st.sampled_from(NAMES), max_size=12))
def test_any_mix_of_rows_is_read_together_as_it_is_one_by_one(crm, chosen):
    addresses = [Address(f"crm/{name}") for name in chosen]
    single = {address: one_by_one(crm, [address]) for address in addresses}
    readable = [address for address in addresses if not isinstance(single[address], str)]
    assert together(crm, readable) == one_by_one(crm, readable)
    if len(readable) < len(addresses):
        assert together(crm, addresses) in single.values(), "what one of them is refused with"


def test_rows_of_one_table_are_one_question(world, crm):
    found = crm.read_many([Address(f"crm/customers/{key}") for key in (42, 43, 44, 45)])
    assert [snapshot.exists for snapshot in found] == [True, True, True, False]
    assert len({snapshot.at for snapshot in found}) == 1, "of one moment"


@pytest.mark.parametrize("condition", ["[]", '"eu"', "7", "null", "{", "1.5"])
def test_an_address_whose_condition_is_none_is_refused(crm, condition):
    with pytest.raises(ConnectorError, match="Condition malformed"):
        crm.read(Address(f"crm/customers/?{quote(condition)}"))
