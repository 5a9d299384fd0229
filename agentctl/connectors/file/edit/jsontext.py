"""JSON texts: where each value stands, and how a new one is written. Strict JSON; comments are refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from agentctl.connectors.file.edit.node import MAX_DEPTH, Entry, Kind, Node
from agentctl.errors import Rejected
from agentctl.model.values import Value, to_wire

_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
_ATOM = re.compile(r"[-+.0-9A-Za-z]+")


def parse(text: str) -> Node:
    """Return the tree of ``text``. Raises Rejected where it is not JSON, or has a key twice."""
    try:
        json.loads(text, parse_constant=_refuse, parse_float=_decimal)
        return _Scanner(text).value(_skip(text, 0), 0)
    except (ValueError, RecursionError) as error:
        raise Rejected("Not JSON", f"{error or 'nested too deeply'}.") from error


def value_of(text: str, node: Node) -> Any:
    """Return what the value at ``node`` means."""
    return json.loads(text[node.start : node.end], parse_float=_decimal)


def write(value: Value, pad: str | None = None, unit: str = "  ") -> str:
    """Return ``value`` as JSON; over several lines, each beginning with ``pad``, where there is one."""
    match value:
        case Mapping() if value:
            members = [f"{quote(key)}: {write(item, pad and pad + unit, unit)}" for key, item in value.items()]
            return _bracketed("{}", members, pad, unit)
        case Mapping():
            return "{}"
        case list() | tuple():
            return _bracketed("[]", [write(item, pad and pad + unit, unit) for item in value], pad, unit)
        case None | bool() | str():
            return quote(value) if isinstance(value, str) else json.dumps(value)
        case Decimal():
            return str(to_wire(value)["$decimal"])
        case int():
            return str(value)
    raise Rejected("Not a JSON value", f"JSON has no form for a {type(value).__name__}.")


def quote(text: str) -> str:
    """Return ``text`` as a JSON string that is a YAML double-quoted string too."""
    return "".join(
        char if char.isprintable() or ord(char) > 0xFFFF else f"\\u{ord(char):04x}"
        for char in json.dumps(text, ensure_ascii=False)
    )


def _bracketed(brackets: str, items: list[str], pad: str | None, unit: str) -> str:
    if pad is None or not items:
        return brackets[0] + ", ".join(items) + brackets[1]
    return brackets[0] + ",".join(pad + unit + item for item in items) + pad + brackets[1]


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text[:40]} is beyond every number") from error


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return at if match is None else match.end()


class _Scanner:
    """Finds positions in a text that is known to be JSON."""

    def __init__(self, text: str) -> None:
        self._text = text

    def value(self, at: int, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
        match self._text[at]:
            case "{":
                return self._container(Node(Kind.MAPPING, at), "}", depth)
            case "[":
                return self._container(Node(Kind.SEQUENCE, at), "]", depth)
            case '"':
                end = self._end(_STRING, at)
            case _:
                end = self._end(_ATOM, at)
        return Node(Kind.SCALAR, at, end, signature=(self._text[at:end],))

    def _end(self, token: re.Pattern[str], at: int) -> int:
        match = token.match(self._text, at)
        if match is None:
            raise ValueError(f"there is nothing readable at character {at}")
        return match.end()

    def _container(self, node: Node, closing: str, depth: int) -> Node:
        at = _skip(self._text, node.start + 1)
        while self._text[at] != closing:
            key, name = None, None
            if node.kind is Kind.MAPPING:
                end = self._end(_STRING, at)
                name = json.loads(self._text[at:end])
                key = Node(Kind.SCALAR, at, end, signature=(self._text[at:end],))
                at = _skip(self._text, _skip(self._text, end) + 1)
            value = self.value(at, depth + 1)
            node.entries.append(Entry(value, key, name))
            at = _skip(self._text, value.end)
            if self._text[at] == ",":
                at = _skip(self._text, at + 1)
        node.end = at + 1
        return node
