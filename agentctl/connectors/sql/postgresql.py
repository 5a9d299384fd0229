"""PostgreSQL: sessions, how its values travel as its own text, and how its rows are compared and kept from changing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from uuid import UUID

from agentctl.connectors.sql.catalog import postgres_schema
from agentctl.connectors.sql.condition import Operator, Test
from agentctl.connectors.sql.database import Unfit
from agentctl.connectors.sql.names import column_of, table_of
from agentctl.connectors.sql.schema import Column, Kind, Schema, Table
from agentctl.connectors.sql.statements import bare, refuse_control
from agentctl.errors import ConnectorError, Indeterminate, Rejected, Unreachable
from agentctl.model.snapshot import Snapshot
from agentctl.model.values import Value

if TYPE_CHECKING:
    from sqlalchemy import URL, ColumnElement, Connection, Engine, Executable

_SESSION = (
    "SET datestyle = 'ISO, YMD'", "SET intervalstyle = 'postgres'", "SET timezone = 'UTC'", "SET bytea_output = 'hex'",
    "SET extra_float_digits = 1", "SET standard_conforming_strings = on", "SET client_encoding = 'UTF8'",
)
_LIMITS = {"smallint": 15, "integer": 31, "bigint": 63}
_WIDEST = 131_072                   # digits PostgreSQL keeps before the decimal point
_RETRY = {"40001", "40P01", "55P03", "57014"}      # serialization, deadlock, lock and statement timeout
_LOST = ("08", "57P")               # connection exceptions, and the server going away
_AS_WRITTEN = {
    Kind.BOOL, Kind.INTEGER, Kind.DECIMAL, Kind.BYTES, Kind.DATE, Kind.UUID, Kind.JSON, Kind.JSONB,
}


class Postgres:
    """A PostgreSQL database. Values are read as text and written as text cast to their column's type."""

    def __init__(self, url: Callable[[], URL], *, endpoint: str, timeout: float, quiet: bool) -> None:
        """``url`` is asked for when first needed; ``quiet`` keeps the server's words, which may hold values, to itself."""
        self._url = url
        self._endpoint = endpoint
        self._timeout = timeout
        self._quiet = quiet
        self._lock = threading.Lock()
        self._engines: dict[str, Engine] = {}
        self._known: dict[tuple[str, str], str] = {}

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._session("read") as connection, self._told():
            connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            self._limit(connection, self._timeout)
            try:
                yield connection
            finally:
                _undo(connection)

    @contextmanager
    def writing(self, deadline: float) -> Iterator[Connection]:
        with self._session("write") as connection:
            with self._told():
                connection.exec_driver_sql("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
            try:
                with self._told():
                    self._limit(connection, min(self._timeout, deadline))
                    yield connection
                    self._still_open(connection)
            except BaseException:
                _undo(connection)
                raise
            try:
                connection.exec_driver_sql("COMMIT")
            except Exception as error:
                state = _state(error)
                connection.invalidate()
                if state and not state.startswith(_LOST):
                    raise self.fault(error) from error      # the server answered: it has not committed
                raise Indeterminate(
                    "Commit in doubt", f"The connection to {self._endpoint} was lost while the change was committed."
                ) from error

    def version(self, connection: Connection) -> str:
        number = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
        return f"PostgreSQL {int(number) // 10000}"

    def whoami(self, connection: Connection) -> str:
        return str(connection.exec_driver_sql("SELECT current_user || '@' || current_database()").scalar_one())

    def reflect(self, connection: Connection) -> Schema:
        return postgres_schema(connection)

    def shown(self, table: Table) -> list[ColumnElement[Any]]:
        import sqlalchemy as sa

        text = [_shown(column) for column in table.columns.values()]
        return [*text, sa.cast(sa.column("xmin"), sa.Text).label("version")]

    def value(self, column: Column, raw: Any) -> Value:
        if raw is None:
            return None
        if column.kind is Kind.ARRAY:
            return _listed(column, raw)
        return _from_text(column.kind, raw)

    def token(self, table: Table, row: Sequence[Any]) -> str:
        return str(row[len(table.columns)])

    def bound(self, column: Column, value: Value) -> ColumnElement[Any]:
        import sqlalchemy as sa

        text = _to_text(column, value)
        parameter = sa.literal(text, sa.ARRAY(sa.Text) if isinstance(text, list) else sa.Text())
        return sa.cast(parameter, _type(column.type))

    def fit(self, table: Table, column: Column, value: Value) -> Value:
        checked = _checked(column, value)
        if checked is None or _settled(column):
            return checked
        return self.value(column, self._asked(column, checked))

    def is_(self, column: Column, value: Value) -> ColumnElement[bool]:
        return column_of(column.name) == self.bound(column, value)

    def test(self, test: Test) -> ColumnElement[bool]:
        import sqlalchemy as sa

        name, operand = column_of(test.column.name), test.operand
        match test.operator:
            case Operator.IS_NULL:
                return name.is_(None) if operand else name.is_not(None)
            case Operator.EQ:
                return name.is_(None) if operand is None else self.is_(test.column, operand)
            case Operator.NE if operand is None:
                return name.is_not(None)
            case Operator.NE:
                return name.is_distinct_from(self.bound(test.column, operand))
            case Operator.IN:
                assert isinstance(operand, list)
                return sa.or_(sa.false(), *(self.is_(test.column, item) for item in operand))
            case Operator.LIKE:
                return sa.cast(name, sa.Text).like(str(operand), escape="\\")
        textual = test.column.kind is Kind.TEXT
        left = sa.cast(name, sa.Text).collate("C") if textual else name
        right = self.bound(test.column, operand)
        right = sa.cast(right, sa.Text).collate("C") if textual else right
        return {
            Operator.LT: left < right, Operator.LE: left <= right, Operator.GT: left > right, Operator.GE: left >= right,
        }[test.operator]

    def unchanged(self, table: Table, before: Snapshot) -> ColumnElement[bool]:
        import sqlalchemy as sa

        return sa.cast(sa.column("xmin"), sa.Text) == sa.literal(before.token or "", sa.Text())

    def locking(self, statement: Any) -> Any:
        return statement.with_for_update()

    def insertion(self, table: Table, values: dict[str, ColumnElement[Any]]) -> Executable:
        import sqlalchemy as sa

        from agentctl.connectors.sql.overriding import OverridingInsert

        always = any(table.columns[name].always for name in values)
        insert = OverridingInsert(table_of(table)) if always else sa.insert(table_of(table))
        return insert.values(values).returning(*(_shown(table.columns[name]) for name in table.key))

    def defer(self, connection: Connection) -> None:
        connection.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")

    def statements(self, texts: Sequence[str]) -> None:
        for text in texts:
            refuse_control(text)
            if bare(text).rstrip("; \t\r\n").count(";"):
                raise Rejected(
                    "Several statements in one",
                    "Each entry of `up` and `down` is one SQL statement.",
                    hint="The body of a function goes between dollar quotes: $$ … $$.",
                )

    def run(self, connection: Connection, statement: str) -> None:
        driver: Any = connection.connection.driver_connection
        with driver.cursor(binary=True) as cursor:      # the extended protocol takes one statement only
            cursor.execute(statement.encode())
        self._still_open(connection)

    def fault(self, error: Exception) -> ConnectorError:
        if isinstance(error, ConnectorError):
            return error
        state = _state(error)
        if state in _RETRY:
            return Unreachable("Database busy", f"{self._endpoint} gave up: {self._said(error)} Nothing was changed.")
        if not state or state.startswith(_LOST) or state.startswith("53"):
            return Unreachable(
                "Database out of reach", f"{self._endpoint} cannot be used: {self._said(error)} Nothing was changed."
            )
        return Rejected("Database refused", f"{self._endpoint} refused: {self._said(error)} Nothing was changed.")

    def close(self) -> None:
        with self._lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()

    def _asked(self, column: Column, value: Value) -> Any:
        """Ask the server how it would show ``value`` once stored; the answer never depends on any row."""
        import sqlalchemy as sa

        key = column.type, repr(_to_text(column, value))
        if key not in self._known:
            shown = sa.cast(self.bound(column, value), sa.ARRAY(sa.Text) if column.kind is Kind.ARRAY else sa.Text())
            try:
                with self.reading() as connection:
                    self._known[key] = connection.execute(sa.select(shown)).scalar_one()
            except Rejected as error:
                raise Unfit(f"the database does not take it for {column.type}") from error
        return self._known[key]

    def _said(self, error: Exception) -> str:
        """Return what the server says without what may hold values: its detail, and all of it where that is asked for."""
        cause = getattr(error, "orig", None) or error
        diagnosis = getattr(cause, "diag", None)
        state = _state(error)
        if diagnosis is None or not state:
            return type(cause).__name__ + "." if self._quiet else _one_line(str(cause))
        where = ", ".join(
            f"{what} {name}"
            for what, name in (
                ("constraint", diagnosis.constraint_name),
                ("column", diagnosis.column_name),
                ("table", diagnosis.table_name),
            )
            if name
        )
        words = type(cause).__name__ if self._quiet else _one_line(diagnosis.message_primary or "")
        return f"{words} ({where}; SQLSTATE {state})." if where else f"{words} (SQLSTATE {state})."

    def _limit(self, connection: Connection, seconds: float) -> None:
        import sqlalchemy as sa

        ms = str(max(1, int(seconds * 1000)))
        connection.execute(
            sa.select(
                sa.func.set_config("statement_timeout", ms, sa.true()), sa.func.set_config("lock_timeout", ms, sa.true())
            )
        ).close()

    def _still_open(self, connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        if driver.info.transaction_status.name != "INTRANS":
            raise Indeterminate("Transaction ended early", "A statement ended the transaction it was to run in.")

    @contextmanager
    def _session(self, purpose: str) -> Iterator[Connection]:
        try:
            connection = self._engine(purpose).connect()
        except ImportError as error:
            raise Unreachable(
                "PostgreSQL driver missing",
                "The package psycopg is not installed.",
                command="pip install 'agentctl-cli[postgresql]'",
            ) from error
        except ConnectorError:
            raise
        except Exception as error:
            raise self.fault(error) from error
        with connection:
            yield connection

    def _engine(self, purpose: str) -> Engine:
        import sqlalchemy as sa

        with self._lock:
            if purpose not in self._engines:
                engine = sa.create_engine(
                    self._url(),
                    isolation_level="AUTOCOMMIT",       # BEGIN and COMMIT are said here, where they can be told apart
                    hide_parameters=True,
                    pool_pre_ping=True,
                    pool_size=5,
                    max_overflow=10,
                    pool_timeout=self._timeout,
                    connect_args={"connect_timeout": max(2, int(self._timeout)), "application_name": "agentctl"},
                )

                def prepare(driver: Any, _: object) -> None:
                    with driver.cursor() as cursor:
                        for statement in _SESSION:
                            cursor.execute(statement)
                        if purpose == "read":
                            cursor.execute("SET default_transaction_read_only = on")

                sa.event.listen(engine, "connect", prepare)
                self._engines[purpose] = engine
            return self._engines[purpose]

    @contextmanager
    def _told(self) -> Iterator[None]:
        import psycopg
        import sqlalchemy as sa

        try:
            yield
        except (sa.exc.SQLAlchemyError, psycopg.Error) as error:
            raise self.fault(error) from error


def _state(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(getattr(cause, "sqlstate", None) or "")


def _undo(connection: Connection) -> None:
    try:
        connection.exec_driver_sql("ROLLBACK")
    except Exception:               # noqa: BLE001  # a lost connection has rolled back by itself
        connection.invalidate()


def _one_line(text: str) -> str:
    return " ".join(text.split()) or "no reason given"


def _type(declared: str) -> Any:
    from agentctl.connectors.sql.overriding import Declared

    return Declared(declared)


def _shown(column: Column) -> ColumnElement[Any]:
    import sqlalchemy as sa

    name = column_of(column.name)
    return sa.cast(name, sa.ARRAY(sa.Text) if column.kind is Kind.ARRAY else sa.Text()).label(column.name)


def _settled(column: Column) -> bool:
    """Whether what is written is what will be shown, so that the server need not be asked."""
    plain = {"text", "character varying", "timestamp without time zone", "timestamp with time zone", "double precision"}
    return column.kind in _AS_WRITTEN or column.type in plain or (column.kind is Kind.TEXT and column.size is not None
                                                                  and column.type.startswith("character varying"))


def _listed(column: Column, raw: Any) -> Value:
    assert column.element is not None
    if isinstance(raw, list):
        return [_listed(column, item) for item in raw]
    return None if raw is None else _from_text(column.element, raw)


def _from_text(kind: Kind, text: str) -> Value:
    """Return the value a text of PostgreSQL says, or the text where it says what values cannot (NaN, infinity, BC)."""
    try:
        match kind:
            case Kind.BOOL:
                return text in {"t", "true"}
            case Kind.INTEGER:
                return int(text)
            case Kind.DECIMAL | Kind.FLOAT:
                number = Decimal(text)
                return number if number.is_finite() else text
            case Kind.BYTES:
                return bytes.fromhex(text.removeprefix("\\x"))
            case Kind.DATE:
                return date.fromisoformat(text)
            case Kind.TIME:
                return datetime.fromisoformat(text)
            case Kind.MOMENT:
                return datetime.fromisoformat(text).astimezone(UTC)
            case Kind.JSONB:
                document: Value = json.loads(text, parse_float=Decimal)
                return document if isinstance(document, dict | list) else text
    except (ValueError, OverflowError, RecursionError, InvalidOperation):
        return text
    return text


def _to_text(column: Column, value: Value) -> Any:
    """Return the text, or list of texts, PostgreSQL reads ``value`` from."""
    if column.kind is Kind.ARRAY and isinstance(value, list | tuple):
        element = Column(name=column.name, type="", kind=column.element or Kind.OTHER)
        return [_to_text(column if isinstance(item, list | tuple) else element, item) for item in value]
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            if abs(value.adjusted()) > _WIDEST:
                raise Unfit("the number has too many digits")
            return format(value, "f")
        case bytes():
            return "\\x" + value.hex()
        case datetime() | date():
            return value.isoformat()
        case Mapping() | list() | tuple():
            return _json(value)
    raise Unfit("that has no place in a column")


def _json(value: Value) -> str:
    """Return JSON text; decimals keep their digits."""
    match value:
        case None | bool() | str() | int():
            return json.dumps(value, ensure_ascii=False)
        case Decimal():
            if abs(value.adjusted()) > _WIDEST:
                raise Unfit("a number in the JSON has too many digits")
            return format(_plain(value), "f")
        case Mapping():
            items = (f"{json.dumps(str(key), ensure_ascii=False)}: {_json(item)}" for key, item in value.items())
            return "{" + ", ".join(items) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_json, value)) + "]"
    raise Unfit("that is not JSON")


def _checked(column: Column, value: Value) -> Value:
    """Return a value an agent wrote, as its kind says it. Raises Unfit where it is of another kind or too long."""
    if value is None:
        return None
    match column.kind, value:
        case Kind.BOOL, bool():
            return value
        case Kind.INTEGER, int() if not isinstance(value, bool):
            bits = _LIMITS.get(column.type, 63)
            if not -(2**bits) <= value < 2**bits:
                raise Unfit(f"{column.type} ends at {bits + 1} bits")
            return value
        case Kind.DECIMAL, int() | Decimal() if not isinstance(value, bool):
            return _scaled(column, Decimal(value))
        case Kind.FLOAT, int() | Decimal() if not isinstance(value, bool):
            return _double(Decimal(value))
        case Kind.TEXT, str():
            return _fitting(column, value)
        case Kind.BYTES, bytes():
            return value
        case Kind.DATE, date() if not isinstance(value, datetime):
            return value
        case Kind.TIME, datetime() if value.tzinfo is None:
            return value
        case Kind.MOMENT, datetime() if value.tzinfo is not None:
            return value.astimezone(UTC)
        case Kind.DATE | Kind.TIME | Kind.MOMENT | Kind.UUID, str():
            return _checked_text(column, value)
        case Kind.JSONB, Mapping() | list() | tuple():
            return _document(_json(value))
        case Kind.JSON, Mapping() | list() | tuple():
            return _json(value)
        case Kind.JSON | Kind.JSONB, bool() | int() | Decimal():
            return _json(value)
        case Kind.JSON | Kind.JSONB, str():
            document = _document(value)
            if column.kind is Kind.JSON:
                return value
            return document if isinstance(document, dict | list) else _json(document)
        case Kind.ARRAY, list() | tuple():
            element = Column(name=column.name, type="", kind=column.element or Kind.OTHER)
            return [_checked(column if isinstance(item, list | tuple) else element, item) for item in value]
        case Kind.OTHER, str():
            return _fitting(column, value)
    raise Unfit(f"the column holds a {column.kind.value}")


def _checked_text(column: Column, text: str) -> Value:
    """Return the date, time or UUID a text says."""
    try:
        match column.kind:
            case Kind.DATE:
                return date.fromisoformat(text)
            case Kind.UUID:
                return str(UUID(text))
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unfit(f"the column holds a {column.kind.value}") from error
    if (moment.tzinfo is None) is (column.kind is Kind.MOMENT):
        raise Unfit(f"the column holds a {column.kind.value}")
    return moment if moment.tzinfo is None else moment.astimezone(UTC)


def _fitting(column: Column, text: str) -> str:
    if "\0" in text:
        raise Unfit("PostgreSQL keeps no NUL characters")
    if column.size is not None and len(text.rstrip(" ")) > column.size:
        raise Unfit(f"it holds at most {column.size} characters")
    return text if column.size is None else text[: max(column.size, len(text.rstrip(" ")))]


def _scaled(column: Column, number: Decimal) -> Decimal:
    if abs(number.adjusted()) > _WIDEST:
        raise Unfit("the number has too many digits")
    number = _plain(number)
    if column.precision is None:
        return number
    digits, scale = column.precision
    rounded = number.quantize(Decimal(1).scaleb(-scale), context=Context(prec=_WIDEST, rounding=ROUND_HALF_UP))
    if rounded and rounded.adjusted() >= digits - scale:
        raise Unfit(f"{column.type} has no room for it")
    return _plain(rounded)


def _plain(number: Decimal) -> Decimal:
    """Return the number as PostgreSQL writes it: no exponent, no negative zero."""
    plain = Decimal(format(number, "f"))
    return plain if plain else plain.copy_abs()


def _double(number: Decimal) -> Decimal:
    shown = Decimal(repr(float(number)))
    if not shown.is_finite():
        raise Unfit("a double has no room for it")
    return shown.quantize(Decimal(1)) if shown == shown.to_integral_value() and abs(shown) < 10**15 else shown


def _document(text: str) -> Value:
    if "\\u0000" in text or "\0" in text:
        raise Unfit("PostgreSQL keeps no NUL characters")
    try:
        document: Value = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Unfit("that text is not JSON") from error
    return document


def _no_constant(name: str) -> Value:
    raise ValueError(name)
