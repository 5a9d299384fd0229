"""SQLite: sessions on a file that exists, what SQLite stores in which column, and how its rows are compared."""

from __future__ import annotations

import math
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from agentctl.connectors.sql.condition import Operator, Test, Wildcard, pattern
from agentctl.connectors.sql.database import Unfit
from agentctl.connectors.sql.names import column_of, compared, table_of
from agentctl.connectors.sql.said import Prepared, Said
from agentctl.connectors.sql.schema import Column, Kind, Schema, Table
from agentctl.connectors.sql.sqlite_catalog import sqlite_schema
from agentctl.connectors.sql.sqlite_values import Probe, checked, from_text, stored, strict_type
from agentctl.connectors.sql.statements import bare, refuse_control
from agentctl.errors import ConnectorError, Indeterminate, Rejected, Unreachable
from agentctl.model.snapshot import Snapshot
from agentctl.model.values import Value

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Engine, Executable, Update

_STEPS = 10_000                     # virtual machine steps between two looks at the clock
_FORBIDDEN = {                      # what a migration may not do: end the transaction, or reach another file
    sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT, sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH,
}
_OUT_OF_REACH = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_PROTOCOL,
}
_HARMLESS_PRAGMAS: Final = {"user_version", "application_id", "defer_foreign_keys"}


