"""The sql connector keeps every promise of the contract, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agentctl.connectors.base import Connector
from agentctl.connectors.sql import SqlConnector
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, within
from agentctl.model.values import Value
from agentctl.testing import Case, ConnectorSuite
from tests.connectors.sql_worlds import SECRET, PostgresWorld, SqliteWorld, World


def step(action: str, target: str, **with_: Value) -> Step:
    return Step(id="s", action=f"crm.{action}", target=target, with_=with_)


class SqlSuite(ConnectorSuite):
    cases = (
        Case("read", step("row.read", "customers/42"), canaries=(SECRET,)),
        Case("read some", step("rows.read", "customers", where={"region": "eu"}, max_rows=10)),
        Case("insert under a key", step("row.insert", "customers/50", name="Edsger", region="eu", price=12)),
        Case("insert with its key among the columns", step("row.insert", "customers", id=51, name="Barbara")),
        Case("insert under a composite key", step("row.insert", "lines/7,2", what="Cable", amount=3)),
        Case("update", step("row.update", "customers/42", tier="annual", iban="none"), canaries=(SECRET,)),
        Case("delete", step("row.delete", "customers/43")),
        Case("delete with what hangs on it", step("row.delete", "customers/42"), canaries=(SECRET,)),
        Case(
            "update some",
            step("rows.update", "customers", where={"region": "eu"}, set={"tier": "annual"}, max_rows=2),
            canaries=(SECRET,),
        ),
        Case(
            "delete some",
            step("rows.delete", "customers", where={"any": [{"id": 42}, {"name": {"like": "Gr%"}}]}, max_rows=5),
        ),
        Case("migrate", step("migration.run", "schema", up=["CREATE TABLE extra (id INTEGER PRIMARY KEY)"])),
        Case(
            "migrate there and back",
            step(
                "migration.run", "schema", up=["ALTER TABLE customers ADD COLUMN vip INTEGER"],
                down=["ALTER TABLE customers DROP COLUMN vip"],
            ),
        ),
    )
    outsiders = (
        step("row.read", "secrets/1"),
        step("row.update", "secrets/1", value="x"),
        step("rows.delete", "secrets", where={"id": 1}, max_rows=1),
        step("row.delete", "customers"),
        step("row.delete", "customers/42/43"),
        step("row.delete", "customers; DROP TABLE customers/42"),
        step("row.delete", "/42"),
        step("row.insert", "secrets", id=1),
        step("migration.run", "customers", up=["SELECT 1"]),
    )

    def world(self, connector: Connector) -> object:
        return self.place.dump()

    def outside_edit(self, connector: Connector, address: Address) -> None:
        self.place.touch(within(address))

    place: World


class TestSqlite(SqlSuite):
    @pytest.fixture
    def connector(self, tmp_path: Path) -> Iterator[SqlConnector]:
        self.place = SqliteWorld(tmp_path)
        with closing(self.place.connector()) as connector:
            yield connector


class TestPostgres(SqlSuite):
    @pytest.fixture
    def connector(self, postgres: str) -> Iterator[SqlConnector]:
        with closing(PostgresWorld(postgres)) as self.place, closing(self.place.connector()) as connector:
            yield connector
