"""What a database is made of, as reflected: tables, columns, keys, foreign keys, triggers. Nothing here connects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from enum import StrEnum

from agentctl.errors import Rejected
from agentctl.facts import dataclass, field
from agentctl.model.values import Value


class Kind(StrEnum):
    """What a column's values are to us. ``other`` is shown and written as the database's own text for it."""

    BOOL = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "floating point number"
    TEXT = "text"
    BYTES = "bytes"
    DATE = "date"
    TIME = "timestamp without time zone"
    MOMENT = "timestamp with time zone"
    UUID = "UUID"
    JSON = "JSON text"
    JSONB = "JSON"
    ARRAY = "list"
    ANY = "any value"
    OTHER = "text in the database's own form"


class OnParent(StrEnum):
    """What a foreign key does to the child when its parent row is deleted, or its key changed."""

    REFUSE = "refuse"
    CASCADE = "cascade"
    SET_NULL = "set null"
    SET_DEFAULT = "set default"


@dataclass(frozen=True, kw_only=True)
class Column:
    """``type`` is the database's own words for it; ``default`` the SQL text of what fills it where nothing is given."""

    name: str
    type: str
    kind: Kind
    nullable: bool = True
    default: str | None = None
    generated: bool = False         # computed by the database from other columns
    assigned: bool = False          # given a value by the database: a sequence, an identity, a rowid
    always: bool = False            # … and refused one from us unless overridden
    element: Kind | None = None     # of a list
    size: int | None = None         # most characters of a text
    precision: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Trigger:
    name: str
    events: frozenset[str]          # insert, update, delete
    body: str

    def writes(self, column: str) -> bool:
        """Whether the trigger's text seems to assign to ``column``; a hint to show less as certain, never more."""
        return re.search(rf'(?<![\w"])"?{re.escape(column)}"?\s*:?=', self.body) is not None


@dataclass(frozen=True, kw_only=True)
class Table:
    """``name`` is the one way to say it in a target; ``schema`` is None where the database looks by itself."""

    name: str
    bare: str
    schema: str | None
    columns: Mapping[str, Column]
    key: tuple[str, ...]
    triggers: tuple[Trigger, ...] = ()
    strict: bool = False

    def column(self, name: str) -> Column:
        if name in self.columns:
            return self.columns[name]
        hint = did_you_mean(name, self.columns) or _LATER
        raise Rejected("Unknown column", f"Table {self.name} has no column {name!r}.", hint=hint)

    def fired_by(self, event: str) -> tuple[Trigger, ...]:
        return tuple(trigger for trigger in self.triggers if event in trigger.events)


@dataclass(frozen=True, kw_only=True)
class ForeignKey:
    child: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    on_delete: OnParent
    on_update: OnParent


@dataclass(frozen=True, kw_only=True)
class Schema:
    tables: Mapping[str, Table]
    foreign_keys: tuple[ForeignKey, ...] = ()
    other: Mapping[str, str] = field(default_factory=dict)      # the text of views, indexes and functions

    def table(self, name: str) -> Table:
        if name not in self.tables:
            hint = did_you_mean(name, self.tables) or _LATER
            raise Rejected("Unknown table", f"There is no table {name!r}.", hint=hint)
        table = self.tables[name]
        if not table.key:
            raise Rejected(
                "Table without a key", f"The rows of {name} have no primary key, so that none of them can be named."
            )
        return table

    def children(self, parent: str) -> Iterator[ForeignKey]:
        return (key for key in self.foreign_keys if key.parent == parent)


def describe(schema: Schema) -> dict[str, Value]:
    """Return the record of the schema: what a migration changes."""
    return {
        "tables": {
            table.name: {
                "columns": {column.name: _words(column) for column in table.columns.values()},
                "key": list(table.key),
                "triggers": sorted(trigger.name for trigger in table.triggers),
                "references": sorted(
                    f"({', '.join(key.columns)}) → {key.parent} ({', '.join(key.parent_columns)})"
                    for key in schema.foreign_keys
                    if key.child == table.name
                ),
            }
            for table in schema.tables.values()
        },
        "other": dict(schema.other),
    }


def did_you_mean(name: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(name, known, n=1) or [other for other in known if other.lower() == name.lower()]
    return f"Did you mean {close[0]}?" if close else ""


_LATER = "What a migration makes can be used by a plan made after it was applied."


def _words(column: Column) -> str:
    words = [column.type or "any"]
    if not column.nullable:
        words.append("not null")
    if column.default is not None:
        words.append(f"default {column.default}")
    if column.generated:
        words.append("generated")
    return " ".join(words)