class Sqlite:
    """A SQLite file. Reading opens it read-only; nothing here ever creates one."""

    local = True

    def __init__(self, path: Path, *, timeout: float, hidden: frozenset[str]) -> None:
        self._path = path
        self._hidden = hidden
        self._timeout = timeout
        self._probe = Probe()
        self._prepared = Prepared(stored)
        self._lock = threading.Lock()
        self._engines: dict[str, Engine] = {}

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._session("ro", self._timeout) as connection, self._told():
            driver: Any = connection.connection.dbapi_connection
            driver.execute("BEGIN").close()
            try:
                yield connection
            finally:
                driver.execute("ROLLBACK").close()

    @contextmanager
    def writing(self, deadline: float) -> Iterator[Connection]:
        with self._session("rw", min(self._timeout, deadline)) as connection:
            with self._told():
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                with self._told():
                    yield connection
            except BaseException:
                _undo(connection)
                raise
            try:
                connection.exec_driver_sql("COMMIT")
            except Exception as error:
                undone = _undo(connection)
                fault = self.fault(error)
                if undone:
                    raise fault from error
                raise Indeterminate("Commit in doubt", f"The commit ended in an error: {fault.detail}") from error

    def version(self, connection: Connection) -> str:
        return f"SQLite {sqlite3.sqlite_version_info[0]}"

    def whoami(self, connection: Connection) -> str:
        return ""

    def reflect(self, connection: Connection) -> Schema:
        return sqlite_schema(connection)

    def rows(self, connection: Connection, said: Said) -> Sequence[Sequence[Any]]:
        try:
            done = self._execute(connection, said)
        except Unfit:           # the plain way says what becomes of a value that SQLite cannot hold
            return connection.execute(said.build(said.values)).all()
        with closing(done):
            return done.fetchall()  # type: ignore[no-any-return]  # tuples

    def affected(self, connection: Connection, said: Said) -> int:
        try:
            done = self._execute(connection, said)
        except Unfit:
            return connection.execute(said.build(said.values)).rowcount
        with closing(done):
            return done.rowcount  # type: ignore[no-any-return]  # a number

    def shown(self, table: Table) -> list[ColumnElement[Any]]:
        return [column_of(name) for name in table.columns]

    def value(self, column: Column, raw: Any) -> Value:
        match raw:
            case float():
                if not math.isfinite(raw):
                    raise Rejected("Value cannot be shown", f"Column {column.name} holds an infinite number.")
                return Decimal(repr(raw))
            case int() if column.kind is Kind.BOOL and raw in {0, 1}:
                return bool(raw)
            case str():
                return from_text(column.kind, raw)
        return raw  # type: ignore[no-any-return]  # None, int and bytes are values as they are

    def token(self, table: Table, row: Sequence[Any]) -> str:
        # Tokens are recorded; one made of hidden values would let them be guessed. Statements compare every column.
        seen = [
            (type(raw).__name__, raw)
            for name, raw in zip(table.columns, row, strict=True)
            if f"{table.name}.{name}" not in self._hidden
        ]
        return sha256(repr(seen).encode()).hexdigest()

    def bound(self, column: Column, value: Value) -> ColumnElement[Any]:
        return _parameter(stored(value))

    def fit(self, table: Table, column: Column, value: Value) -> Value:
        declared = "" if table.strict and column.type.upper() == "ANY" else column.type
        raw = self._probe.stored(declared, stored(checked(column, value)))
        if table.strict and not strict_type(column, raw):
            raise Unfit(f"table {table.name} is STRICT and the column takes {column.type} only")
        return self.value(column, raw)

    def is_(self, column: Column, value: Value) -> ColumnElement[bool]:
        raw = stored(value)
        return _exactly(column.name, raw) == _parameter(raw)

    def among(self, column: Column, values: Sequence[Value]) -> ColumnElement[bool]:
        import sqlalchemy as sa

        sorts: dict[bool, list[Any]] = {True: [], False: []}
        for value in values:
            with suppress(Unfit):
                raw = stored(value)
                sorts[isinstance(raw, str)].append(raw)
        return sa.or_(
            sa.false(),
            *(_exactly(column.name, raws[0]).in_(_parameters(raws)) for raws in sorts.values() if raws),
        )

    def test(self, test: Test) -> ColumnElement[bool]:
        import sqlalchemy as sa

        name, operand = column_of(test.column.name), test.operand
        match test.operator:
            case Operator.IS_NULL:
                return name.is_(None) if operand else name.is_not(None)
            case Operator.EQ if operand is None:
                return name.is_(None)
            case Operator.NE if operand is None:
                return name.is_not(None)
            case Operator.LIKE:
                return sa.and_(sa.func.typeof(name) == "text", name.op("GLOB")(sa.literal(_glob(str(operand)))))
            case Operator.IN:
                assert isinstance(operand, list)
                return sa.or_(sa.false(), *(self.is_(test.column, item) for item in operand))
        raw = stored(operand)
        left, right = _exactly(test.column.name, raw), _parameter(raw)
        match test.operator:
            case Operator.EQ:
                return left == right
            case Operator.NE:
                return left.is_distinct_from(right)
        # SQLite orders numbers before texts before blobs; only what is of one sort is compared here.
        alike = sa.func.typeof(name).in_(_sort(raw))
        return sa.and_(alike, compared(test.operator, left, right))

    def unchanged(self, table: Table, before: Snapshot) -> ColumnElement[bool]:
        import sqlalchemy as sa

        clauses: list[ColumnElement[bool]] = []
        for name, value in (before.value or {}).items():
            column = table.column(name)
            raw = stored(value)
            clauses.append(_exactly(column.name, raw).is_not_distinct_from(_parameter(raw)))
            clauses.append(sa.func.typeof(column_of(name)) == _TYPEOF[type(raw)])
        return sa.and_(sa.true(), *clauses)

    def locking(self, statement: Any) -> Any:
        return statement            # the transaction holds the file's one write lock

    def insertion(self, table: Table, values: dict[str, ColumnElement[Any]]) -> Executable:
        import sqlalchemy as sa

        # OR ABORT: a constraint declared ON CONFLICT REPLACE must not delete other rows.
        insert = sa.insert(table_of(table)).prefix_with("OR ABORT").values(values)
        return insert.returning(*(column_of(name) for name in table.key))

    def update(self, table: Table) -> Update:
        import sqlalchemy as sa

        return sa.update(table_of(table)).prefix_with("OR ABORT")

    def defer(self, connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")

    def statements(self, texts: Sequence[str]) -> None:
        for text in texts:
            refuse_control(text)
            end = -1
            while (end := text.find(";", end + 1)) >= 0:
                if sqlite3.complete_statement(text[: end + 1]):
                    break
            if end >= 0 and not _blank(text[end + 1 :]):
                raise Rejected("Several statements in one", "Each entry of `up` and `down` is one SQL statement.")

    def run(self, connection: Connection, statement: str) -> None:
        driver: Any = connection.connection.dbapi_connection
        driver.set_authorizer(_authorize)
        try:
            with self._told():
                driver.execute(statement).close()
        finally:
            driver.set_authorizer(None)

    def fault(self, error: Exception) -> ConnectorError:
        cause = getattr(error, "orig", None) or error
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        raised = getattr(cause, "sqlite_errorcode", 0) == sqlite3.SQLITE_CONSTRAINT_TRIGGER
        said = "A trigger refused it." if raised and self._hidden else f"SQLite says: {cause}."
        if isinstance(error, ConnectorError):
            return error
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return Unreachable("Database busy", f"Another program holds {self._path.name}; nothing was changed.")
        if code in _OUT_OF_REACH:
            return Unreachable("Database out of reach", f"{said} Nothing was changed.")
        if "Could not decode to UTF-8" in str(cause):
            return Rejected("Value cannot be shown", "A text column holds bytes that are not UTF-8.")
        return Rejected("Database refused", f"{said} Nothing was changed.")

    def close(self) -> None:
        with self._lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()
        self._probe.close()

    def _execute(self, connection: Connection, said: Said) -> Any:
        text, parameters = self._prepared.text(said, connection.dialect)
        driver: Any = connection.connection.dbapi_connection
        return driver.execute(text, parameters)

    @contextmanager
    def _session(self, mode: str, timeout: float) -> Iterator[Connection]:
        try:
            file = self._path.stat()
        except OSError as error:
            raise Unreachable("Database out of reach", f"There is no database file {self._path.name}.") from error
        try:
            connection = self._engine(mode).connect()
            if connection.info.setdefault("file", (file.st_dev, file.st_ino)) != (file.st_dev, file.st_ino):
                connection.invalidate()         # another file has taken this one's name
                connection.info["file"] = (file.st_dev, file.st_ino)
        except Exception as error:
            raise self.fault(error) from error
        with connection:
            ends = time.monotonic() + timeout
            driver: Any = connection.connection.dbapi_connection
            driver.execute(f"PRAGMA busy_timeout = {int(timeout * 1000):d}").close()
            driver.set_progress_handler(lambda: int(time.monotonic() > ends), _STEPS)
            yield connection

    def _engine(self, mode: str) -> Engine:
        def connect() -> sqlite3.Connection:
            uri = f"file:{quote(os.fspath(self._path))}?mode={mode}"
            driver = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
            driver.execute("PRAGMA foreign_keys = ON").close()
            if mode == "ro":
                driver.execute("PRAGMA query_only = ON").close()
            return driver

        with self._lock:
            if mode not in self._engines:
                import sqlalchemy as sa
                from sqlalchemy.pool import QueuePool

                self._engines[mode] = sa.create_engine(
                    "sqlite://",
                    creator=connect,
                    poolclass=QueuePool,
                    max_overflow=-1,
                    isolation_level="AUTOCOMMIT",       # BEGIN and COMMIT are said here, where they can be told apart
                    hide_parameters=True,
                )
            return self._engines[mode]

    @contextmanager
    def _told(self) -> Iterator[None]:
        import sqlalchemy as sa

        try:
            yield
        except (sa.exc.SQLAlchemyError, sqlite3.Error, sqlite3.Warning) as error:
            raise self.fault(error) from error


_TYPEOF: dict[type, str] = {int: "integer", float: "real", str: "text", bytes: "blob", type(None): "null"}


def _sort(raw: Any) -> tuple[str, ...]:
    return ("integer", "real") if isinstance(raw, int | float) else (_TYPEOF[type(raw)],)


def _exactly(column: str, raw: Any) -> ColumnElement[Any]:
    """Return the column to be compared with ``raw``: texts by their bytes, whatever collation the column has."""
    return column_of(column).collate("BINARY") if isinstance(raw, str) else column_of(column)


def _parameter(raw: Any) -> ColumnElement[Any]:
    import sqlalchemy as sa
    from sqlalchemy.types import NullType

    return sa.literal(raw, NullType())


def _parameters(raws: list[Any]) -> ColumnElement[Any]:
    import sqlalchemy as sa
    from sqlalchemy.types import NullType

    return sa.bindparam(None, raws, NullType(), unique=True, expanding=True)


def _glob(text: str) -> str:
    """Return a pattern in SQLite's case-sensitive GLOB."""
    pieces = []
    for piece in pattern(text):
        if isinstance(piece, Wildcard):
            pieces.append("*" if piece.many else "?")
        else:
            pieces.append(f"[{piece}]" if piece in "*?[" else piece)
    return "".join(pieces)


def _blank(text: str) -> bool:
    """Whether nothing but blanks, semicolons and comments is left: text that completes no statement."""
    return not bare(text).strip("; \t\r\n")


def _authorize(action: int, first: str | None, *_: object) -> int:
    if action in _FORBIDDEN:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA and (first or "").lower() not in _HARMLESS_PRAGMAS:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _undo(connection: Connection) -> bool:
    """Roll back; whether that is certain."""
    try:
        connection.exec_driver_sql("ROLLBACK")
    except Exception:               # noqa: BLE001  # whatever the cause: the caller is told that it is not certain
        connection.invalidate()
        return False
    return True
