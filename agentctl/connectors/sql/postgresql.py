"""PostgreSQL: sessions, how its values travel as its own text, and how its rows are compared and kept from changing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from agentctl.connectors.sql.condition import Operator, Test
from agentctl.connectors.sql.database import Unfit
from agentctl.connectors.sql.names import column_of, compared, table_of
from agentctl.connectors.sql.postgresql_catalog import postgres_schema
from agentctl.connectors.sql.postgresql_values import checked, from_text, listed, settled, to_text
from agentctl.connectors.sql.said import Said
from agentctl.connectors.sql.schema import Column, Kind, Schema, Table
from agentctl.connectors.sql.statements import bare, refuse_control
from agentctl.errors import ConnectorError, Indeterminate, Rejected, Unreachable
from agentctl.facts import dataclass
from agentctl.model.snapshot import Snapshot
from agentctl.model.values import Value

if TYPE_CHECKING:
    from sqlalchemy import URL, ColumnElement, Connection, Engine, Executable, Update

_SESSION = (
    "SET datestyle = 'ISO, YMD'", "SET intervalstyle = 'postgres'", "SET timezone = 'UTC'", "SET bytea_output = 'hex'",
    "SET extra_float_digits = 1", "SET standard_conforming_strings = on", "SET client_encoding = 'UTF8'",
)
_RETRY = {"40001", "40P01", "55P03", "57014"}      # serialization, deadlock, lock and statement timeout
_LOST = ("08", "57P")               # connection exceptions, and the server going away


class Postgres:
    """A PostgreSQL database. Values are read as text and written as text cast to their column's type."""

    local = False

    def __init__(self, url: Callable[[], URL], *, endpoint: str, timeout: float, quiet: bool) -> None:
        """``url`` is asked for when first needed; ``quiet`` withholds the server's words, which may hold values."""
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
                    commit = _commit(connection)
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
                self._ask_of(commit, error)

    def _ask_of(self, commit: _Commit, lost: Exception) -> None:
        """Return where the server shows on another connection that ``commit`` took place; raise what else it shows."""
        what = f"The connection to {self._endpoint} was lost while the change was committed"
        status = ""
        with suppress(ConnectorError), self.reading() as connection:
            if _running_since(connection) == commit.since:      # another server counts its transactions anew
                asked = f"SELECT txid_status({commit.number})"
                status = connection.exec_driver_sql(asked).scalar_one()
        match status:
            case "committed":
                return
            case "aborted":
                raise Unreachable("Commit undone", f"{what}. It shows that nothing was changed.") from lost
        raise Indeterminate("Commit in doubt", f"{what}.") from lost

    def version(self, connection: Connection) -> str:
        number = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
        return f"PostgreSQL {int(number) // 10000}"

    def whoami(self, connection: Connection) -> str:
        return str(connection.exec_driver_sql("SELECT current_user || '@' || current_database()").scalar_one())

    def reflect(self, connection: Connection) -> Schema:
        return postgres_schema(connection)

    def rows(self, connection: Connection, said: Said) -> Sequence[Sequence[Any]]:
        return connection.execute(said.build(said.values)).all()

    def affected(self, connection: Connection, said: Said) -> int:
        return connection.execute(said.build(said.values)).rowcount

    def shown(self, table: Table) -> list[ColumnElement[Any]]:
        import sqlalchemy as sa

        text = [_shown(column) for column in table.columns.values()]
        return [*text, sa.cast(sa.column("xmin"), sa.Text).label("version")]

    def value(self, column: Column, raw: Any) -> Value:
        if raw is None:
            return None
        if column.kind is Kind.ARRAY:
            return listed(column, raw)
        return from_text(column.kind, raw)

    def token(self, table: Table, row: Sequence[Any]) -> str:
        return str(row[len(table.columns)])

    def bound(self, column: Column, value: Value) -> ColumnElement[Any]:
        import sqlalchemy as sa

        text = to_text(column, value)
        parameter = sa.literal(text, sa.ARRAY(sa.Text) if isinstance(text, list) else sa.Text())
        return sa.cast(parameter, _type(column.type))

    def fit(self, table: Table, column: Column, value: Value) -> Value:
        meant = checked(column, value)
        if meant is None or settled(column):
            return meant
        return self.value(column, self._asked(column, meant))

    def is_(self, column: Column, value: Value) -> ColumnElement[bool]:
        return column_of(column.name) == self.bound(column, value)

    def among(self, column: Column, values: Sequence[Value]) -> ColumnElement[bool]:
        import sqlalchemy as sa

        clauses: list[ColumnElement[bool]] = [sa.false()]
        for value in values:
            with suppress(Unfit):
                clauses.append(self.is_(column, value))
        return sa.or_(*clauses)

    def test(self, test: Test) -> ColumnElement[bool]:
        import sqlalchemy as sa

        operand = test.operand
        name: ColumnElement[Any] = column_of(test.column.name)
        if test.column.type == "citext":        # conditions compare as they are written
            name = sa.cast(name, sa.Text)
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
        return compared(test.operator, left, right)

    def unchanged(self, table: Table, before: Snapshot) -> ColumnElement[bool]:
        import sqlalchemy as sa

        return sa.cast(sa.column("xmin"), sa.Text) == sa.literal(before.token or "", sa.Text())

    def locking(self, statement: Any) -> Any:
        return statement.with_for_update()

    def insertion(self, table: Table, values: dict[str, ColumnElement[Any]]) -> Executable:
        import sqlalchemy as sa

        from agentctl.connectors.sql.overriding import PutUnderItsKey

        key = [_shown(table.columns[name]) for name in table.key]
        if any(table.columns[name].always for name in values):
            return PutUnderItsKey(table_of(table), values, key)
        return sa.insert(table_of(table)).values(values).returning(*key)

    def update(self, table: Table) -> Update:
        import sqlalchemy as sa

        return sa.update(table_of(table))

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
        driver: Any = connection.connection.dbapi_connection
        with self._told(), driver.cursor(binary=True) as cursor:    # the extended protocol takes one statement only
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

        key = column.type, repr(to_text(column, value))
        if key not in self._known:
            shown = sa.select(sa.cast(self.bound(column, value), _text_type(column)))
            try:
                with self.reading() as connection:
                    self._known[key] = connection.execute(shown).scalar_one()
            except Rejected as error:
                raise Unfit(f"the database does not take it for {column.type}") from error
        return self._known[key]

    def _said(self, error: Exception) -> str:
        """Return what the server says without what may hold values: its detail, and all its words where ``quiet``."""
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
        limits = (sa.func.set_config(name, ms, sa.true()) for name in ("statement_timeout", "lock_timeout"))
        connection.execute(sa.select(*limits)).close()

    def _still_open(self, connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
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
                    connect_args={"connect_timeout": max(2, int(self._timeout)), "prepare_threshold": None},
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


@dataclass(frozen=True)
class _Commit:
    """What a transaction is called by its server, and since when that server runs."""

    number: int
    since: str


def _commit(connection: Connection) -> _Commit:
    number, since = connection.exec_driver_sql("SELECT txid_current(), pg_postmaster_start_time()::text").one()
    return _Commit(int(number), str(since))


def _running_since(connection: Connection) -> str:
    return str(connection.exec_driver_sql("SELECT pg_postmaster_start_time()::text").scalar_one())


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

    return sa.cast(column_of(column.name), _text_type(column)).label(column.name)


def _text_type(column: Column) -> Any:
    import sqlalchemy as sa

    return sa.ARRAY(sa.Text) if column.kind is Kind.ARRAY else sa.Text()
