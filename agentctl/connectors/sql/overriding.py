"""Two things SQLAlchemy does not say: a type in the database's own words, and OVERRIDING SYSTEM VALUE."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.dml import Insert
from sqlalchemy.types import UserDefinedType


class Declared(UserDefinedType[Any]):
    """A type as the catalogue names it; never from outside."""

    cache_ok = True

    def __init__(self, words: str) -> None:
        self.words = words

    def get_col_spec(self, **_: Any) -> str:
        return self.words


class OverridingInsert(Insert):
    """An INSERT that gives a value to a column GENERATED ALWAYS AS IDENTITY: a row put back under its old key."""

    inherit_cache = True


@compiles(OverridingInsert, "postgresql")
def _overriding(insert: OverridingInsert, compiler: Any, **options: Any) -> str:
    text: str = compiler.visit_insert(insert, **options)
    columns = ", ".join(compiler.preparer.quote(parameter.name) for parameter in insert.table.columns if parameter.name in _given(insert))
    opening = f"({columns}) VALUES "
    assert text.count(opening) == 1
    return text.replace(opening, f"({columns}) OVERRIDING SYSTEM VALUE VALUES ")


def _given(insert: OverridingInsert) -> set[str]:
    values = insert._values or {}                       # noqa: SLF001  # SQLAlchemy has no public way to ask
    return {getattr(column, "name", column) for column in values}
