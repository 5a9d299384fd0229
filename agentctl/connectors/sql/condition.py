"""Conditions as data: what a ``where`` says, and whether a row in hand matches. How SQL says it lives elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias, assert_never

from agentctl.connectors.sql.schema import Column, Kind, Table
from agentctl.errors import Rejected
from agentctl.facts import dataclass
from agentctl.model.values import Fields, Hidden, Unknown, Value, has_unknown, same

_DEEPEST = 20


class Operator(StrEnum):
    """NULL equals NULL and differs from every value; it is neither less nor greater, and like nothing."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    IN = "in"
    LIKE = "like"
    IS_NULL = "is_null"


@dataclass(frozen=True)
class Test:
    column: Column
    operator: Operator
    operand: Value


@dataclass(frozen=True)
class Every:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Either:
    parts: tuple[Condition, ...]


Condition: TypeAlias = Test | Every | Either
Fit: TypeAlias = Callable[[Column, Value], Value]
"""Returns a value as its column would hold it; raises Rejected where it cannot."""


class Undecided(Exception):
    """Whether a row matches cannot be told here."""


def parse(where: Mapping[str, Any], table: Table, hidden: frozenset[str], fit: Fit) -> Condition:
    """Return the condition ``where`` states on ``table``. Raises Rejected where it makes no sense.

    ``hidden`` columns (TABLE.COLUMN) may not be compared: a condition stands in addresses, which are shown.
    """
    return Every(tuple(_parse(where, table, hidden, fit, 0)))


def _parse(where: Mapping[str, Any], table: Table, hidden: frozenset[str], fit: Fit, depth: int) -> Iterator[Condition]:
    if depth > _DEEPEST:
        raise Rejected("Condition malformed", f"A condition is at most {_DEEPEST} levels deep.")
    for name, says in where.items():
        if name == "any" and isinstance(says, list | tuple):
            if not says or not all(isinstance(part, Mapping) for part in says):
                raise Rejected("Condition malformed", "`any` takes a list of conditions, one of which must hold.")
            yield Either(tuple(Every(tuple(_parse(part, table, hidden, fit, depth + 1))) for part in says))
            continue
        column = table.column(name)
        if f"{table.name}.{name}" in hidden:
            raise Rejected(
                "Condition on a hidden column",
                f"{table.name}.{name} is sensitive or sealed; a condition on it would show its value in addresses.",
            )
        yield from _tests(column, says, fit)


def _tests(column: Column, says: Any, fit: Fit) -> Iterator[Test]:
    if has_unknown(says):
        raise Rejected("Condition not known yet", f"What {column.name} is compared with is known only after apply.")
    operators = {str(operator) for operator in Operator}
    if not (isinstance(says, Mapping) and says and operators.issuperset(says)):
        if isinstance(says, Mapping) and column.kind not in {Kind.JSON, Kind.JSONB, Kind.ANY}:
            raise Rejected(
                "Condition malformed",
                f"{column.name} is compared by {', '.join(sorted(operators))}; not by {', '.join(map(repr, says))}.",
            )
        yield _test(column, Operator.EQ, says, fit)
        return
    for operator, operand in says.items():
        yield _test(column, Operator(operator), operand, fit)


def _test(column: Column, operator: Operator, operand: Any, fit: Fit) -> Test:
    match operator:
        case Operator.IS_NULL:
            if not isinstance(operand, bool):
                raise Rejected("Condition malformed", f"{column.name}: is_null takes true or false.")
        case Operator.LIKE:
            if not isinstance(operand, str) or column.kind not in {Kind.TEXT, Kind.ANY}:
                raise Rejected("Condition malformed", f"{column.name}: like compares text with a pattern.")
            pattern(operand)
        case Operator.IN:
            if not isinstance(operand, list | tuple) or None in operand:
                raise Rejected("Condition malformed", f"{column.name}: in takes a list of values, none of them null.")
            operand = [fit(column, item) for item in operand]
        case Operator.EQ | Operator.NE:
            operand = None if operand is None else fit(column, operand)
        case Operator.LT | Operator.LE | Operator.GT | Operator.GE:
            if operand is None or column.kind in {Kind.JSON, Kind.JSONB, Kind.ARRAY}:
                raise Rejected("Condition malformed", f"{column.name}: {operator} cannot order that.")
            operand = fit(column, operand)
        case _:
            assert_never(operator)
    return Test(column, operator, operand)


