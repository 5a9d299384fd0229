"""The tree of a JSON or YAML text as far as editing needs it: where each value stands. Holds no text of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum

from agentctl.errors import Rejected
from agentctl.facts import dataclass, field

MAX_DEPTH = 100


class Kind(Enum):
    SCALAR = "a single value"
    MAPPING = "a mapping"
    SEQUENCE = "a list"
    ALIAS = "an alias"


@dataclass
class Node:
    """One value. ``start`` and ``end`` are positions in the text, an anchor or tag before the value included.

    ``flow`` is the bracketed style, JSON's only one. ``signature`` is what must not change while nobody edits it.
    ``literal`` is a YAML block scalar, whose end lies after its last line.
    """

    kind: Kind
    start: int
    end: int = -1
    flow: bool = True
    literal: bool = False
    anchor: str | None = None
    tag: str | None = None
    plain: bool = False
    text: str = ""
    signature: tuple[object, ...] = ()
    entries: list[Entry] = field(default_factory=list)


@dataclass
class Entry:
    """A member of a mapping, or an item of a list, which has no key. ``name`` is a scalar key's text."""

    value: Node
    key: Node | None = None
    name: str | None = None


@dataclass(frozen=True)
class Place:
    """Where a path leads: the container, the key or index in it, and what is there (None: nothing yet)."""

    parent: Node
    key: str | int
    index: int | None

    @property
    def entry(self) -> Entry | None:
        return None if self.index is None else self.parent.entries[self.index]


def find(root: Node, path: Sequence[str | int]) -> Place:
    """Return the place ``path`` leads to. Raises Rejected where a container on the way is missing or ambiguous."""
    current = root
    for depth, key in enumerate(path):
        place = _within(current, key, path[:depth])
        if depth == len(path) - 1:
            return place
        if place.entry is None:
            raise Rejected("Path not there", f"There is nothing at {shown(path[: depth + 1])}.")
        current = place.entry.value
    raise Rejected("Path not there", "A path names at least one key.")


def steps(path: str | Sequence[str | int]) -> tuple[str | int, ...]:
    """Return the keys of a path given as a list or as a JSON Pointer, whose numbers may be keys or indices."""
    if not isinstance(path, str):
        return tuple(path)
    if not path.startswith("/"):
        raise Rejected("Path malformed", f"{path!r} is neither a list of keys nor a JSON Pointer, which begins with /.")
    return tuple(Pointed(part.replace("~1", "/").replace("~0", "~")) for part in path[1:].split("/"))


class Pointed(str):
    """A key out of a JSON Pointer: an index where it leads into a list."""

    __slots__ = ()


def outline(node: Node, skip: Node | None = None, *, key: bool = False) -> Iterator[tuple[object, ...]]:
    """Yield everything the text says but what stands at ``skip`` (with ``key``: nor its key)."""
    waiting: list[Node | tuple[object, ...]] = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, tuple):
            yield item
        elif item is skip:
            yield ("what is edited",)
        else:
            yield (item.kind, item.anchor, item.tag, *item.signature)
            if item.kind in {Kind.MAPPING, Kind.SEQUENCE}:
                waiting.append(("end",))
            for entry in reversed(item.entries):
                if key and entry.value is skip:
                    continue
                waiting.append(entry.value)
                if entry.key is not None:
                    waiting.append(entry.key)


def shown(path: Sequence[str | int]) -> str:
    return "/" + "/".join(str(key).replace("~", "~0").replace("/", "~1") for key in path)


def _within(node: Node, key: str | int, above: Sequence[str | int]) -> Place:
    if node.anchor is not None or node.kind is Kind.ALIAS:
        raise Rejected(
            "Value is shared", f"What stands at {shown(above)} is used in several places through an anchor or alias."
        )
    if node.kind is Kind.SEQUENCE:
        return Place(node, *_position(node, key, above))
    if node.kind is not Kind.MAPPING:
        raise Rejected("Path not there", f"What stands at {shown(above)} is {node.kind.value}, not a mapping or list.")
    if isinstance(key, int):
        raise Rejected("Path not there", f"What stands at {shown(above)} is a mapping; {key} is an index.")
    found = [index for index, entry in enumerate(node.entries) if entry.name == key]
    if len(found) > 1:
        raise Rejected("Key not unique", f"The mapping at {shown(above)} has {key!r} {len(found)} times.")
    return Place(node, str(key), found[0] if found else None)


def _position(node: Node, key: str | int, above: Sequence[str | int]) -> tuple[int, int | None]:
    if isinstance(key, Pointed) and key == "-":
        return len(node.entries), None
    if isinstance(key, Pointed) and key.isdecimal() and key.isascii():
        key = int(key)
    if not isinstance(key, int):
        raise Rejected("Path not there", f"What stands at {shown(above)} is a list; {key!r} is not an index.")
    if key > len(node.entries):
        raise Rejected("Path not there", f"The list at {shown(above)} has {len(node.entries)} items; none at {key}.")
    return key, key if key < len(node.entries) else None
