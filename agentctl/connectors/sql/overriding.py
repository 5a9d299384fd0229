"""Two things SQLAlchemy does not say: a type in the database's own words, and OVERRIDING SYSTEM VALUE."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Executable, TableClause
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import UserDefinedType


class Declared(UserDefinedType[Any]):
    """A type as the catalogue names it; never from outside."""

    cache_ok = True

    def __init__(self, words: str) -> None:
        self.words = words

    def get_col_spec(self, **_: Any) -> str:
        return self.words


class PutUnderItsKey(Executable, ClauseElement):
    """An INSERT that gives a value to a column GENERATED ALWAYS AS IDENTITY: a row put back under its old key."""

    inherit_cache = False

    def __init__(
        self, table: TableClause, values: dict[str, ColumnElement[Any]], returning: list[ColumnElement[Any]]
    ) -> None:
        self.table = table
        self.values = values
        self.returning = returning


@compiles(PutUnderItsKey, "postgresql")
def _put(insert: PutUnderItsKey, compiler: Any, **options: Any) -> str:
    columns = ", ".join(compiler.preparer.format_column(insert.table.c[name]) for name in insert.values)
    values = ", ".join(compiler.process(value, **options) for value in insert.values.values())
    returning = ", ".join(compiler.process(column, **options) for column in insert.returning)
    table = compiler.preparer.format_table(insert.table)
    # Names are quoted by SQLAlchemy's preparer, values are its parameters.
    return f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({values}) RETURNING {returning}"  # noqa: S608  # see above
