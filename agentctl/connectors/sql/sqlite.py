"""SQLite: sessions on a file that exists, what SQLite stores in which column, and how its rows are compared."""

from __future__ import annotations

import json
import math
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from agentctl.connectors.sql.catalog import sqlite_schema
from agentctl.connectors.sql.condition import Operator, Test, Wildcard, pattern
from agentctl.connectors.sql.database import Unfit
from agentctl.connectors.sql.names import column_of, table_of
from agentctl.connectors.sql.schema import Column, Kind, Schema, Table
from agentctl.connectors.sql.statements import refuse_control
from agentctl.errors import ConnectorError, Indeterminate, Rejected, Unreachable
from agentctl.model.snapshot import Snapshot
from agentctl.model.values import Value

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Engine, Executable

_LARGEST = 2**63 - 1
_STEPS = 10_000                     # virtual machine steps between two looks at the clock
_FORBIDDEN = {                      # what a migration may not do: end the transaction, or reach another file
    sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT, sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH,
}
_HARMLESS_PRAGMAS: Final = {"user_version", "application_id", "defer_foreign_keys"}


class Sqlite:
    """A SQLite file. Reading opens it read-only; nothing here ever creates one."""

    def __init__(self, path: Path, *, timeout: float) -> None:
        self._path = path
        self._timeout = timeout
        self._probe = _Probe()
        self._lock = threading.Lock()
        self._engines: dict[str, Engine] = {}

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._session("ro", self._timeout) as connection, self._told():
            connection.exec_driver_sql("BEGIN")
            try:
                yield connection
            finally:
                connection.exec_driver_sql("ROLLBACK")

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
                if undone or isinstance(fault, Rejected):
                    raise fault from error
                raise Indeterminate("Commit in doubt", f"The commit ended in an error: {fault.detail}") from error

    def version(self, connection: Connection) -> str:
        return f"SQLite {sqlite3.sqlite_version_info[0]}"

    def whoami(self, connection: Connection) -> str:
        return ""

    def reflect(self, connection: Connection) -> Schema:
        return sqlite_schema(connection)

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
                return _from_text(column.kind, raw)
        return raw  # type: ignore[no-any-return]  # None, int and bytes are values as they are

    def token(self, table: Table, row: Sequence[Any]) -> str:
        return sha256(repr([(type(raw).__name__, raw) for raw in row]).encode()).hexdigest()

    def bound(self, column: Column, value: Value) -> ColumnElement[Any]:
        return _parameter(stored(column, value))

    def fit(self, table: Table, column: Column, value: Value) -> Value:
        declared = "" if table.strict and column.type.upper() == "ANY" else column.type
        raw = self._probe.stored(declared, stored(column, _checked(column, value)))
        if table.strict and not _strict_type(column, raw):
            raise Unfit(f"table {table.name} is STRICT and the column takes {column.type} only")
        return self.value(column, raw)

    def is_(self, column: Column, value: Value) -> ColumnElement[bool]:
        raw = stored(column, value)
        return _exactly(column, raw) == _parameter(raw)

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
        raw = stored(test.column, operand)
        left, right = _exactly(test.column, raw), _parameter(raw)
        match test.operator:
            case Operator.EQ:
                return left == right
            case Operator.NE:
                return left.is_distinct_from(right)
        # SQLite orders numbers before texts before blobs; only what is of one sort is compared here.
        alike = sa.func.typeof(name).in_(_sort(raw))
        compared = {
            Operator.LT: left < right, Operator.LE: left <= right, Operator.GT: left > right, Operator.GE: left >= right,
        }
        return sa.and_(alike, compared[test.operator])

    def unchanged(self, table: Table, before: Snapshot) -> ColumnElement[bool]:
        import sqlalchemy as sa

        clauses: list[ColumnElement[bool]] = []
        for name, value in (before.value or {}).items():
            column = table.column(name)
            raw = stored(column, value)
            clauses.append(_exactly(column, raw).is_not_distinct_from(_parameter(raw)))
            clauses.append(sa.func.typeof(column_of(name)) == _TYPEOF[type(raw)])
        return sa.and_(sa.true(), *clauses)

    def locking(self, statement: Any) -> Any:
        return statement            # the transaction holds the file's one write lock

    def insertion(self, table: Table, values: dict[str, ColumnElement[Any]]) -> Executable:
        import sqlalchemy as sa

        return sa.insert(table_of(table)).values(values).returning(*(column_of(name) for name in table.key))

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
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_authorizer(_authorize)
        try:
            driver.execute(statement).close()
        finally:
            driver.set_authorizer(None)

    def fault(self, error: Exception) -> ConnectorError:
        cause = getattr(error, "orig", None) or error
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        said = f"SQLite says: {cause}."
        if isinstance(error, ConnectorError):
            return error
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return Unreachable("Database busy", f"Another program holds {self._path.name}; nothing was changed.")
        if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_INTERRUPT}:
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

    @contextmanager
    def _session(self, mode: str, timeout: float) -> Iterator[Connection]:
        if not self._path.is_file():
            raise Unreachable("Database out of reach", f"There is no database file {self._path.name}.")
        try:
            connection = self._engine(mode).connect()
        except Exception as error:
            raise self.fault(error) from error
        with connection:
            ends = time.monotonic() + timeout
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.execute(f"PRAGMA busy_timeout = {int(timeout * 1000):d}").close()
            driver.set_progress_handler(lambda: int(time.monotonic() > ends), _STEPS)
            yield connection

    def _engine(self, mode: str) -> Engine:
        import sqlalchemy as sa
        from sqlalchemy.pool import QueuePool

        def connect() -> sqlite3.Connection:
            uri = f"file:{quote(os.fspath(self._path))}?mode={mode}"
            driver = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
            driver.execute("PRAGMA foreign_keys = ON").close()
            if mode == "ro":
                driver.execute("PRAGMA query_only = ON").close()
            return driver

        with self._lock:
            if mode not in self._engines:
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


