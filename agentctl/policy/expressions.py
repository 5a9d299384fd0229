"""Conditions: CEL compiled and checked once, then asked of facts. What the facts are is built elsewhere."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeAlias

from agentctl.facts import dataclass
from agentctl.patterns import regex
from agentctl.policy.comparisons import looked_at
from agentctl.policy.uses import VARIABLES, Uses
from agentctl.syntax.suggest import did_you_mean

LONGEST = 4000

FACTS: Mapping[str, frozenset[str]] = {
    "plan": frozenset({"intent", "agent", "requested_by", "on_failure", "steps", "evidence", "tenant", "environment"}),
    "step": frozenset({"id", "action", "target", "because", "evidence", "needs"}),
    "action": frozenset(
        {
            "name", "instance", "verb", "tier", "reversibility", "preview", "precondition", "settlement", "readback",
            "scopes",
        }
    ),
}
"""The fields of the facts that have the same for every action."""

_PLACE = regex(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_NO_KEY = regex(r'Key not found in map : "(.*)"', re.DOTALL)
_NO_OVERLOAD = regex(r"No matching overloads found : (\S+\([\w, ]*\))")
_NO_VALUE = regex(r'No value with name "(\w+)"')


@dataclass(frozen=True, eq=False)
class Expression:
    """A valid condition: its text, what it looks at, and the program, compiled when it is first asked."""

    source: str
    uses: Uses

    @functools.cached_property
    def program(self) -> Any:
        return _environment().compile(self.source)

    def __str__(self) -> str:
        return self.source


@dataclass(frozen=True)
class Undecided:
    """The outcome hangs on a value that is not known before apply."""

    why: str


@dataclass(frozen=True)
class Failed:
    """The condition could not be computed, and in which fixed words that is said. Never the values of a record."""

    why: str


Truth: TypeAlias = bool | Undecided | Failed


class Yields(Enum):
    """What an expression must yield: its types, and how that is said."""

    TRUTH = ("bool",), "a condition is true or false"
    AMOUNT = ("int",), "an amount is a whole number"
    NAME = ("string", "int"), "what usage is counted under is a text or a whole number"
    CURRENCY = ("string",), "a currency is a text"


class NotAnExpression(ValueError):
    """Text that is no condition; ``line`` and ``column`` count from 1 inside the text."""

    def __init__(self, why: str, line: int = 1, column: int = 1) -> None:
        super().__init__(why)
        self.why = why
        self.line = line
        self.column = column


def compile(source: str, yields: Yields = Yields.TRUTH) -> Expression:
    """Return the checked expression.

    Raises NotAnExpression for bad syntax, wrong types, unknown names and fields.
    """
    if len(source) > LONGEST:
        raise NotAnExpression(f"a condition has at most {LONGEST} characters, this one has {len(source)}")
    known = looked_at(source) if yields is Yields.TRUTH else None
    expression = _compiled(source, yields) if known is None else Expression(source, known)
    for fact, name in expression.uses.named:
        if fact in FACTS and name not in FACTS[fact]:
            hint = did_you_mean(name, FACTS[fact]) or f"It has {', '.join(sorted(FACTS[fact]))}."
            raise NotAnExpression(f"`{fact}` has no field `{name}`. {hint}", *_find(source, f"{fact}.{name}"))
    return expression


def _compiled(source: str, yields: Yields) -> Expression:
    try:
        program = _environment().compile(source)
    except (RuntimeError, ValueError) as error:
        raise _refusal(str(error)) from error
    found = _uses(program)
    kind = program.return_type().name().lower()
    types, wanted = yields.value
    if kind not in (*types, "dyn"):
        raise NotAnExpression(f"{wanted}; this one yields {kind}")
    expression = Expression(source, found)
    vars(expression)["program"] = program       # the very one that was checked
    return expression


def reads(expression: Expression) -> frozenset[str] | None:
    """Return the top-level record fields the condition can depend on; None where that can't be told."""
    return expression.uses.reads


def settles(expression: Expression, activation: Any) -> bool | None:
    """Return what the condition yields where the facts in ``activation`` suffice, else None."""
    try:
        value = expression.program.eval(activation).value()
    except (RuntimeError, ValueError, TypeError, OverflowError):
        return None     # it is asked again with all facts, and says then what is wrong
    return bool(value) if value is True or value is False else None


def ask(expression: Expression, activation: Any) -> bool | Failed:
    """Return what the condition yields of the facts in ``activation``. Whatever isn't true or false is a failure."""
    value = evaluate(expression, activation)
    if value is True or value is False:
        return bool(value)
    return value if isinstance(value, Failed) else Failed("it does not yield true or false")


def evaluate(expression: Expression, activation: Any) -> Any:
    """Return the value that ``expression`` yields of the facts in ``activation``, or Failed."""
    try:
        result = expression.program.eval(activation)
        value = result.value()
    except (RuntimeError, ValueError, TypeError, OverflowError) as error:
        return Failed(_in_words(str(error), expression))
    if value is True or value is False:
        return bool(value)
    # The library's errors are values too, and to us strings: its type alone tells them from a text of the record.
    return Failed(_in_words(str(value), expression)) if result.type().name() == "ERROR" else value