def matches(condition: Condition, fields: Fields) -> bool:
    """Whether a row matches. Raises Undecided where a value is unknown or only the database could compare."""
    match condition:
        case Every(parts):
            return _decide(parts, fields, short=False)
        case Either(parts):
            return _decide(parts, fields, short=True)
        case Test():
            return _holds(condition, fields.get(condition.column.name))
        case _:
            assert_never(condition)


def _decide(parts: tuple[Condition, ...], fields: Fields, *, short: bool) -> bool:
    """One part that is ``short`` decides, whatever cannot be told of the others."""
    undecided = False
    for part in parts:
        try:
            if matches(part, fields) is short:
                return short
        except Undecided:
            undecided = True
    if undecided:
        raise Undecided
    return not short


def _holds(test: Test, value: Value) -> bool:
    if isinstance(value, Unknown | Hidden) or has_unknown(value):
        raise Undecided
    match test.operator:
        case Operator.IS_NULL:
            return (value is None) is test.operand
        case Operator.EQ:
            return _equal(value, test.operand)
        case Operator.NE:
            return not _equal(value, test.operand)
        case Operator.IN:
            assert isinstance(test.operand, list)
            return any(_equal(value, item) for item in test.operand)
    if value is None:
        return False
    if test.operator is Operator.LIKE:
        if not isinstance(value, str):
            raise Undecided
        return like(value, pattern(str(test.operand)))
    order = _compare(value, test.operand)
    return {
        Operator.LT: order < 0, Operator.LE: order <= 0, Operator.GT: order > 0, Operator.GE: order >= 0,
    }[test.operator]


def _equal(left: Value, right: Value) -> bool:
    if _is_number(left) and _is_number(right):
        return left == right
    if isinstance(left, Mapping | list) and isinstance(right, Mapping | list) and not same(left, right):
        raise Undecided             # 1 and 1.0 inside are equal to the database
    return same(left, right)


def _compare(left: Any, right: Any) -> int:
    if not (_is_number(left) and _is_number(right)):
        if type(left) is not type(right) or not isinstance(left, str | bytes | bool | date):
            raise Undecided
        if isinstance(left, datetime) and (left.tzinfo is None) is not (right.tzinfo is None):
            raise Undecided
    return int(left > right) - int(left < right)


def _is_number(value: Value) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


@dataclass(frozen=True)
class Wildcard:
    many: bool


def pattern(text: str) -> list[str | Wildcard]:
    """Return a pattern's pieces: ``%`` is any text, ``_`` any character, and a backslash takes the next as it is."""
    pieces: list[str | Wildcard] = []
    characters = iter(text)
    for character in characters:
        match character:
            case "%":
                pieces.append(Wildcard(many=True))
            case "_":
                pieces.append(Wildcard(many=False))
            case "\\":
                escaped = next(characters, None)
                if escaped is None:
                    raise Rejected("Condition malformed", "A pattern of like ends in a lone backslash.")
                pieces.append(escaped)
            case _:
                pieces.append(character)
    return pieces


def like(text: str, pieces: list[str | Wildcard]) -> bool:
    """Whether the whole text fits the pattern; at most len(text) × len(pieces) comparisons."""
    at = piece = 0
    star, mark = -1, 0
    while at < len(text):
        current = pieces[piece] if piece < len(pieces) else None
        if isinstance(current, Wildcard) and current.many:
            star, mark = piece, at
            piece += 1
        elif isinstance(current, Wildcard) or (current is not None and current == text[at]):
            at += 1
            piece += 1
        elif star >= 0:
            mark += 1
            at, piece = mark, star + 1
        else:
            return False
    return all(isinstance(rest, Wildcard) and rest.many for rest in pieces[piece:])
