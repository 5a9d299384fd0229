"""The catalogues of SQLite and PostgreSQL read into a Schema. Names come from here and nowhere else."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agentctl.connectors.sql.address import table_text
from agentctl.connectors.sql.schema import Column, ForeignKey, Kind, OnParent, Schema, Table, Trigger

if TYPE_CHECKING:
    from sqlalchemy import Connection

_SQLITE_TABLES = """
SELECT name, sql FROM sqlite_schema
WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name
"""
_SQLITE_COLUMNS = """
SELECT t.name, c.name, c.type, c."notnull", c.dflt_value, c.pk, c.hidden
FROM sqlite_schema t, pragma_table_xinfo(t.name) c WHERE t.type = 'table' ORDER BY t.name, c.cid
"""
_SQLITE_KEYS = """
SELECT t.name, k.id, k."from", k."table", k."to", k.on_delete, k.on_update
FROM sqlite_schema t, pragma_foreign_key_list(t.name) k WHERE t.type = 'table' ORDER BY t.name, k.id, k.seq
"""
_SQLITE_TRIGGERS = "SELECT tbl_name, name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name"
_SQLITE_OTHER = "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND type IN ('view', 'index')"
_SQLITE_KINDS = {
    "BOOL": Kind.BOOL, "BOOLEAN": Kind.BOOL, "DATE": Kind.DATE, "DATETIME": Kind.TIME, "TIMESTAMP": Kind.TIME,
    "JSON": Kind.JSON, "NUMERIC": Kind.DECIMAL, "DECIMAL": Kind.DECIMAL, "DEC": Kind.DECIMAL, "NUMBER": Kind.DECIMAL,
    "MONEY": Kind.DECIMAL, "REAL": Kind.FLOAT, "DOUBLE": Kind.FLOAT, "FLOAT": Kind.FLOAT, "BLOB": Kind.BYTES,
}
_SQLITE_EVENT = re.compile(r"\b(INSERT|DELETE|UPDATE)\b", re.IGNORECASE)
_STRICT = re.compile(r"\)[^)]*\bSTRICT\b[^)]*\Z", re.IGNORECASE)
_WITHOUT_ROWID = re.compile(r"\)[^)]*\bWITHOUT\s+ROWID\b[^)]*\Z", re.IGNORECASE)


def sqlite_schema(connection: Connection) -> Schema:
    """Read a SQLite file's schema."""
    columns: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for table, *column in connection.exec_driver_sql(_SQLITE_COLUMNS):
        columns[table].append(tuple(column))
    triggers: dict[str, list[Trigger]] = defaultdict(list)
    for table, name, sql in connection.exec_driver_sql(_SQLITE_TRIGGERS):
        event = _SQLITE_EVENT.search(sql)
        events = frozenset({event[1].lower()} if event else {"insert", "update", "delete"})
        triggers[table.lower()].append(Trigger(name=name, events=events, body=sql))
    tables = {}
    for name, sql in connection.exec_driver_sql(_SQLITE_TABLES):
        table = _sqlite_table(name, sql, columns[name], tuple(triggers[name.lower()]))
        tables[table.name] = table
    other = {name: sql for name, sql in connection.exec_driver_sql(_SQLITE_OTHER)}
    return Schema(tables=tables, foreign_keys=_sqlite_foreign_keys(connection, tables), other=other)


def _sqlite_table(name: str, sql: str, columns: list[tuple[Any, ...]], triggers: tuple[Trigger, ...]) -> Table:
    key = [column[0] for column in sorted(columns, key=lambda column: column[4]) if column[4]]
    rowid = len(key) == 1 and not _WITHOUT_ROWID.search(sql)
    found = {}
    for column, declared, required, default, place, hidden in columns:
        if hidden == 1:
            continue
        found[column] = Column(
            name=column,
            type=declared,
            kind=_sqlite_kind(declared),
            nullable=not required and not place,
            default=default,
            generated=hidden in {2, 3},
            assigned=bool(place) and rowid and declared.upper() == "INTEGER",
        )
    return Table(
        name=table_text(name, None), bare=name, schema=None, columns=found, key=tuple(key), triggers=triggers,
        strict=_STRICT.search(sql) is not None,
    )


def _sqlite_kind(declared: str) -> Kind:
    upper = declared.upper()
    word = re.split(r"\W", upper, maxsplit=1)[0]
    if word in _SQLITE_KINDS:
        return _SQLITE_KINDS[word]
    if "INT" in upper:
        return Kind.INTEGER
    return Kind.TEXT if any(part in upper for part in ("CHAR", "CLOB", "TEXT")) else Kind.ANY


def _sqlite_foreign_keys(connection: Connection, tables: Mapping[str, Table]) -> tuple[ForeignKey, ...]:
    by_name = {table.bare.lower(): table for table in tables.values()}
    grouped: dict[tuple[str, int], list[tuple[Any, ...]]] = defaultdict(list)
    for table, number, *rest in connection.exec_driver_sql(_SQLITE_KEYS):
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


