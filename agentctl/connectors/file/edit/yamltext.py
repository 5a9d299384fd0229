"""YAML texts: where each value stands, what it means, and how a new one is written so that every reader agrees."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from agentctl.connectors.file.edit import jsontext
from agentctl.connectors.file.edit.node import MAX_DEPTH, Entry, Kind, Node
from agentctl.errors import Rejected
from agentctl.model.values import Value, to_wire

_NULL_12 = re.compile(r"~|null|Null|NULL|")
_BOOL_12 = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+][0-9]+)?")
# Texts that look like a number in one reader or the other; such a text is quoted.
_NUMERIC = re.compile(r"[-+]?\.?[0-9].*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORD = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+(-][A-Za-z0-9_./@+()-]*)*")
_WORDS_11 = re.compile(r"(?:y|n|yes|no|on|off|true|false|null)", re.IGNORECASE)
_LITERAL_LINE = re.compile(r"(?:[^\s\x00-\x1f\x7f-\x9f\ufeff\u2028\u2029][^\x00-\x1f\x7f-\x9f\ufeff\u2028\u2029]*)?")


def parse(text: str) -> Node | None:
    """Return the tree of ``text``, None where it holds nothing. Raises Rejected where it is not one YAML document."""
    import yaml

    try:
        return _Builder(text).build(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except (yaml.YAMLError, ValueError) as error:
        raise Rejected("Not YAML", f"{' '.join(str(error).split())}.") from error


class Unclear:
    """A scalar that readers of YAML take for different things; equal to nothing."""


def value_of(text: str, node: Node) -> Any:
    """Return what the value at ``node`` means."""
    match node.kind:
        case Kind.MAPPING:
            if len({entry.name for entry in node.entries}) < len(node.entries):
                return Unclear()
            return {entry.name: value_of(text, entry.value) for entry in node.entries}
        case Kind.SEQUENCE:
            return [value_of(text, entry.value) for entry in node.entries]
        case Kind.SCALAR if node.tag is None and node.anchor is None:
            return _meaning(node.text) if node.plain else node.text
    return Unclear()


def tail(text: str, node: Node) -> int:
    """Return where the last character of ``node`` ends; comments and empty lines after it are not its own."""
    while not node.flow and node.entries:
        node = node.entries[-1].value
    if node.literal:
        return node.start + len(text[node.start : node.end].rstrip())
    return node.end


def scalar(value: Value, like: str = "") -> str:
    """Return a single value on one line, text quoted as ``like`` is where that is possible, and where it must be."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value, like)
        case int():
            return str(value)
        case Decimal():
            number = str(to_wire(value)["$decimal"])
            if "." in number or "E" in number.upper():
                return number
            return number + ".0"
        case datetime():
            return str(to_wire(value)["$time"])
        case date():
            return value.isoformat()
        case Mapping() if not value:
            return "{}"
        case list() | tuple() if not value:
            return "[]"
    raise Rejected("Not a YAML value", f"A {type(value).__name__} cannot be written into a YAML file.")


def flow(value: Value) -> str:
    """Return ``value`` in brackets where it has parts."""
    match value:
        case Mapping() if value:
            inside = [f"{key_text(key)}: {flow(item)}" for key, item in value.items()]
            return "{" + ", ".join(inside) + "}"
        case list() | tuple() if value:
            return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value)


def key_text(key: str) -> str:
    return _text(key, "")


def block(value: Value, unit: str) -> list[str]:
    """Return the lines of ``value`` in indented style, the first not indented."""
    match value:
        case Mapping() if value:
            return [line for key, item in value.items() for line in member(key, item, unit)]
        case list() | tuple() if value:
            return [line for item in value for line in item_lines(item, unit)]
    return [scalar(value)]


def member(key: str, value: Value, unit: str) -> list[str]:
    """Return the lines of ``key: value``."""
    name = key_text(key)
    if _has_parts(value):
        return [f"{name}:", *(unit + line for line in block(value, unit))]
    if lines := literal(value, unit):
        return [f"{name}: {lines[0]}", *lines[1:]]
    return [f"{name}: {scalar(value)}"]


