"""PostgreSQL's catalogue read into a Schema: the only place where names of its tables and columns come from."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from agentctl.connectors.sql.address import table_text
from agentctl.connectors.sql.schema import Column, ForeignKey, Kind, OnParent, Schema, Table, Trigger

if TYPE_CHECKING:
    from sqlalchemy import Connection

_ACTIONS = {"c": OnParent.CASCADE, "n": OnParent.SET_NULL, "d": OnParent.SET_DEFAULT}
_COLUMNS = """
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), b.typname, e.typname,
       a.attnotnull OR t.typnotnull, pg_get_expr(d.adbin, d.adrelid), a.attgenerated <> '', a.attidentity,
       CASE WHEN a.atttypmod >= 0 THEN a.atttypmod ELSE t.typtypmod END,
       n.nspname <> COALESCE(current_schema(), '')
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
LEFT JOIN pg_type e ON e.oid = b.typelem AND b.typcategory = 'A'
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
ORDER BY n.nspname, c.relname, a.attnum
"""
_PRIMARY = """
SELECT n.nspname, c.relname, ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(num, place)
       JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num ORDER BY u.place)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'p'
"""
_FOREIGN = """
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
_TRIGGERS = """
SELECT n.nspname, c.relname, g.tgname, g.tgtype::int, f.prosrc
FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc f ON f.oid = g.tgfoid WHERE NOT g.tgisinternal AND g.tgenabled <> 'D' ORDER BY g.tgname
"""
_OTHER = """
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
_KINDS = {
    "bool": Kind.BOOL, "int2": Kind.INTEGER, "int4": Kind.INTEGER, "int8": Kind.INTEGER, "numeric": Kind.DECIMAL,
    "float4": Kind.FLOAT, "float8": Kind.FLOAT, "text": Kind.TEXT, "varchar": Kind.TEXT, "bpchar": Kind.TEXT,
    "name": Kind.TEXT, "citext": Kind.TEXT, "bytea": Kind.BYTES, "date": Kind.DATE, "timestamp": Kind.TIME,
    "timestamptz": Kind.MOMENT, "uuid": Kind.UUID, "json": Kind.JSON, "jsonb": Kind.JSONB,
}
_EVENTS = {4: "insert", 8: "delete", 16: "update"}


def postgres_schema(connection: Connection) -> Schema:
    """Read the schema of a PostgreSQL database: every schema the user can see, system ones left out."""
    keys = {(space, name): tuple(key) for space, name, key in connection.exec_driver_sql(_PRIMARY)}
    triggers: dict[tuple[str, str], list[Trigger]] = defaultdict(list)
    for space, name, trigger, flags, body in connection.exec_driver_sql(_TRIGGERS):
        events = frozenset(event for bit, event in _EVENTS.items() if flags & bit)
        triggers[space, name].append(Trigger(name=trigger, events=events, body=body or ""))
    columns: dict[tuple[str, str, bool], dict[str, Column]] = defaultdict(dict)
    for space, name, column, *facts, elsewhere in connection.exec_driver_sql(_COLUMNS):
        columns[space, name, elsewhere][column] = _column(column, *facts)
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
        for space, name, parent_space, parent, delete, update, child, referenced in connection.exec_driver_sql(_FOREIGN)
        if (space, name) in named and (parent_space, parent) in named
    )
    other = {str(name): str(text) for name, text in connection.exec_driver_sql(_OTHER)}
    return Schema(tables=tables, foreign_keys=foreign, other=other)


def _column(
    name: str, declared: str, base: str, element: str | None, required: bool, default: str | None,  # noqa: FBT001
    generated: bool, identity: str, modifier: int,  # noqa: FBT001
) -> Column:
    kind = Kind.ARRAY if element else _KINDS.get(base, Kind.OTHER)
    return Column(
        name=name,
        type=declared,
        kind=kind,
        nullable=not required,
        default=None if generated else default,
        generated=generated,
        assigned=identity != "" or (default or "").startswith("nextval("),
        always=identity == "a",
        element=_KINDS.get(element, Kind.OTHER) if element else None,
        size=modifier - 4 if (element or base) in {"varchar", "bpchar"} and modifier > 4 else None,
        precision=_precision(modifier) if base == "numeric" and modifier >= 4 else None,
    )


def _precision(modifier: int) -> tuple[int, int]:
    packed = modifier - 4
    scale = packed & 0x7FF
    return packed >> 16, scale - 0x800 if scale >= 0x400 else scale