class _Probe:
    """Asks SQLite itself what a value becomes in a column of a type: an empty database in memory with one such column."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._memory: sqlite3.Connection | None = None
        self._known: dict[str, str] = {}

    def stored(self, declared: str, raw: Any) -> Any:
        with self._lock:
            if self._memory is None:
                self._memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
                self._memory.execute("CREATE TABLE t (i INTEGER, t TEXT, b BLOB, r REAL, n NUMERIC)").close()
            name = affinity(declared)
            self._memory.execute(f"INSERT INTO t ({name}) VALUES (?)", (raw,)).close()  # noqa: S608  # one of five letters
            ((shown,),) = self._memory.execute(f"DELETE FROM t RETURNING {name}").fetchall()  # noqa: S608
            return shown

    def close(self) -> None:
        with self._lock:
            if self._memory is not None:
                self._memory.close()
                self._memory = None


def affinity(declared: str) -> str:
    """Return the letter of SQLite's column affinity for a declared type: its documented rules, in their order."""
    upper = declared.upper()
    if "INT" in upper:
        return "i"
    if any(word in upper for word in ("CHAR", "CLOB", "TEXT")):
        return "t"
    if "BLOB" in upper or not upper:
        return "b"
    if any(word in upper for word in ("REAL", "FLOA", "DOUB")):
        return "r"
    return "n"


def stored(column: Column, value: Value) -> Any:
    """Return the storage form of a value. Raises Unfit where SQLite has none."""
    match value:
        case bool():
            return int(value)
        case int():
            if not -_LARGEST - 1 <= value <= _LARGEST:
                raise Unfit("SQLite's integers end at 64 bits")
            return value
        case Decimal():
            number = float(value)
            if not math.isfinite(number) or Decimal(repr(number)) != value:
                raise Unfit(f"SQLite keeps decimals as binary floating point, where this one would become {number!r}")
            return number
        case datetime():
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case Mapping() | list() | tuple():
            try:
                return json.dumps(_json(value), ensure_ascii=False, separators=(",", ":"))
            except (TypeError, RecursionError) as error:
                raise Unfit("that is not JSON") from error
        case None | str() | bytes():
            return value
    raise Unfit("that has no place in a column")


