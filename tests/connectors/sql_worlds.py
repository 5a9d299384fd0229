"""A small CRM in a database of its own, as tests look at it from outside: dumped whole, changed by somebody else."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from agentctl.connectors.base import Instance
from agentctl.connectors.sql import TYPE, SqlConnector
from agentctl.model.values import Value

SECRET = "DE89-canary-4711"
SETTINGS: dict[str, Value] = {
    "tables": ["customers", "orders", "lines", "notes"],
    "sensitive": ["customers.iban"],
    "max_rows": 50,
}
TABLES = (
    """CREATE TABLE customers (
        id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, region VARCHAR(8) DEFAULT 'us',
        tier VARCHAR(20) DEFAULT 'monthly' NOT NULL, price NUMERIC(10,2), iban TEXT, renewal DATE)""",
    """CREATE TABLE orders (
        id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
        placed TIMESTAMP)""",
    """CREATE TABLE lines (
        order_id INTEGER REFERENCES orders (id) ON DELETE CASCADE, number INTEGER, what VARCHAR(20), amount INTEGER,
        PRIMARY KEY (order_id, number))""",
    """CREATE TABLE notes (
        id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id) ON DELETE SET NULL, body TEXT)""",
    "CREATE TABLE secrets (id INTEGER PRIMARY KEY, value TEXT)",
)
ROWS = (
    f"INSERT INTO customers VALUES (42, 'Ada', 'eu', 'monthly', 12.50, '{SECRET}', '2026-07-01')",
    "INSERT INTO customers VALUES (43, 'Grace', 'eu', 'monthly', 99, NULL, NULL)",
    "INSERT INTO customers VALUES (44, 'Alan', 'us', 'annual', NULL, NULL, NULL)",
    "INSERT INTO orders VALUES (7, 42, '2026-01-02 03:04:05')",
    "INSERT INTO orders VALUES (8, 44, NULL)",
    "INSERT INTO lines VALUES (7, 1, 'Chair', 2)",
    "INSERT INTO notes VALUES (1, 42, 'Called.')",
    "INSERT INTO secrets VALUES (1, 'hush')",
)


class World(Protocol):
    def connector(self, **settings: Value) -> SqlConnector: ...

    def dump(self) -> dict[str, Any]:
        """Return every row of every table with the types of its values, and the schema."""
        ...

    def run(self, *statements: str) -> None: ...

    def rows(self, query: str) -> list[tuple[Any, ...]]: ...

    def holding(self, statement: str) -> AbstractContextManager[None]:
        """Run a statement in a transaction that stays open during the block, and is then undone."""
        ...

    def touch(self, target: str) -> None:
        """Change the row or schema a target names; make the row where it is absent."""
        ...

    def close(self) -> None: ...


def _touching(target: str, exists: bool) -> str:
    if target == "schema":
        return "CREATE TABLE somebody (id INTEGER PRIMARY KEY)"
    table, _, key = target.partition("/")
    names, field = {
        "customers": (("id",), "name"), "orders": (("id",), "placed"), "lines": (("order_id", "number"), "what"),
        "notes": (("id",), "body"),
    }[table]
    where = " AND ".join(f"{name} = {value}" for name, value in zip(names, key.split(","), strict=True))
    value = "'2020-01-01 00:00:00'" if field == "placed" else "'somebody'"
    if exists:
        return f"UPDATE {table} SET {field} = {value} WHERE {where}"
    return f"INSERT INTO {table} ({', '.join(names)}, {field}) VALUES ({key}, {value})"


class SqliteWorld:
    def __init__(self, root: Path, statements: Iterable[str] = (*TABLES, *ROWS)) -> None:
        self.root = root
        self.path = root / "crm.db"
        self.run(*statements)

    def connector(self, **settings: Value) -> SqlConnector:
        instance = Instance(name="crm", settings={"url": "sqlite:///crm.db", **SETTINGS, **settings}, root=str(self.root))
        return TYPE.open(instance)

    def dump(self) -> dict[str, Any]:
        tables = self.rows("SELECT name, sql FROM sqlite_schema WHERE type <> 'index' ORDER BY name")
        found: dict[str, Any] = {"schema": tables}
        for name, sql in tables:
            if sql and sql.startswith("CREATE TABLE"):
                columns = [row[1] for row in self.rows(f'PRAGMA table_info("{name}")')]
                shown = ", ".join(f'quote("{column}"), typeof("{column}")' for column in columns)
                found[name] = sorted(self.rows(f'SELECT {shown} FROM "{name}"'))
        return found

    def run(self, *statements: str) -> None:
        connection = sqlite3.connect(self.path)
        try:
            with connection:
                for statement in statements:
                    connection.execute(statement)
        finally:
            connection.close()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.path)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    @contextmanager
    def holding(self, statement: str) -> Iterator[None]:
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(statement)
            yield
            connection.execute("ROLLBACK")
        finally:
            connection.close()

    def touch(self, target: str) -> None:
        table, _, key = target.partition("/")
        names = "order_id || ',' || number" if table == "lines" else "id"
        exists = target != "schema" and bool(self.rows(f"SELECT 1 FROM {table} WHERE {names} = '{key}'"))
        self.run(_touching(target, exists))

    def close(self) -> None:
        """Nothing is held open."""


class PostgresWorld:
    """The one database of a test process, emptied for each test."""

    def __init__(self, server: str, statements: Iterable[str] = (*TABLES, *ROWS)) -> None:
        import psycopg

        self.url = server
        self._connection = psycopg.connect(server, autocommit=True)
        self.run("DROP SCHEMA IF EXISTS public, billing CASCADE", "CREATE SCHEMA public", *statements)

    def connector(self, **settings: Value) -> SqlConnector:
        given = {"url": self.url, **SETTINGS, **settings}
        return TYPE.open(Instance(name="crm", settings=given, root="/", environ=os.environ))

    def dump(self) -> dict[str, Any]:
        columns = self.rows(
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"
        )
        found: dict[str, Any] = {"schema": columns}
        for table in {row[0] for row in columns}:
            found[table] = sorted(self.rows(f'SELECT t::text FROM "{table}" t'))
        return found

    def run(self, *statements: str) -> None:
        with self._connection.transaction():
            for statement in statements:
                self._connection.execute(statement.encode())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query.encode()).fetchall()

    @contextmanager
    def holding(self, statement: str) -> Iterator[None]:
        with self._connection.transaction(force_rollback=True):
            self._connection.execute(statement.encode())
            yield

    def touch(self, target: str) -> None:
        table, _, key = target.partition("/")
        names = "order_id || ',' || number" if table == "lines" else "id::text"
        exists = target != "schema" and bool(self.rows(f"SELECT 1 FROM {table} WHERE {names} = '{key}'"))
        self.run(_touching(target, exists))

    def close(self) -> None:
        self._connection.close()
