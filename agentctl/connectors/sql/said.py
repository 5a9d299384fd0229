"""Statements that are said over and over, each built and compiled once; only their values are new the next time."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from agentctl.connectors.sql.schema import Table
from agentctl.facts import dataclass
from agentctl.model.values import Value

if TYPE_CHECKING:
    from sqlalchemy import Dialect

_MOST = 512         # statements that are kept: a plan needs a handful
_PROBES: dict[type, Callable[[int], Value]] = {
    int: lambda number: 7_000_000_000_000_000 + number,
    float: lambda number: Decimal(7_000_000_000 + number) + Decimal("0.5"),
    str: lambda number: f"\N{REPLACEMENT CHARACTER}{number}",
    bytes: lambda number: b"\xff%d" % number,
    type(None): lambda _: None,
}

_Place: TypeAlias = tuple[int | None, Any]
"""Which of the values stands there, or what always does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A statement, made by ``build``: ``shape`` and the sorts of ``values`` tell all of it but the values."""

    shape: tuple[Hashable, ...]
    values: tuple[Value, ...]
    build: Callable[[Sequence[Value]], Any]


def named(table: Table) -> Hashable:
    """Return all that a statement about rows of ``table`` says of it."""
    return table.bare, table.schema, tuple(table.columns), table.key


class Prepared:
    """Compiles each statement once for each sort of values; ``stored`` tells what the database makes of a value."""

    def __init__(self, stored: Callable[[Value], Any]) -> None:
        self._stored = stored
        self._known: dict[Hashable, tuple[str, tuple[_Place, ...]]] = {}

    def text(self, said: Said, dialect: Dialect) -> tuple[str, list[Any]]:
        """Return the statement and its parameters in order, as compiling it anew would give them.

        Raises what ``stored`` raises.
        """
        raws = [self._stored(value) for value in said.values]
        sorts = tuple(map(type, raws))
        name = said.shape, sorts
        if name not in self._known:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[name] = self._compiled(said, sorts, dialect)
        text, places = self._known[name]
        return text, [always if number is None else raws[number] for number, always in places]

    def _compiled(self, said: Said, sorts: tuple[type, ...], dialect: Dialect) -> tuple[str, tuple[_Place, ...]]:
        """Build the statement with values that occur nowhere else, and see where they come out."""
        probes = [_PROBES[sort](number) for number, sort in enumerate(sorts)]
        number_of = {
            (type(raw), raw): number for number, raw in enumerate(map(self._stored, probes)) if raw is not None
        }
        compiled = said.build(probes).compile(dialect=dialect)
        given = compiled.construct_params(escape_names=False)
        raws = [given[name] for name in compiled.positiontup]
        numbers = [number_of.get((type(raw), raw)) for raw in raws]
        return str(compiled), tuple(
            (number, raw if number is None else None) for number, raw in zip(numbers, raws, strict=True)
        )
