"""Finds out what a compiled condition looks at, and refuses one that means something else than it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from agentctl.facts import dataclass, field
from agentctl.policy.tree import Call, Comprehension, Constant, Ident, Literal, Node, Select, Tree, children
from agentctl.policy.uses import FIELDED, VARIABLES, Uses, looks_at

_ELEMENT = "a member of changes"
_COMPARISONS = frozenset({"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"})

Scope: TypeAlias = Mapping[str, str]


class Misused(ValueError):
    """A condition that means something else than its author thinks."""

    def __init__(self, node: Node, why: str) -> None:
        super().__init__(why)
        self.node = node.id


@dataclass
class _Found:
    facts: set[str] = field(default_factory=set)
    fields: set[tuple[str, str]] = field(default_factory=set)
    tests: set[tuple[str, str]] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)


def uses(tree: Tree) -> Uses:
    """Return what ``tree`` looks at. Raises Misused where a name is shadowed or decimals mix with other values."""
    found = _Found()
    _walk(tree.root, {}, found)
    for node in _all(tree.root):
        _check_decimals(node, tree.byte_strings)
    return looks_at(found.facts, found.fields, found.tests, found.whole)


def _walk(node: Node, bound: Scope, found: _Found) -> None:
    match node:
        case Ident():
            fact = _fact(node, bound)
            if fact is not None:
                found.facts.add(fact)
                if fact in FIELDED or fact == "changes":
                    found.whole.add(fact)
        case Select(operand=Ident() as owner) if (fact := _fact(owner, bound, element=True)) in FIELDED | {_ELEMENT}:
            _note(fact, node.field, found, test=node.test)
        case Call(function="_[_]", arguments=(Ident() as owner, Constant(text=str(name)))) if (
            fact := _fact(owner, bound, element=True)
        ) in FIELDED | {_ELEMENT}:
            _note(fact, name, found, test=False)
        case Call(function="size", arguments=(Ident() as owner,)) if _fact(owner, bound) == "changes":
            found.facts.add("changes")
        case Comprehension():
            _walk_comprehension(node, bound, found)
        case _:
            for child in children(node):
                _walk(child, bound, found)


def _walk_comprehension(node: Comprehension, bound: Scope, found: _Found) -> None:
    if shadowed := VARIABLES.intersection(node.names):
        raise Misused(node, f"`{min(shadowed)}` already names what the condition is about; use another name")
    over_changes = isinstance(node.range, Ident) and _fact(node.range, bound) == "changes"
    if over_changes:
        found.facts.add("changes")
    else:
        _walk(node.range, bound, found)
    kind = _ELEMENT if over_changes and len(node.names) == 1 else ""
    inner = {**bound, **dict.fromkeys(node.names, kind), node.accumulator: ""}
    for part in node.parts:
        _walk(part, inner, found)


def _fact(node: Ident, bound: Scope, *, element: bool = False) -> str | None:
    """Return which fact ``node`` names; a bare member of ``changes`` is a use of all of them."""
    name = node.name.removeprefix(".")
    if name in bound and not node.name.startswith("."):
        if bound[name] == _ELEMENT:
            return _ELEMENT if element else "changes"
        return None
    return name if name in VARIABLES else None


def _note(fact: str | None, name: str, found: _Found, *, test: bool) -> None:
    if fact == _ELEMENT:
        if test:
            found.whole.add("changes")
    elif fact is not None:
        found.facts.add(fact)
        (found.tests if test else found.fields).add((fact, name))


def _check_decimals(node: Node, byte_strings: frozenset[int]) -> None:
    """Decimals are byte strings inside; only comparing two of them means what it says."""
    if not isinstance(node, Call):
        return
    if node.function == "double":
        raise Misused(node, "double() would round; decimals are compared with decimal()")
    compared = _compared(node)
    of_decimals = [argument.id in byte_strings for argument in compared]
    if not any(of_decimals) or node.function == "_?_:_" or (all(of_decimals) and compared is not node.arguments):
        return
    if node.function in _COMPARISONS and all(of_decimals):
        return
    if node.function in _COMPARISONS or compared is not node.arguments:
        raise Misused(node, "a decimal is compared with something else; write decimal(…) on both sides")
    raise Misused(node, "decimals are only compared, with == != < <= > >= and `in`")


def _compared(node: Call) -> tuple[Node, ...]:
    match node:
        case Call(function="@in", arguments=(item, Literal(parts=members))):
            return (item, *members)
        case _:
            return node.arguments


def _all(node: Node) -> Iterator[Node]:
    yield node
    for child in children(node):
        yield from _all(child)
