"""How rows and conditions are named: the canonical targets and addresses, and their way back. Nothing here connects.

A row is ``TABLE/KEY``; the values of a composite key stand in the order of the key, with commas between. A condition
is ``TABLE/?{…}``: its canonical JSON. What hangs on either by foreign keys is ``…/dependents``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeAlias
from urllib.parse import quote, unquote

from agentctl.connectors.sql.schema import Kind, Table
from agentctl.errors import Rejected
from agentctl.facts import dataclass
from agentctl.model.canonical import canonical
from agentctl.model.plan import Argument, argument_to_wire
from agentctl.model.snapshot import Address, within
from agentctl.model.values import Fields, NotAValue, Value, fields_from_wire, from_wire, same, to_wire

SCHEMA = "schema"
_DEPENDENTS = "/dependents"
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_MOST_DIGITS = 1000
_COUNTED = (Kind.INTEGER, Kind.ANY)
_PLAINLY = 2**63


@dataclass(frozen=True, slots=True)
class RowName:
    table: str
    key: str


@dataclass(frozen=True)
class ConditionName:
    table: str
    where: Mapping[str, Value]


@dataclass(frozen=True)
class DependentsName:
    of: RowName | ConditionName


@dataclass(frozen=True)
class SchemaName:
    pass


Name: TypeAlias = RowName | ConditionName | DependentsName | SchemaName


def parse(address: Address) -> Name:
    """Return what ``address`` names. Raises Rejected where it is not one of ours."""
    text = within(address)
    if text == SCHEMA:
        return SchemaName()
    if text.endswith(_DEPENDENTS) and text.count("/") == 2:     # a row's key may be that word too
        return DependentsName(_parse(text.removesuffix(_DEPENDENTS)))
    return _parse(text)


def _parse(text: str) -> RowName | ConditionName:
    table, _, key = text.partition("/")
    if key.startswith("?"):
        return ConditionName(table_of(table), _where(key[1:]))
    return row_of(text)


def _where(text: str) -> Mapping[str, Value]:
    try:
        return fields_from_wire(json.loads(unquote(text)))
    except (ValueError, NotAValue, RecursionError) as error:
        raise Rejected("Condition malformed", "A condition is made of columns, operators and values.") from error


def table_of(target: str) -> str:
    """Return the table a target names, in the spelling ``table_text`` gives it."""
    if not target or "/" in target:
        raise Rejected("Target malformed", f"{target!r} names no table; it takes TABLE, as in customers.")
    return target


def row_of(target: str) -> RowName:
    table, slash, key = target.partition("/")
    if not slash or not key or "/" in key or key.startswith("?"):
        raise Rejected("Target malformed", f"{target!r} names no row; it takes TABLE/KEY, as in customers/42.")
    return RowName(table_of(table), key)


def row_target(table: Table, fields: Fields) -> str:
    """Return ``TABLE/KEY`` of a row."""
    return f"{table.name}/{encode(table, fields)}"


def table_text(name: str, schema: str | None) -> str:
    """Return how targets name a table: SCHEMA.TABLE, the schema left out where the database looks there by itself."""
    parts = [name] if schema is None else [schema, name]
    return ".".join(quote(part, safe="$").replace(".", "%2E") for part in parts)


def condition_address(instance: str, table: str, where: Argument) -> Address:
    """Return the one address of a condition."""
    text = canonical(argument_to_wire(where)).decode()
    return Address(f"{instance}/{table}/?{quote(text, safe=_READABLE)}")


def dependents_address(address: Address) -> Address:
    return Address(address + _DEPENDENTS)


def encode(table: Table, fields: Fields) -> str:
    """Return the KEY of a row. Raises Rejected where a part of it is NULL."""
    return ",".join(_part(table, name, fields[name]) for name in table.key)


def decode(table: Table, key: str) -> dict[str, Value]:
    """Return the key columns a KEY stands for. Raises Rejected where it is not their one canonical form."""
    parts = key.split(",")
    if len(parts) != len(table.key):
        raise Rejected("Key malformed", f"A key of {table.name} is {', '.join(table.key)}: {len(table.key)} values.")
    fields = {name: _value(table, name, unquote(part)) for name, part in zip(table.key, parts, strict=True)}
    try:
        wanted = encode(table, fields)
    except ValueError as error:     # a lone surrogate, or a number that is none
        raise Rejected("Key malformed", f"{key!r} names no row of {table.name}.") from error
    if wanted != key:
        raise Rejected(
            "Key malformed",
            f"{key!r} is not how a key of {table.name} is written.",
            hint=f"Write {table.name}/{wanted}.",
        )
    return fields


_READABLE = "{}[]\":,$=<>_-.!' "


def _part(table: Table, name: str, value: Value) -> str:
    if value is None:
        raise Rejected("Key is NULL", f"A row of {table.name} has NULL in its key column {name} and cannot be named.")
    kind = table.columns[name].kind
    if type(value) is int and kind in _COUNTED and -_PLAINLY < value < _PLAINLY:
        return str(value)       # what all below comes to, for what most keys are
    plain = _plain(value)
    if plain and not plain.startswith(("=", "new:")) and same(_plain_value(kind, plain), value):
        return quote(plain, safe="")
    return quote("=" + canonical(to_wire(value)).decode(), safe="=")


def _value(table: Table, name: str, text: str) -> Value:
    kind = table.columns[name].kind
    try:
        return from_wire(json.loads(text[1:])) if text.startswith("=") else _plain_value(kind, text)
    except (ValueError, NotAValue, RecursionError, InvalidOperation) as error:
        raise Rejected(
            "Key malformed", f"{text!r} is no value of {table.name}.{name}, which holds a {kind.value}."
        ) from error


def _plain(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | str():
            return str(value)
        case Decimal() if abs(value.adjusted()) <= _MOST_DIGITS:    # written out, 1E+99999999 takes 100 MB
            return format(value, "f")
        case datetime() | date():
            return value.isoformat()
    return ""


def _plain_value(kind: Kind, text: str) -> Value:
    """Return what ``text`` says in a column of ``kind``, or the text itself where it says nothing."""
    try:
        match kind:
            case Kind.BOOL if text in {"true", "false"}:
                return text == "true"
            case Kind.INTEGER | Kind.ANY if _INTEGER.fullmatch(text) and len(text) < _MOST_DIGITS:
                return int(text)
            case Kind.DECIMAL | Kind.FLOAT:
                return Decimal(text)
            case Kind.DATE:
                return date.fromisoformat(text)
            case Kind.TIME | Kind.MOMENT:
                return datetime.fromisoformat(text)
    except (ValueError, InvalidOperation):
        pass                        # a column may hold what is not of its kind: then the text stands for itself
    return text


def number(text: str) -> Value:
    """Return the integer or decimal a literal says."""
    return int(text) if _INTEGER.fullmatch(text) else Decimal(text)
