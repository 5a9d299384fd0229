"""Edits between brackets, JSON's only style and one of YAML's: the surroundings keep their bytes and set the style."""

from __future__ import annotations

from collections.abc import Callable

from agentctl.connectors.file.edit.node import Entry, Kind, Node, Place
from agentctl.model.values import Value

Write = Callable[[Value, "str | None", str], str]


def replaced(text: str, node: Node, value: Value, write: Write) -> str:
    """Return ``text`` with ``value`` in place of ``node``."""
    spread = "\n" in text[node.start : node.end] or (node.kind is Kind.SCALAR and "\n" in text)
    return text[: node.start] + write(value, _pad(text, node.start) if spread else None, unit(text)) + text[node.end :]


def added(text: str, place: Place, value: Value, write: Write, quote: Callable[[str], str], *, spread: bool) -> str:
    """Return ``text`` with a new last member or item; ``spread`` over lines where the container was empty."""
    parent = place.parent
    if parent.entries:
        last = parent.entries[-1]
        begin = _begin(last)
        before = parent.entries[-2].value.end if len(parent.entries) > 1 else parent.start + 1
        gap = _blank_of(text[before:begin])
        colon = text[last.key.end : last.value.start] if last.key is not None else ""
        pad = gap if "\n" in gap else None
        at = last.value.end
        lead = "," + (gap if len(parent.entries) > 1 or pad else " ")
        new = _member(place, write(value, pad, unit(text)), quote, colon if colon.strip() == ":" else ": ")
        return text[:at] + lead + new + text[at:]
    pad = _pad(text, parent.start) if spread and "\n" in text else None
    inner = None if pad is None else pad + unit(text)
    new = _member(place, write(value, inner, unit(text)), quote, ": ")
    inside = new if pad is None or inner is None else inner + new + pad
    return text[: parent.start + 1] + inside + text[parent.end - 1 :]


def removed(text: str, place: Place) -> str:
    """Return ``text`` without the member or item and one comma beside it."""
    entries, index = place.parent.entries, place.index
    if index is None:
        return text
    if index + 1 < len(entries):
        return text[: _begin(entries[index])] + text[_begin(entries[index + 1]) :]
    if index > 0:
        return text[: entries[index - 1].value.end] + text[entries[index].value.end :]
    return text[: place.parent.start + 1] + text[place.parent.end - 1 :]


def unit(text: str) -> str:
    """Return what one level of indentation is in ``text``: as its first indented line has it."""
    for line in text.splitlines():
        if (blank := line[: len(line) - len(line.lstrip(" \t"))]) and line.strip():
            return blank
    return "  "


def _begin(entry: Entry) -> int:
    return entry.value.start if entry.key is None else entry.key.start


def _member(place: Place, value: str, quote: Callable[[str], str], colon: str) -> str:
    return value if isinstance(place.key, int) else quote(place.key) + colon + value


def _blank_of(between: str) -> str:
    """Return the white space before a member, less the comma before it."""
    return between[len(between.rstrip(" \t\r\n")) :]


def _pad(text: str, at: int) -> str:
    """Return a line break and the indentation of the line ``at`` stands in."""
    begin = text.rfind("\n", 0, at) + 1
    line = text[begin:at]
    newline = "\r\n" if "\r\n" in text else "\n"
    return newline + line[: len(line) - len(line.lstrip(" \t"))]
