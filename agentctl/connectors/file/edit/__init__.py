"""Sets and unsets one value in a JSON or YAML text by splicing; every other byte stays, or the edit is refused.

What comes out is parsed again and must say what was meant at the place, and everywhere else what it said before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any

from agentctl.connectors.file.edit import block, flow, jsontext, yamltext
from agentctl.connectors.file.edit.node import Kind, Node, Place, find, outline, shown, steps
from agentctl.errors import Rejected
from agentctl.model.values import Value

MAX_CHARACTERS = 8 * 1024 * 1024
_MARK = "\ufeff"


class Format(Enum):
    JSON = "JSON"
    YAML = "YAML"


def set_value(name: str, text: str, format_: Format, path: str | Sequence[str | int], value: Value) -> str:
    """Return ``text`` with ``value`` at ``path``: replaced, or added where its container has no such key or next item.

    Raises Rejected, naming the file ``name``, where the path leads nowhere or only reformatting could do it.
    """
    mark, body = _split(text)
    root = _parse(name, body, format_)
    keys = steps(path)
    place = _find(name, root, keys)
    if place.entry is not None and _equal(_value(format_, body, place.entry.value), value):
        return text
    _refuse_anchors(name, place)
    for candidate in _setting(format_, body, place, value):
        if _says(format_, candidate, root, place, keys, value):
            return mark + candidate
    raise _cannot(name, keys, format_)


def unset_value(name: str, text: str, format_: Format, path: str | Sequence[str | int]) -> str:
    """Return ``text`` without what stands at ``path``; unchanged where nothing does. Raises as ``set_value`` does."""
    mark, body = _split(text)
    root = _parse(name, body, format_)
    keys = steps(path)
    place = _find(name, root, keys)
    if place.entry is None or place.index is None:
        return text
    _refuse_anchors(name, place)
    wanted = list(outline(root, skip=place.entry.value, key=True))
    candidates = (
        iter([flow.removed(body, place)]) if place.parent.flow else block.removed(body, place.parent, place.index)
    )
    for candidate in candidates:
        after = _reparsed(format_, candidate)
        if after is not None and list(outline(after)) == wanted:
            return mark + candidate
    raise _cannot(name, keys, format_)


def _setting(format_: Format, text: str, place: Place, value: Value) -> Iterator[str]:
    entry = place.entry
    if format_ is Format.JSON:
        if entry is None:
            yield flow.added(text, place, value, jsontext.write, jsontext.quote, spread=True)
        else:
            yield flow.replaced(text, entry.value, value, jsontext.write)
    elif not place.parent.flow:
        yield from (
            block.added(text, place, value)
            if entry is None
            else block.replaced(text, place.parent, entry, value)
        )
    elif entry is None:
        yield flow.added(text, place, value, _on_one_line, yamltext.key_text, spread=False)
    else:
        start, end = entry.value.start, entry.value.end
        new = yamltext.scalar(value, text[start : start + 1]) if isinstance(value, str) else yamltext.flow(value)
        yield text[:start] + new + text[end:]


def _on_one_line(value: Value, _pad: str | None, _unit: str) -> str:
    return yamltext.flow(value)


def _says(
    format_: Format, text: str, root: Node, place: Place, keys: tuple[str | int, ...], value: Value
) -> bool:
    """Whether ``text`` has ``value`` at the place, and all else as the tree ``root`` has it."""
    after = _reparsed(format_, text)
    if after is None:
        return False
    try:
        there = find(after, (*keys[:-1], place.key)).entry
    except Rejected:
        return False
    if there is None or not _equal(_value(format_, text, there.value), value):
        return False
    if place.entry is None:
        return list(outline(root)) == list(outline(after, skip=there.value, key=True))
    return list(outline(root, skip=place.entry.value)) == list(outline(after, skip=there.value))


def _split(text: str) -> tuple[str, str]:
    return (_MARK, text[1:]) if text.startswith(_MARK) else ("", text)


def _parse(name: str, text: str, format_: Format) -> Node:
    if len(text) > MAX_CHARACTERS:
        raise Rejected("File too large to edit by path", f"{name!r} has more than {MAX_CHARACTERS} characters.")
    if format_ is Format.YAML and _MARK in text:
        raise Rejected(
            "Not editable by path", f"{name!r} has a byte order mark within, and readers of YAML differ on what it is."
        )
    try:
        tree = jsontext.parse(text) if format_ is Format.JSON else yamltext.parse(text)
    except Rejected as error:
        raise Rejected(error.summary, f"{name!r}: {error.detail}") from error
    return Node(Kind.MAPPING, len(text), len(text), flow=False) if tree is None else tree


def _reparsed(format_: Format, text: str) -> Node | None:
    try:
        return _parse("", text, format_)
    except Rejected:    # the candidate is no good; the next may be
        return None


def _find(name: str, root: Node, keys: tuple[str | int, ...]) -> Place:
    try:
        return find(root, keys)
    except Rejected as error:
        raise Rejected(error.summary, f"{name!r}: {error.detail}") from error


def _value(format_: Format, text: str, node: Node) -> Any:
    return jsontext.value_of(text, node) if format_ is Format.JSON else yamltext.value_of(text, node)


def _refuse_anchors(name: str, place: Place) -> None:
    """Refuse to take away an anchor: an alias elsewhere would dangle, or mean something else."""
    waiting = [] if place.entry is None else [place.entry.value]
    while waiting:
        node = waiting.pop()
        if node.anchor is not None and node.kind is not Kind.ALIAS:
            raise Rejected("Value is shared", f"{name!r}: what is edited holds the anchor `&{node.anchor}`.")
        for entry in node.entries:
            waiting += [entry.value] if entry.key is None else [entry.key, entry.value]


def _equal(found: Any, wanted: Value) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(found, dict) and found.keys() == wanted.keys() and all(
            _equal(found[key], item) for key, item in wanted.items()
        )
    if isinstance(wanted, list | tuple):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(_equal, found, wanted))
    if isinstance(wanted, Decimal):
        return isinstance(found, Decimal) and found == wanted
    return type(found) is type(wanted) and found == wanted


def _cannot(name: str, keys: tuple[str | int, ...], format_: Format) -> Rejected:
    return Rejected(
        "Cannot be edited without reformatting",
        f"{name!r} is {format_.value} in which {shown(keys)} cannot be changed and all else keep its bytes.",
        hint="Use text.replace or file.write.",
    )