def item_lines(value: Value, unit: str) -> list[str]:
    """Return the lines of ``- value``."""
    if _has_parts(value):
        first, *rest = block(value, unit)
        return [f"- {first}", *("  " + line for line in rest)]
    return [f"- {scalar(value)}"]


def literal(value: Value, unit: str) -> list[str]:
    """Return a text of several lines as a ``|`` block, or nothing where only quotes can hold it."""
    if not isinstance(value, str) or "\n" not in value.rstrip("\n"):
        return []
    lines = value.removesuffix("\n").split("\n")
    if not all(map(_LITERAL_LINE.fullmatch, lines)) or not lines[0] or not lines[-1]:
        return []
    return ["|" if value.endswith("\n") else "|-", *(unit + line if line else "" for line in lines)]


def _has_parts(value: Value) -> bool:
    return isinstance(value, Mapping | list | tuple) and bool(value)


def _text(text: str, like: str) -> str:
    if like == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    if like != '"' and _WORD.fullmatch(text) and not _WORDS_11.fullmatch(text):
        return text
    return jsontext.quote(text)


def _meaning(text: str) -> Any:
    """Return what a plain scalar means where YAML 1.1 and 1.2 agree, or a date, which only 1.1 knows."""
    if _NULL_12.fullmatch(text):
        return None
    if _BOOL_12.fullmatch(text):
        return text.casefold() == "true"
    try:
        if _INT.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return Decimal(text)
        return date.fromisoformat(text) if len(text) == len("2026-01-01") else datetime.fromisoformat(text)
    except (ValueError, InvalidOperation):     # no date, or a number beyond what Python makes one of
        pass
    if _NUMERIC.fullmatch(text) or _WORDS_11.fullmatch(text) or text in {"=", "<<"}:
        return Unclear()
    return text


class _Builder:
    """Makes the tree out of the parser's events, which have no limit of their own on depth."""

    def __init__(self, text: str) -> None:
        self._text = text

    def build(self, events: Iterator[Any]) -> Node | None:
        root: Node | None = None
        documents = 0
        stack: list[Node] = []
        keys: list[Node | None] = []
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    raise ValueError("it holds several documents")
            if kind.endswith("EndEvent") and stack:
                node = stack.pop()
                keys.pop()
                node.end = event.end_mark.index
                continue
            made = self._node(kind, event)
            if made is None:
                continue
            if not stack:
                root = made
            else:
                _attach(stack[-1], keys, made)
            if made.kind in {Kind.MAPPING, Kind.SEQUENCE}:
                if len(stack) > MAX_DEPTH:
                    raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
                stack.append(made)
                keys.append(None)
        return root

    def _node(self, kind: str, event: Any) -> Node | None:
        start = event.start_mark.index
        match kind:
            case "ScalarEvent":
                end = event.end_mark.index
                literal = event.style in {"|", ">"}
                source = self._text[start:end]
                return Node(
                    Kind.SCALAR, start, end, literal=literal, anchor=event.anchor, tag=event.tag,
                    plain=event.style in {None, ""}, text=event.value,
                    signature=(event.value, event.style or "", source.rstrip() if literal else source),
                )
            case "AliasEvent":
                return Node(Kind.ALIAS, start, event.end_mark.index, anchor=event.anchor)
            case "MappingStartEvent" | "SequenceStartEvent":
                kind_ = Kind.MAPPING if kind.startswith("Mapping") else Kind.SEQUENCE
                return Node(kind_, start, flow=bool(event.flow_style), anchor=event.anchor, tag=event.tag)
        return None



def _attach(parent: Node, keys: list[Node | None], node: Node) -> None:
    if parent.kind is Kind.SEQUENCE:
        parent.entries.append(Entry(node))
    elif keys[-1] is None:
        keys[-1] = node
    else:
        key, keys[-1] = keys[-1], None
        name = key.text if key.kind is Kind.SCALAR else None
        parent.entries.append(Entry(node, key, name))
