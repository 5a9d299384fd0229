"""Edits in YAML's indented style, as texts to try: nicest first, each believed only once it was parsed and compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from agentctl.connectors.file.edit import yamltext
from agentctl.connectors.file.edit.flow import unit
from agentctl.connectors.file.edit.node import Entry, Kind, Node, Place
from agentctl.model.values import Value

_COLON = re.compile(r"[ \t]*:")
_REST = re.compile(r"[ \t]*(?:#.*)?", re.DOTALL)


def replaced(text: str, parent: Node, entry: Entry, value: Value) -> Iterator[str]:
    """Yield ``text`` with ``value`` where ``entry`` has its value."""
    node = entry.value
    start, end = node.start, yamltext.tail(text, node)
    after = _after_mark(text, entry)
    if after is None:
        return
    gap, rest = text[after:start], text[end : _line_end(text, end)]
    parts = isinstance(value, Mapping | list | tuple) and bool(value)
    indent = " " * _column(text, start) if not node.flow else " " * _column(text, _begin(text, entry)) + unit(text)
    if parts and not node.flow:
        if entry.key is not None and "#" not in gap:
            yield text[:after] + _lines(text, ["", *yamltext.block(value, unit(text))], indent) + text[end:]
        yield text[:start] + _lines(text, yamltext.block(value, unit(text)), indent) + text[end:]
    elif parts and entry.key is not None and "#" not in gap + rest:
        yield text[:after] + _lines(text, ["", *yamltext.block(value, unit(text))], indent) + text[end:]
    if parts and entry.key is None and parent.kind is Kind.SEQUENCE and not rest.strip():
        yield text[:start] + _lines(text, yamltext.block(value, unit(text)), " " * _column(text, start)) + text[end:]
    if entry.key is not None and "#" not in gap + rest and (literal := yamltext.literal(value, "")):
        yield text[:after] + " " + _lines(text, literal, indent) + text[end:]
    inline = yamltext.flow(value) if parts else yamltext.scalar(value, text[start : start + 1])
    if "#" not in gap and "\n" in gap:
        yield text[:after] + " " + inline + text[end:]
    yield text[:start] + ("" if gap else " ") + inline + text[end:]


def added(text: str, place: Place, value: Value) -> Iterator[str]:
    """Yield ``text`` with a new last member or item."""
    parent = place.parent
    lines = (
        yamltext.item_lines(value, unit(text))
        if isinstance(place.key, int)
        else yamltext.member(place.key, value, unit(text))
    )
    if not parent.entries:      # the whole text holds nothing yet
        yield text + ("" if text.endswith("\n") or not text else _newline(text)) + _lines(text, [*lines, ""], "")
        return
    last = yamltext.tail(text, parent)
    at = _line_end(text, last)
    if _REST.fullmatch(text[last:at]):
        indent = " " * _column(text, _begin(text, parent.entries[0]))
        yield text[:at] + _newline(text) + indent + _lines(text, lines, indent) + text[at:]


def removed(text: str, parent: Node, index: int) -> Iterator[str]:
    """Yield ``text`` without one member or item; comments on its own lines go with it, those above it stay."""
    entry = parent.entries[index]
    begin, end = _begin(text, entry), yamltext.tail(text, entry.value)
    if len(parent.entries) == 1:
        empty = "{}" if parent.kind is Kind.MAPPING else "[]"
        head = text[: parent.start].rstrip()
        if head.endswith(":"):
            yield head + " " + empty + text[end:]
        yield text[: parent.start] + empty + text[end:]
        return
    line, stop = text.rfind("\n", 0, begin) + 1, _line_end(text, end)
    if not text[line:begin].strip() and _REST.fullmatch(text[end:stop]):
        newline = _newline(text)
        if text.startswith(newline, stop):
            yield text[:line] + text[stop + len(newline) :]
        else:
            yield text[: line - len(newline)] + text[stop:]
    elif index + 1 < len(parent.entries):
        following = _begin(text, parent.entries[index + 1])
        if "#" not in text[end:following]:
            yield text[:begin] + text[following:]


def _begin(text: str, entry: Entry) -> int:
    return text.rfind("-", 0, entry.value.start) if entry.key is None else entry.key.start


def _after_mark(text: str, entry: Entry) -> int | None:
    """Return where the entry's ``:`` or ``-`` ends, None for the ``? `` style of keys."""
    if entry.key is None:
        return _begin(text, entry) + 1
    colon = _COLON.match(text, entry.key.end)
    return None if colon is None else colon.end()


def _column(text: str, at: int) -> int:
    return at - (text.rfind("\n", 0, at) + 1)


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    if end < 0:
        return len(text)
    return end - 1 if end > at and text[end - 1] == "\r" else end


def _lines(text: str, lines: list[str], indent: str) -> str:
    """Join lines, each but the first indented; empty ones stay empty."""
    return lines[0] + "".join(_newline(text) + (indent + line if line else "") for line in lines[1:])


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
