"""SQLite's catalogue read into a Schema: the only place where names of its tables and columns come from."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agentctl.connectors.sql.address import table_text
from agentctl.connectors.sql.schema import Column, ForeignKey, Kind, OnParent, Schema, Table, Trigger

if TYPE_CHECKING:
    from sqlalchemy import Connection

_TABLES = """
SELECT name, sql FROM sqlite_schema
WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name
"""
_COLUMNS = """
SELECT t.name, c.name, c.type, c."notnull", c.dflt_value, c.pk, c.hidden
FROM sqlite_schema t, pragma_table_xinfo(t.name) c WHERE t.type = 'table' ORDER BY t.name, c.cid
"""
_KEYS = """
SELECT t.name, k.id, k."from", k."table", k."to", k.on_delete, k.on_update
FROM sqlite_schema t, pragma_foreign_key_list(t.name) k WHERE t.type = 'table' ORDER BY t.name, k.id, k.seq
"""
_TRIGGERS = "SELECT tbl_name, name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name"
_OTHER = "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND type IN ('view', 'index')"
_KINDS = {
    "BOOL": Kind.BOOL, "BOOLEAN": Kind.BOOL, "DATE": Kind.DATE, "DATETIME": Kind.TIME, "TIMESTAMP": Kind.TIME,
    "JSON": Kind.JSON, "NUMERIC": Kind.DECIMAL, "DECIMAL": Kind.DECIMAL, "DEC": Kind.DECIMAL, "NUMBER": Kind.DECIMAL,
    "MONEY": Kind.DECIMAL, "REAL": Kind.FLOAT, "DOUBLE": Kind.FLOAT, "FLOAT": Kind.FLOAT, "BLOB": Kind.BYTES,
}
_EVENT = re.compile(r"\b(INSERT|DELETE|UPDATE)\b", re.IGNORECASE)
_ACTIONS = {"CASCADE": OnParent.CASCADE, "SET NULL": OnParent.SET_NULL, "SET DEFAULT": OnParent.SET_DEFAULT}
_STRICT = re.compile(r"\)[^)]*\bSTRICT\b[^)]*\Z", re.IGNORECASE)
_WITHOUT_ROWID = re.compile(r"\)[^)]*\bWITHOUT\s+ROWID\b[^)]*\Z", re.IGNORECASE)


def sqlite_schema(connection: Connection) -> Schema:
    """Read a SQLite file's schema."""
    columns: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for table, *column in connection.exec_driver_sql(_COLUMNS):
        columns[table].append(tuple(column))
    triggers: dict[str, list[Trigger]] = defaultdict(list)
    for table, name, sql in connection.exec_driver_sql(_TRIGGERS):
        event = _EVENT.search(sql)
        events = frozenset({event[1].lower()} if event else {"insert", "update", "delete"})
        triggers[table.lower()].append(Trigger(name=name, events=events, body=sql))
    tables = {}
    for name, sql in connection.exec_driver_sql(_TABLES):
        table = _table(name, sql, columns[name], tuple(triggers[name.lower()]))
        tables[table.name] = table
    other = {str(name): str(sql) for name, sql in connection.exec_driver_sql(_OTHER)}
    return Schema(tables=tables, foreign_keys=_foreign_keys(connection, tables), other=other)


def _table(name: str, sql: str, columns: list[tuple[Any, ...]], triggers: tuple[Trigger, ...]) -> Table:
    key = [column[0] for column in sorted(columns, key=lambda column: column[4]) if column[4]]
    rowid = len(key) == 1 and not _WITHOUT_ROWID.search(sql)
    found = {}
    for column, declared, required, default, place, hidden in columns:
        if hidden == 1:
            continue
        found[column] = Column(
            name=column,
            type=declared,
            kind=_kind(declared),
            nullable=not required and not place,
            default=default,
            generated=hidden in {2, 3},
            assigned=bool(place) and rowid and declared.upper() == "INTEGER",
        )
    return Table(
        name=table_text(name, None), bare=name, schema=None, columns=found, key=tuple(key), triggers=triggers,
        strict=_STRICT.search(sql) is not None,
    )


def _kind(declared: str) -> Kind:
    upper = declared.upper()
    word = re.split(r"\W", upper, maxsplit=1)[0]
    if word in _KINDS:
        return _KINDS[word]
    if "INT" in upper:
        return Kind.INTEGER
    return Kind.TEXT if any(part in upper for part in ("CHAR", "CLOB", "TEXT")) else Kind.ANY


def _foreign_keys(connection: Connection, tables: Mapping[str, Table]) -> tuple[ForeignKey, ...]:
    by_name = {table.bare.lower(): table for table in tables.values()}
    grouped: dict[tuple[str, int], list[tuple[Any, ...]]] = defaultdict(list)
    for table, number, *rest in connection.exec_driver_sql(_KEYS):
        grouped[table, number].append(tuple(rest))
    found = []
    for (child, _), rows in grouped.items():
        parent = by_name.get(rows[0][1].lower())
        if parent is None or child.lower() not in by_name:
            continue
        spelled = {name.lower(): name for name in parent.columns}
        found.append(
            ForeignKey(
                child=by_name[child.lower()].name,
                columns=tuple(row[0] for row in rows),
                parent=parent.name,
                parent_columns=parent.key if rows[0][2] is None else tuple(spelled[row[2].lower()] for row in rows),
                on_delete=_ACTIONS.get(rows[0][3], OnParent.REFUSE),
                on_update=_ACTIONS.get(rows[0][4], OnParent.REFUSE),
            )
        )
    return tuple(found)
