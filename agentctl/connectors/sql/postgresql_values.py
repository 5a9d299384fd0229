"""What PostgreSQL's own text for a value says, and which text says a value. Connects to nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from agentctl.connectors.sql.database import Unfit
from agentctl.connectors.sql.schema import Column, Kind
from agentctl.model.values import Value

_LIMITS = {"smallint": 15, "integer": 31, "bigint": 63}
_WIDEST = 131_072                   # digits PostgreSQL keeps before the decimal point
_AS_WRITTEN = {
    Kind.BOOL, Kind.INTEGER, Kind.DECIMAL, Kind.BYTES, Kind.DATE, Kind.UUID, Kind.JSON, Kind.JSONB,
}


def settled(column: Column) -> bool:
    """Whether what is written is what will be shown, so that the server need not be asked."""
    plain = {"text", "character varying", "timestamp without time zone", "timestamp with time zone"}
    return column.kind in _AS_WRITTEN or column.type in plain or (column.kind is Kind.TEXT and column.size is not None
                                                                  and column.type.startswith("character varying"))


def listed(column: Column, raw: Any) -> Value:
    assert column.element is not None
    if isinstance(raw, list):
        return [listed(column, item) for item in raw]
    return None if raw is None else from_text(column.element, raw)


def from_text(kind: Kind, text: str) -> Value:
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


def to_text(column: Column, value: Value) -> Any:
    """Return the text, or list of texts, PostgreSQL reads ``value`` from."""
    if column.kind is Kind.ARRAY and isinstance(value, list | tuple):
        element = Column(name=column.name, type="", kind=column.element or Kind.OTHER)
        return [to_text(column if isinstance(item, list | tuple) else element, item) for item in value]
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


def checked(column: Column, value: Value) -> Value:
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
            element = Column(name=column.name, type="", kind=column.element or Kind.OTHER, size=column.size)
            return [checked(column if isinstance(item, list | tuple) else element, item) for item in value]
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
    return plain or plain.copy_abs()


def _double(number: Decimal) -> Decimal:
    if abs(number.adjusted()) > 400 or not math.isfinite(float(number)):
        raise Unfit("a double has no room for it")
    return number


def _document(text: str) -> Value:
    if "\\u0000" in text or "\0" in text:
        raise Unfit("PostgreSQL keeps no NUL characters")
    try:
        document: Value = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise Unfit("that text is not JSON, or holds a number beyond every other") from error
    return document


def _no_constant(name: str) -> Value:
    raise ValueError(name)
