"""The values of records and arguments, and their tagged JSON form (the *wire* form).

JSON cannot say decimal, big integer, bytes, time or date, so those travel as one-key mappings whose key starts with
``$``. A mapping that itself has such a key is wrapped in ``$literal``. There are no floats anywhere.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from agentctl.facts import dataclass

SAFE_INTEGER = 2**53 - 1
CONCEALED = "concealed:"
_MAX_PLAIN_EXPONENT = 1000


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value not known before apply; ``expression`` is the wire form of what it will come from, or None."""

    expression: Any = None


@dataclass(frozen=True, slots=True)
class Hidden:
    """A value that may not stand in clear; equal commitments mean equal values (at one address and path).

    One that is ``concealed`` holds a secret or what looks like one: whoever has the key is not shown it either.
    """

    commitment: str

    @property
    def concealed(self) -> bool:
        return self.commitment.startswith(CONCEALED)

    @property
    def bare(self) -> str:
        """The commitment itself: what another one is compared with."""
        return self.commitment.removeprefix(CONCEALED)


UNKNOWN = Unknown()

Value: TypeAlias = (
    None | bool | int | str | Decimal | bytes | datetime | date | Unknown | Hidden
    | Sequence["Value"] | Mapping[str, "Value"]
)
PLAIN = frozenset({str, int, bool, type(None)})
"""The types whose values are looked into no further: they hold nothing, and refer to nothing."""
_AS_THEY_ARE = PLAIN - {int}
_ABSENT: Any = object()         # the same as no value

Fields: TypeAlias = Mapping[str, Value]


class NotAValue(ValueError):
    """Something that is not a Value, or a wire form that is not one of ours."""


def to_wire(value: Value) -> Any:
    """Return the JSON form of ``value``. Raises NotAValue for floats and foreign types."""
    if type(value) in _AS_THEY_ARE:
        return value
    if type(value) is dict:     # before the match, where an abstract class takes ten times as long to answer
        return _mapping_to_wire(value)
    match value:
        case bool() | str():
            return value
        case int():
            return value if -SAFE_INTEGER <= value <= SAFE_INTEGER else {"$int": str(value)}
        case Decimal():
            return {"$decimal": decimal_text(value)}
        case bytes():
            return {"$bytes": b2a_base64(value, newline=False).decode()}
        case datetime():
            return {"$time": _time_text(value)}
        case date():
            return {"$date": value.isoformat()}
        case Unknown():
            return {"$unknown": value.expression}
        case Hidden():
            return {"$hidden": value.commitment}
        case Mapping():
            return _mapping_to_wire(value)
        case list() | tuple():
            return [to_wire(item) for item in value]
    raise NotAValue(f"{type(value).__name__} is not a value")


def _mapping_to_wire(fields: Mapping[str, Value]) -> dict[str, Any]:
    plain = {_key(key): item if type(item) in _AS_THEY_ARE else to_wire(item) for key, item in fields.items()}
    return literal(plain)


def literal(plain: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping's wire form, which no tag can be taken for: itself, or wrapped where a key looks like one."""
    return {"$literal": plain} if "$" in "".join(plain) and any(key.startswith("$") for key in plain) else plain


def from_wire(wire: Any) -> Value:
    """Return the value whose JSON form is ``wire``. Raises NotAValue for unknown or malformed tags and for floats."""
    if isinstance(wire, dict):
        if len(wire) == 1:
            ((tag, inner),) = wire.items()
            if tag.startswith("$"):
                return _untag(tag, inner)
        elif any(key.startswith("$") for key in wire):
            raise NotAValue(f"a tagged value has one key, not {len(wire)}")
        return {key: from_wire(item) for key, item in wire.items()}
    if isinstance(wire, list):
        return [from_wire(item) for item in wire]
    if wire is None or isinstance(wire, bool | int | str):
        return wire
    raise NotAValue(f"{type(wire).__name__} is not a JSON value without floats")


def fields_from_wire(wire: Any) -> Fields:
    """Return the fields of a record whose JSON form is ``wire``. Raises NotAValue, also where it is no record's."""
    fields = from_wire(wire)
    if not isinstance(fields, Mapping):
        raise NotAValue(f"{type(fields).__name__} is not a record's fields")
    return fields


def same(left: Value, right: Value) -> bool:
    """Whether two values are the same value of the same type: ``1``, ``True`` and ``1.0`` all differ."""
    if left is right:
        return True
    if type(left) in PLAIN:
        return type(left) is type(right) and left == right
    if isinstance(left, dict | Mapping):    # dict by itself first: an abstract class takes ten times as long to answer
        return (
            isinstance(right, dict | Mapping)
            and left.keys() == right.keys()
            and all(map(same, left.values(), map(right.__getitem__, left)))
        )
    if isinstance(left, list | tuple):
        return isinstance(right, list | tuple) and len(left) == len(right) and all(map(same, left, right))
    if type(left) is not type(right) or left != right:
        return False
    return not isinstance(left, Decimal) or decimal_text(left) == decimal_text(right)  # type: ignore[arg-type]


def differing(left: Fields, right: Fields) -> tuple[str, ...]:
    """Return the names of the fields that are not the same in both, those of ``left`` first.

    Whole names: a field may be called ``a.b``, which no path of fields and fields within them can tell from two.
    """
    found = [name for name, old in left.items() if (new := right.get(name, _ABSENT)) is not old and not same(old, new)]
    if not right.keys() <= left.keys():
        found += [name for name in right if name not in left]
    return tuple(found)


def has_unknown(value: Value) -> bool:
    """Whether any part of ``value`` is not known before apply."""
    if type(value) in PLAIN:
        return False
    if isinstance(value, dict | Mapping):
        return any(map(has_unknown, value.values()))
    if isinstance(value, list | tuple):
        return any(map(has_unknown, value))
    return isinstance(value, Unknown)


def _untag(tag: str, inner: Any) -> Value:
    if tag == "$unknown":
        return Unknown(inner)
    if tag == "$literal":
        if not isinstance(inner, dict):
            raise NotAValue("$literal takes a mapping")
        return {key: from_wire(item) for key, item in inner.items()}
    if not isinstance(inner, str):
        raise NotAValue(f"{tag} takes a string")
    try:
        match tag:
            case "$int":
                return int(inner)
            case "$decimal":
                return _decimal(inner)
            case "$bytes":
                return a2b_base64(inner, strict_mode=True)
            case "$time":
                return _time(inner)
            case "$date":
                return date.fromisoformat(inner)
            case "$hidden":
                return Hidden(inner)
    except (ValueError, InvalidOperation) as error:
        raise NotAValue(f"{inner[:80]!r} is not a {tag} value") from error
    raise NotAValue(f"{tag} is not a tag")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise NotAValue(f"a mapping's key is a string, not {type(key).__name__}")
    return key


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise NotAValue("a decimal is finite")
    return number


def decimal_text(number: Decimal) -> str:
    """Return the one text of ``number``. Raises NotAValue where it is not finite."""
    if not number.is_finite():
        raise NotAValue("a decimal is finite")
    return format(number, "f") if abs(number.adjusted()) <= _MAX_PLAIN_EXPONENT else str(number)


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is None else moment.astimezone(UTC)


def _time_text(moment: datetime) -> str:
    if moment.tzinfo is None:
        return moment.isoformat()
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