def summing(source: str) -> Any:
    """Return the program of a number put together from conditions that compiled; None where it is too much for one."""
    try:
        return _environment().compile(source)
    except (RuntimeError, ValueError):
        return None


def total(program: Any, activation: Any) -> int | None:
    """Return the whole number that a program of ``summing`` yields; None where it fails, or there is none."""
    try:
        value = program.eval(activation).value()
    except (AttributeError, RuntimeError, ValueError, TypeError, OverflowError):
        return None
    return value if type(value) is int else None


def activation(facts: Mapping[str, Any]) -> Any:
    """Return ``facts`` as conditions are asked of them: one conversion however many conditions ask."""
    return _environment().Activation(dict(facts))


@functools.cache
def _environment() -> Any:
    from cel_expr_python import cel  # type: ignore[import-untyped]  # ships a .pyi but no py.typed

    from agentctl.policy.decimals import comparable, minor

    kind = cel.Type
    fields = kind.Map(kind.STRING, kind.DYN)
    return cel.NewEnv(
        variables={
            **dict.fromkeys(("before", "after", "args", "plan", "step", "action"), fields),
            **dict.fromkeys(("target", "effect", "agent", "tenant", "environment", "purpose"), kind.STRING),
            "changes": kind.List(fields),
            "now": kind.TIMESTAMP,
        },
        functions=[
            cel.FunctionDecl(
                "decimal",
                [
                    cel.Overload("decimal_of_text", kind.BYTES, [kind.STRING], impl=comparable),
                    cel.Overload("decimal_of_int", kind.BYTES, [kind.INT], impl=comparable),
                ],
            ),
            cel.FunctionDecl(
                "minor",
                [
                    cel.Overload("minor_of_text", kind.INT, [kind.STRING, kind.INT], impl=minor),
                    cel.Overload("minor_of_int", kind.INT, [kind.INT, kind.INT], impl=minor),
                ],
            ),
        ],
    )


def _uses(program: Any) -> Uses:
    from agentctl.policy.looking import Misused, uses
    from agentctl.policy.tree import NotATree, decode

    try:
        return uses(decode(program.serialize()))
    except (Misused, NotATree) as error:
        raise NotAnExpression(str(error)) from error


def _refusal(message: str) -> NotAnExpression:
    if "recursion" in message:
        return NotAnExpression("it is nested too deeply")
    found = _PLACE.findall(message)
    if not found:
        return NotAnExpression(message.partition(": ")[2].partition(" [")[0] or "it cannot be read")
    line, column, _ = found[0]
    why = "; ".join(_plain(why) for _, _, why in found[:3])
    return NotAnExpression(why, max(int(line), 1), max(int(column), 1))


def _plain(why: str) -> str:
    if name := re.search(r"undeclared reference to '([^']*)'", why):
        root = name[1].partition(".")[0]
        if root == "usage":
            return "conditions cannot ask what was used; say how much may be with `limits` in a grant"
        hint = did_you_mean(root, VARIABLES) or f"There are {', '.join(sorted(VARIABLES))}."
        return f"there is nothing called `{root}`. {hint}"
    return why.removesuffix(" [INVALID_ARGUMENT]").replace("(in container '')", "").strip()


def _find(source: str, text: str) -> tuple[int, int]:
    at = max(source.find(text), 0)
    return source.count("\n", 0, at) + 1, at - (source.rfind("\n", 0, at) + 1) + 1


def _in_words(message: str, expression: Expression) -> str:
    """Say why a condition failed, in words that can hold no value of a record."""
    from agentctl.policy.decimals import NOT_A_DECIMAL, NOT_MINOR

    for why in (NOT_A_DECIMAL, NOT_MINOR):
        if why in message:
            return why
    if found := _NO_KEY.search(message):
        named = {name for _, name in expression.uses.fields}
        return f"there is no `{found[1]}`" if found[1] in named else "a key it looks up is not there"
    if found := _NO_OVERLOAD.search(message):
        return f"it mixes values of different kinds: {found[1]}"
    if found := _NO_VALUE.search(message):
        return f"`{found[1]}` cannot be told here"
    for sign, words in _FAILURES.items():
        if sign in message:
            return words
    return "it cannot be computed of these values"


_FAILURES = {
    "No matching overloads": "it mixes values of different kinds",
    "SELECT": "it looks for a field in a value that has none",
    "Invalid container": "it looks for a field in a value that has none",
    "Index error": "it looks beyond the end of a list",
    "Iteration budget exceeded": "it takes more steps than a condition may",
    "divide by zero": "it divides by zero",
    "overflow": "a number in it grows too large",
    "Timestamp conversion": 'timestamp() takes a moment such as "2026-01-01T00:00:00Z"',
    "regular expression": "the pattern in matches() is not a valid one",
    "onver": "a value can't be turned into the kind it asks for",      # conversion, cannot convert
}
