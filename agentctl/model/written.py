"""The canonical text of arguments and fields, written straight from values; what is uncommon ``canonical`` writes.

To make wire forms, and of these their bytes, took three times as long, and is still what the text must be equal to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from json.encoder import encode_basestring as text
from typing import Any, TypeAlias

from agentctl.model.canonical import canonical
from agentctl.model.values import SAFE_INTEGER, Unknown

__all__ = ["listed", "mapping", "text", "texts"]

ToWire: TypeAlias = Callable[[Any], Any]


def mapping(fields: Mapping[str, Any], to_wire: ToWire, each: ToWire) -> str:
    """Return the canonical text of what ``to_wire`` makes of ``fields``, and ``each`` of what is in them."""
    if not fields:
        return "{}"
    if (keys := _keys(tuple(fields))) is None:
        return canonical(to_wire(fields)).decode()
    entries = ",".join([key + _value(fields[name], each) for name, key in keys])
    return f"{{{entries}}}"


@lru_cache(maxsize=1024)
def _keys(names: tuple[str, ...]) -> tuple[tuple[str, str], ...] | None:
    """Return the keys of a mapping in their order, each also as it is written; most records have those of another.

    None where one may look like a tag, and where their order is not that of their letters.
    """
    together = "".join(names)
    if "$" in together or not together.isascii():
        return None
    return tuple([(name, f"{text(name)}:") for name in sorted(names)])


def texts(items: Iterable[str]) -> str:
    return listed(map(text, items)) if items else "[]"


def listed(items: Iterable[str]) -> str:
    """Return the list of ``items``, which are canonical text already."""
    return f"[{','.join(items)}]"


def _value(value: Any, to_wire: ToWire) -> str:
    kind = type(value)
    if kind is str:
        return text(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int and -SAFE_INTEGER <= value <= SAFE_INTEGER:
        return str(value)
    if kind is dict:
        return mapping(value, to_wire, to_wire)
    if kind is list:
        return listed([_value(item, to_wire) for item in value])
    if kind is Unknown and value.expression is None:
        return '{"$unknown":null}'
    return canonical(to_wire(value)).decode()
