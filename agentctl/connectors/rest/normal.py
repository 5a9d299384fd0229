"""The one form a field's value has here, whether it was read from the system or is about to be sent to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from agentctl.connectors.rest.expressions import unmarked
from agentctl.connectors.rest.manifest import Field, RecordType
from agentctl.connectors.rest.pointer import ABSENT, Nothing, at, parts
from agentctl.errors import Rejected
from agentctl.model.values import Fields, Unknown, Value, has_unknown, to_wire


def record(kind: RecordType, body: Any) -> Fields:
    """Return the fields of a record whose JSON form in an answer is ``body``. Raises Rejected where it is none."""
    if not isinstance(body, Mapping):
        raise Rejected("Answer not understood", f"Where a {kind.name} should be, the answer has {_kind(body)}.")
    fields: dict[str, Value] = {}
    for name, field in kind.fields.items():
        value = read(kind, field, at(field.at, body))
        if value is not ABSENT:
            fields[name] = value
    if kind.others is not None:
        known = {field.at: None for field in kind.fields.values()}
        heads = {parts(pointer)[0] for pointer in known if pointer}
        fields |= {name: value for name, value in body.items() if name not in heads and name not in kind.others.drop}
    return fields


def read(kind: RecordType, field: Field, value: Any) -> Value | Nothing:
    """Return a field as it was read. Raises Rejected for what it cannot be."""
    if value is ABSENT and field.required:
        raise Rejected("Answer not understood", f"The answer holds a {kind.name} without `{field.name}`.")
    if field.each is not None and isinstance(value, list):
        value = [at(field.each, item) for item in value]
        if ABSENT in value:
            raise Rejected("Answer not understood", f"`{field.name}` of a {kind.name} has parts without {field.each}.")
    return written(field, value)


def written(field: Field, value: Any) -> Value | Nothing:
    """Return a field as it is to be written, in the form it will be read in."""
    if value is ABSENT or value is None:
        return field.defaults.get("empty", value)
    if has_unknown(value):
        return cast(Value, value if isinstance(value, Unknown) else Unknown())
    if isinstance(value, str):
        value = _text(field, value)
        if value in field.reads:
            return field.reads[value]
    if isinstance(value, list | tuple):
        value = [_text(field, item) if isinstance(item, str) else item for item in value]
    if field.lower and isinstance(value, list | tuple):
        value = [item.lower() if isinstance(item, str) else item for item in value]
    if field.as_:
        value = _as(field, value)
    if field.sort and isinstance(value, list | tuple):
        value = sorted(value, key=lambda item: str(to_wire(item)))
    return cast(Value, value)


def _text(field: Field, text: str) -> str:
    text = unmarked(text) if field.unmark else text
    text = text.replace("\r\n", "\n").replace("\r", "\n") if field.unix else text
    text = text.strip() if field.trim else text
    return text.lower() if field.lower else text


def _as(field: Field, value: Any) -> Value:
    try:
        match field.as_, value:
            case "time", str():
                moment = datetime.fromisoformat(value)
                return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
            case "date", str():
                moment = datetime.fromisoformat(value)
                return moment.date() if moment.tzinfo is None else moment.astimezone(UTC).date()
            case "decimal", str() | int() | Decimal() if not isinstance(value, bool):
                return _decimal(value)
            case "integer", str():
                return int(value)
            case "text", int() | Decimal() if not isinstance(value, bool):
                return str(value)
            case ("time", datetime()) | ("date", date()) | ("integer", int()) | ("text", str()):
                return cast(Value, value)
    except (ValueError, InvalidOperation):
        pass        # told below, without the value: it may be nobody's to see
    raise Rejected("Value not understood", f"`{field.name}` is no {field.as_}.")


def _decimal(value: str | int | Decimal) -> Decimal:
    """Return a number in one form: to many systems 12.5 and 12.50 are the same."""
    number = Decimal(value)
    if not number.is_finite() or abs(number.adjusted()) > 1000:
        raise ValueError
    return Decimal(format(number.normalize(), "f"))


def _kind(body: Any) -> str:
    match body:
        case Nothing():
            return "nothing"
        case list():
            return "a list"
        case _:
            return "no object"
