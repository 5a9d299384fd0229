"""What differs from database to database, as a port: sessions, reflection, and how values are shown and stored."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from agentctl.connectors.sql.condition import Test
from agentctl.connectors.sql.said import Said
from agentctl.connectors.sql.schema import Column, Schema, Table
from agentctl.errors import ConnectorError
from agentctl.model.snapshot import Snapshot
from agentctl.model.values import Value

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Executable, Update


class Unfit(ValueError):
    """A value its column cannot hold; the message says why and holds no value."""


class Database(Protocol):
    """One kind of database. What its sessions raise is already one of the three connector errors."""

    local: bool
    """Whether a transaction ends for certain when the process that began it ends."""

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a session that cannot write, with one view of the data from first to last."""
        ...

    def writing(self, deadline: float) -> AbstractContextManager[Connection]:
        """Open a transaction that is committed when the block ends, and undone where it raises."""
        ...

    def version(self, connection: Connection) -> str: ...

    def whoami(self, connection: Connection) -> str: ...

    def reflect(self, connection: Connection) -> Schema:
        """Return what there is, tables outside the instance's scope included."""
        ...

    def rows(self, connection: Connection, said: Said) -> Sequence[Sequence[Any]]:
        """Execute a statement and return all rows it brings."""
        ...

    def affected(self, connection: Connection, said: Said) -> int:
        """Execute a statement and return how many rows it changed."""
        ...

    def shown(self, table: Table) -> list[ColumnElement[Any]]:
        """Return what to select to see a row of ``table``: its columns in order, then its version where it has one."""
        ...

    def value(self, column: Column, raw: Any) -> Value:
        """Return what is stored, as a value; every value that is shown can be put back exactly."""
        ...

    def token(self, table: Table, row: Sequence[Any]) -> str:
        """Return what changes whenever the row is written, from a row as ``shown`` selects it."""
        ...

    def bound(self, column: Column, value: Value) -> ColumnElement[Any]:
        """Return ``value`` as a parameter that stores exactly what was shown as that value."""
        ...

    def fit(self, table: Table, column: Column, value: Value) -> Value:
        """Return ``value`` as the column will show it once stored. Raises Unfit where it is not for this column."""
        ...

    def is_(self, column: Column, value: Value) -> ColumnElement[bool]:
        """Compare for finding a row by its key: exactly, NULL matching nothing."""
        ...

    def among(self, column: Column, values: Sequence[Value]) -> ColumnElement[bool]:
        """Compare with each of several keys as ``is_`` does; one the column cannot hold is not in it."""
        ...

    def test(self, test: Test) -> ColumnElement[bool]:
        """Say one comparison of a condition."""
        ...

    def unchanged(self, table: Table, before: Snapshot) -> ColumnElement[bool]:
        """Say that the row still is what ``before`` read; for the statement that changes it."""
        ...

    def locking(self, statement: Any) -> Any:
        """Return a select that keeps others from changing its rows until the transaction ends."""
        ...

    def insertion(self, table: Table, values: dict[str, ColumnElement[Any]]) -> Executable:
        """Return an insert that brings back the key, and is refused where a row is in its way."""
        ...

    def update(self, table: Table) -> Update:
        """Return an update that is refused where another row is in its way."""
        ...

    def defer(self, connection: Connection) -> None:
        """Let foreign keys that allow it be checked at commit, as rows are put back in whatever order."""
        ...

    def statements(self, texts: Sequence[str]) -> None:
        """Check that each text is one statement that stays inside a transaction. Raises Rejected."""
        ...

    def run(self, connection: Connection, statement: str) -> None:
        """Run one statement of a migration exactly as it is written."""
        ...

    def fault(self, error: Exception) -> ConnectorError: ...

    def close(self) -> None: ...