_ACTIONS = {
    "CASCADE": OnParent.CASCADE, "SET NULL": OnParent.SET_NULL, "SET DEFAULT": OnParent.SET_DEFAULT,
    "c": OnParent.CASCADE, "n": OnParent.SET_NULL, "d": OnParent.SET_DEFAULT,
}
_PG_COLUMNS = """
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), b.typname, b.typtype, e.typname,
       a.attnotnull OR t.typnotnull, pg_get_expr(d.adbin, d.adrelid), a.attgenerated <> '', a.attidentity,
       CASE WHEN a.atttypmod >= 0 THEN a.atttypmod ELSE t.typtypmod END,
       n.nspname <> COALESCE(current_schema(), '')
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
LEFT JOIN pg_type e ON e.oid = b.typelem AND b.typcategory = 'A'
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
ORDER BY n.nspname, c.relname, a.attnum
"""
_PG_PRIMARY = """
SELECT n.nspname, c.relname, ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(num, place)
       JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num ORDER BY u.place)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'p'
"""
_PG_FOREIGN = """
SELECT n.nspname, c.relname, pn.nspname, p.relname, k.confdeltype, k.confupdtype,
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(num, place)
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num ORDER BY u.place),
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u(num, place)
             JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num ORDER BY u.place)
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY n.nspname, c.relname, k.conname
"""
_PG_TRIGGERS = """
SELECT n.nspname, c.relname, g.tgname, g.tgtype::int, f.prosrc
FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc f ON f.oid = g.tgfoid WHERE NOT g.tgisinternal AND g.tgenabled <> 'D' ORDER BY g.tgname
"""
_PG_OTHER = """
SELECT 'index ' || schemaname || '.' || indexname, indexdef FROM pg_indexes
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname !~ '^pg_(toast|temp)'
UNION ALL
SELECT 'view ' || schemaname || '.' || viewname, definition FROM pg_views
WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
UNION ALL
SELECT 'function ' || n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', p.prosrc
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.prosrc IS NOT NULL
"""
_PG_KINDS = {
    "bool": Kind.BOOL, "int2": Kind.INTEGER, "int4": Kind.INTEGER, "int8": Kind.INTEGER, "numeric": Kind.DECIMAL,
    "float4": Kind.FLOAT, "float8": Kind.FLOAT, "text": Kind.TEXT, "varchar": Kind.TEXT, "bpchar": Kind.TEXT,
    "name": Kind.TEXT, "citext": Kind.TEXT, "bytea": Kind.BYTES, "date": Kind.DATE, "timestamp": Kind.TIME,
    "timestamptz": Kind.MOMENT, "uuid": Kind.UUID, "json": Kind.JSON, "jsonb": Kind.JSONB,
}
_PG_EVENTS = {4: "insert", 8: "delete", 16: "update"}


def postgres_schema(connection: Connection) -> Schema:
    """Read the schema of a PostgreSQL database: every schema the user can see, system ones left out."""
    keys = {(space, name): tuple(key) for space, name, key in connection.exec_driver_sql(_PG_PRIMARY)}
    triggers: dict[tuple[str, str], list[Trigger]] = defaultdict(list)
    for space, name, trigger, flags, body in connection.exec_driver_sql(_PG_TRIGGERS):
        events = frozenset(event for bit, event in _PG_EVENTS.items() if flags & bit)
        triggers[space, name].append(Trigger(name=trigger, events=events, body=body or ""))
    columns: dict[tuple[str, str, bool], dict[str, Column]] = defaultdict(dict)
    for space, name, column, *facts, elsewhere in connection.exec_driver_sql(_PG_COLUMNS):
        columns[space, name, elsewhere][column] = _pg_column(column, *facts)
    tables = {}
    named = {}
    for (space, name, elsewhere), found in columns.items():
        table = Table(
            name=table_text(name, space if elsewhere else None),
            bare=name,
            schema=space,
            columns=found,
            key=keys.get((space, name), ()),
            triggers=tuple(triggers[space, name]),
        )
        tables[table.name] = named[space, name] = table
    foreign = tuple(
        ForeignKey(
            child=named[space, name].name,
            columns=tuple(child),
            parent=named[parent_space, parent].name,
            parent_columns=tuple(referenced),
            on_delete=_ACTIONS.get(delete, OnParent.REFUSE),
            on_update=_ACTIONS.get(update, OnParent.REFUSE),
        )
        for space, name, parent_space, parent, delete, update, child, referenced in connection.exec_driver_sql(_PG_FOREIGN)
        if (space, name) in named and (parent_space, parent) in named
    )
    other = {name: text for name, text in connection.exec_driver_sql(_PG_OTHER)}
    return Schema(tables=tables, foreign_keys=foreign, other=other)


def _pg_column(
    name: str, declared: str, base: str, sort: str, element: str | None, required: bool, default: str | None,  # noqa: FBT001
    generated: bool, identity: str, modifier: int,  # noqa: FBT001
) -> Column:
    kind = Kind.ARRAY if element else _PG_KINDS.get(base, Kind.OTHER)
    return Column(
        name=name,
        type=declared,
        kind=kind,
        nullable=not required,
        default=None if generated else default,
        generated=generated,
        assigned=identity != "" or (default or "").startswith("nextval("),
        always=identity == "a",
        element=_PG_KINDS.get(element, Kind.OTHER) if element else None,
        size=modifier - 4 if base in {"varchar", "bpchar"} and modifier > 4 else None,
        precision=_pg_precision(modifier) if base == "numeric" and modifier >= 4 else None,
    )


def _pg_precision(modifier: int) -> tuple[int, int]:
    packed = modifier - 4
    scale = packed & 0x7FF
    return packed >> 16, scale - 0x800 if scale >= 0x400 else scale
