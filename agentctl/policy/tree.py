"""A compiled condition's syntax tree, decoded from the CheckedExpr it serializes to. Nothing is concluded from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from agentctl.facts import dataclass

_PRIMITIVE_BYTES = 6


@dataclass(frozen=True)
class Ident:
    id: int
    name: str


@dataclass(frozen=True)
class Constant:
    id: int
    text: str | None                # None for everything but strings


@dataclass(frozen=True)
class Select:
    """``operand.field``; ``test`` for ``has(operand.field)``."""

    id: int
    operand: Node
    field: str
    test: bool


@dataclass(frozen=True)
class Call:
    """A function, operators included (``_==_``, ``@in``). A method's receiver is the first of ``arguments``."""

    id: int
    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Literal:
    """A list, map or message with the expressions inside it."""

    id: int
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Comprehension:
    """What ``exists``, ``all``, ``map``, ``filter`` become: ``names`` bound over ``range`` for the ``parts``."""

    id: int
    names: tuple[str, ...]
    accumulator: str
    range: Node
    parts: tuple[Node, ...]


Node: TypeAlias = Ident | Constant | Select | Call | Literal | Comprehension


@dataclass(frozen=True)
class Tree:
    root: Node
    byte_strings: frozenset[int]    # ids of nodes whose checked type is bytes


class NotATree(ValueError):
    """Bytes that are not the CheckedExpr we know how to read."""


def decode(serialized: bytes) -> Tree:
    """Return the tree of ``google.protobuf.Any`` bytes holding a ``cel.expr.CheckedExpr``. Raises NotATree."""
    try:
        checked = next(value for number, value in _fields(serialized) if number == 2)
        root: Node | None = None
        byte_strings = set()
        for number, value in _fields(_message(checked)):
            if number == 3:
                entry = dict(_fields(_message(value)))
                if dict(_fields(_message(entry.get(2, b"")))).get(3) == _PRIMITIVE_BYTES:
                    byte_strings.add(int(entry.get(1, 0)))
            elif number == 4:
                root = _node(_message(value))
    except (IndexError, StopIteration, UnicodeDecodeError, RecursionError) as error:
        raise NotATree("the expression is nested too deeply or not readable") from error
    if root is None:
        raise NotATree("the expression has no tree")
    return Tree(root, frozenset(byte_strings))


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes directly inside ``node``."""
    match node:
        case Ident() | Constant():
            return ()
        case Select():
            return (node.operand,)
        case Call():
            return node.arguments
        case Literal():
            return node.parts
        case Comprehension():
            return (node.range, *node.parts)


def _node(data: bytes) -> Node:
    identifier, kind, body = 0, 0, b""
    for number, value in _fields(data):
        if number == 2:
            identifier = int(value)
        else:
            kind, body = number, _message(value)
    match kind:
        case 3:
            text = next((_text(value) for number, value in _fields(body) if number == 6), None)
            return Constant(identifier, text)
        case 4:
            return Ident(identifier, next((_text(value) for number, value in _fields(body) if number == 1), ""))
        case 5:
            return _select(identifier, body)
        case 6:
            return _call(identifier, body)
        case 7:
            return Literal(identifier, tuple(_node(_message(v)) for number, v in _fields(body) if number == 1))
        case 8:
            return _struct(identifier, body)
        case 9:
            return _comprehension(identifier, body)
    raise NotATree(f"the expression holds a node of kind {kind}")


def _select(identifier: int, body: bytes) -> Select:
    parts = dict(_fields(body))
    return Select(identifier, _node(_message(parts[1])), _text(parts[2]), bool(parts.get(3, 0)))


def _call(identifier: int, body: bytes) -> Call:
    function, receiver, arguments = "", [], []
    for number, value in _fields(body):
        if number == 1:
            receiver.append(_node(_message(value)))
        elif number == 2:
            function = _text(value)
        elif number == 3:
            arguments.append(_node(_message(value)))
    return Call(identifier, function, (*receiver, *arguments))


def _struct(identifier: int, body: bytes) -> Literal:
    parts = []
    for number, value in _fields(body):
        if number == 2:
            parts += [_node(_message(inner)) for field, inner in _fields(_message(value)) if field in (3, 4)]
    return Literal(identifier, tuple(parts))


def _comprehension(identifier: int, body: bytes) -> Comprehension:
    names, accumulator, nodes = [], "", {}
    for number, value in _fields(body):
        if number in (1, 8):
            names.append(_text(value))
        elif number == 3:
            accumulator = _text(value)
        else:
            nodes[number] = _node(_message(value))
    parts = tuple(node for number, node in nodes.items() if number != 2)
    return Comprehension(identifier, tuple(names), accumulator, nodes[2], parts)


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        match key & 7:
            case 0:
                value, at = _varint(data, at)
                yield key >> 3, value
            case 2:
                size, at = _varint(data, at)
                if at + size > end:
                    raise IndexError
                yield key >> 3, data[at : at + size]
                at += size
            case 1:
                yield key >> 3, data[at : at + 8]
                at += 8
            case 5:
                yield key >> 3, data[at : at + 4]
                at += 4
            case kind:
                raise NotATree(f"the expression holds a field of wire type {kind}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _message(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise NotATree("the expression holds a number where a message belongs")
    return value


def _text(value: int | bytes) -> str:
    return _message(value).decode()