def _json(value: Value) -> Any:
    match value:
        case Mapping():
            return {key: _json(item) for key, item in value.items()}
        case list() | tuple():
            return [_json(item) for item in value]
        case Decimal():
            number = float(value)
            if Decimal(repr(number)) != value:
                raise Unfit("a decimal in the JSON would lose digits")
            return number
    return value


def _checked(column: Column, value: Value) -> Value:
    """Return a value an agent wrote where it is of the column's kind."""
    match column.kind, value:
        case _, None:
            return value
        case Kind.BOOL, bool():
            return value
        case Kind.INTEGER, int():
            return value
        case Kind.DECIMAL | Kind.FLOAT, int() | Decimal() if not isinstance(value, bool):
            return value
        case Kind.TEXT, str():
            return value
        case Kind.BYTES, bytes():
            return value
        case Kind.DATE, date() if not isinstance(value, datetime):
            return value
        case Kind.TIME, datetime() | int():
            return value
        case Kind.DATE, str() if _is_date(value):
            return value
        case Kind.TIME, str() if _is_time(value):
            return value
        case Kind.JSON, str():
            try:
                json.loads(value)
            except (ValueError, RecursionError) as error:
                raise Unfit("that text is not JSON") from error
            return value
        case Kind.JSON, _:
            return value if isinstance(value, Mapping | list | tuple) else json.dumps(value)
        case Kind.ANY, None | bool() | int() | Decimal() | str() | bytes() | date():
            return value
    raise Unfit(f"the column holds a {column.kind.value}")


def _from_text(kind: Kind, text: str) -> Value:
    """Return a date or time where the text is exactly how such a value would be stored, else the text."""
    if kind in {Kind.DATE, Kind.TIME}:
        try:
            value = date.fromisoformat(text) if kind is Kind.DATE else datetime.fromisoformat(text)
        except ValueError:
            return text
        shown = value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
        zoned = isinstance(value, datetime) and value.tzinfo is not None
        if shown == text and (not zoned or text.endswith("+00:00")):
            return value
    return text


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_time(text: str) -> bool:
    try:
        return bool(datetime.fromisoformat(text)) and len(text) > 10
    except ValueError:
        return False


def _strict_type(column: Column, raw: Any) -> bool:
    fits: dict[str, tuple[type, ...]] = {
        "INT": (int,), "INTEGER": (int,), "REAL": (float,), "TEXT": (str,), "BLOB": (bytes,),
    }
    return raw is None or isinstance(raw, fits.get(column.type.upper(), (object,)))


_TYPEOF: dict[type, str] = {int: "integer", float: "real", str: "text", bytes: "blob", type(None): "null"}


def _sort(raw: Any) -> tuple[str, ...]:
    return ("integer", "real") if isinstance(raw, int | float) else (_TYPEOF[type(raw)],)


def _exactly(column: Column, raw: Any) -> ColumnElement[Any]:
    """Return the column to be compared with ``raw``: texts by their bytes, whatever collation the column has."""
    name = column_of(column.name)
    return name.collate("BINARY") if isinstance(raw, str) else name


def _parameter(raw: Any) -> ColumnElement[Any]:
    import sqlalchemy as sa
    from sqlalchemy.types import NullType

    return sa.literal(raw, NullType())


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
    from agentctl.connectors.sql.statements import bare

    return not bare(text).strip("; \t\r\n")


def _authorize(action: int, first: str | None, second: str | None, database: str | None, trigger: str | None) -> int:
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
