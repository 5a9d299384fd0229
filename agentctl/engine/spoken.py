"""A value as a sentence can hold it."""

from __future__ import annotations

from typing import Any

from agentctl.model.canonical import canonical
from agentctl.model.values import NotAValue, Value, to_wire

_SHOWN = 120    # characters of a value inside a sentence
_BARE = {"$int", "$decimal", "$time", "$date"}      # told by their looks, as texts are by their quotes


def spoken(value: Value) -> str:
    """Return ``value`` on one line, a text in quotes, and no tag of its wire form; a long one is cut and says so."""
    if value is None:
        return "absent"
    try:
        text = _spoken(to_wire(value))
    except NotAValue:
        text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


def _spoken(wire: Any) -> str:
    if isinstance(wire, list):
        return f"[{', '.join(map(_spoken, wire))}]"
    if not isinstance(wire, dict):
        return canonical(wire).decode()
    tag = next(iter(wire), "")
    if not tag.startswith("$"):
        return _mapping(wire)
    inner = wire[tag]
    match tag:
        case "$literal":
            return _mapping(inner)
        case "$bytes":
            return f"b64 {inner}"
        case "$hidden":
            return "(hidden)"
        case "$unknown":
            return "(known after apply)"
        case _ if tag in _BARE:
            return str(inner)
    return canonical(wire).decode()


def _mapping(fields: dict[str, Any]) -> str:
    return f"{{{', '.join(f'{canonical(name).decode()}: {_spoken(value)}' for name, value in fields.items())}}}"
