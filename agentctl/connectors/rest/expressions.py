"""The expressions of a manifest, and what they come to for one step. Data in, data out: nothing is ever run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from agentctl.connectors.rest.pointer import ABSENT
from agentctl.connectors.rest.template import Pending
from agentctl.connectors.rest.writing import plain
from agentctl.errors import Rejected
from agentctl.facts import dataclass, field
from agentctl.model.values import UNKNOWN, Fields, Unknown, has_unknown

NAMES = frozenset({"$argument", "$arguments", "$parameter", "$before", "$changed", "$text", "$token", "$key", "$mark",
                   "$marked", "$reference", "$present"})
_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]*)\}")
# What $marked adds, and nothing of the text before it.
_MARK = re.compile(r"(?:\n\n|\r\n\r\n)?<!-- agentctl:[0-9a-f]{32}(?: run:[a-z0-9]{1,64})? -->\Z")


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What expressions may name. ``changed`` are the fields that a change alters, as they were before it.

    ``integers`` are the parameters that are numbers where they stand alone.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict)
    integers: frozenset[str] = frozenset()
    before: Fields = field(default_factory=dict, repr=False)
    changed: Fields = field(default_factory=dict, repr=False)
    token: str | None = None
    token_integer: bool = False
    key: str = ""
    run: str = ""


def evaluate(template: Any, scope: Scope) -> Any:
    """Return what ``template`` comes to, ABSENT where it names what was not given; a mapping leaves such keys out.

    A value that is not known yet makes what it stands in unknown.
    """
    match template:
        case {**expression} if len(expression) == 1 and (name := next(iter(expression))) in NAMES:
            return _expression(name, expression[name], scope)
        case Mapping():
            made = {key: evaluate(part, scope) for key, part in template.items()}
            return {key: value for key, value in made.items() if value is not ABSENT}
        case list() | tuple():
            return [value for part in template if (value := evaluate(part, scope)) is not ABSENT]
    return template


def expressions(template: Any) -> list[tuple[str, Any]]:
    """Return every expression inside ``template``, as name and operand."""
    match template:
        case {**expression} if len(expression) == 1 and (name := next(iter(expression))) in NAMES:
            operand = expression[name]
            return [(name, operand), *(expressions(operand) if name in {"$marked", "$present"} else [])]
        case Mapping():
            return [found for part in template.values() for found in expressions(part)]
        case list() | tuple():
            return [found for part in template for found in expressions(part)]
    return []


def reference(key: str) -> str:
    """Return the mark of what is made under ``key`` where only a short name may stand: 32 letters and digits."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def sign(key: str) -> str:
    """Return how the mark of what is made under ``key`` begins: it can be looked for, and no key guessed from it."""
    return f"<!-- agentctl:{reference(key)} "


def mark(key: str, run: str = "") -> str:
    """Return what a thing made under ``key`` bears; whoever looks at its source sees the ``run`` that made it."""
    return f"{sign(key)}{f'run:{run} ' if run else ''}-->"


def unmarked(text: str) -> str:
    """Return ``text`` without a mark of ours at its end."""
    return _MARK.sub("", text)


def places(text: str) -> tuple[str, ...]:
    """Return the names in the places of a ``$text``."""
    return tuple(_PLACE.findall(text))


def _expression(name: str, operand: Any, scope: Scope) -> Any:
    match name:
        case "$argument":
            return scope.arguments.get(operand, ABSENT)
        case "$arguments":
            return dict(scope.arguments)
        case "$parameter":
            value = scope.parameters[operand]
            return int(value) if operand in scope.integers and not isinstance(value, Pending) else value
        case "$before":
            return dict(scope.before) if operand is True else scope.before.get(operand, ABSENT)
        case "$changed":
            return dict(scope.changed)
        case "$text":
            return _text(operand, scope)
        case "$token":
            if scope.token is None:
                raise Rejected("No version to compare", "The system named no version when the record was read.")
            return int(scope.token) if scope.token_integer else scope.token
        case "$key":
            return scope.key
        case "$mark":
            return mark(scope.key, scope.run)
        case "$reference":
            return reference(scope.key)
        case "$marked":
            inner = evaluate(operand, scope)
            if isinstance(inner, Unknown):
                return inner
            ours = mark(scope.key, scope.run)
            return ours if inner is ABSENT or not inner else f"{inner}\n\n{ours}"
        case "$present":
            inner = evaluate(operand, scope)
            return ABSENT if inner is None or inner == "" else inner
    raise AssertionError(name)


def _text(text: str, scope: Scope) -> Any:
    """Return ``text`` with its places filled once; what fills them is not looked at again."""
    values = {name: scope.parameters.get(name, scope.arguments.get(name, ABSENT)) for name in places(text)}
    if any(value is ABSENT for value in values.values()):
        return ABSENT
    if any(has_unknown(value) for value in values.values()):
        return UNKNOWN
    return _PLACE.sub(lambda place: plain(values[place[1]]), text)
