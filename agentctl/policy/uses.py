"""What a condition looks at: which facts, which fields of them, and where that can't be told. Found out elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import TypeAlias

from agentctl.facts import dataclass

RECORD = frozenset({"before", "after", "changes"})
"""The facts that show a record's values."""

FIELDED = frozenset({"before", "after", "args", "plan", "step", "action"})
"""The facts with named fields."""

VARIABLES = FIELDED | {"changes", "target", "effect", "agent", "tenant", "environment", "purpose", "now"}

Needs: TypeAlias = Mapping[str, frozenset[str] | None]


@dataclass(frozen=True, kw_only=True)
class Uses:
    """``fields`` are selected by name (``after.tier``), ``tests`` only asked for (``has(after.tier)``).

    ``named`` are both, in order. ``whole`` are facts used in a way that no field can be named for: passed on, compared
    or indexed by a variable. ``reads`` are the top-level record fields the outcome can hang on, None where that can't
    be told. ``images`` are which of ``before`` and ``after`` it speaks of. ``alone`` is whether anything but the record
    might settle it.
    """

    facts: frozenset[str]
    fields: frozenset[tuple[str, str]]
    tests: frozenset[tuple[str, str]]
    named: tuple[tuple[str, str], ...]
    whole: frozenset[str]
    reads: frozenset[str] | None
    images: frozenset[str]
    of_record: bool
    alone: bool


def looks_at(facts: Set[str], fields: Set[tuple[str, str]], tests: Set[tuple[str, str]], whole: Set[str]) -> Uses:
    """Return all that follows from what was found in a condition."""
    facts, named = frozenset(facts), tuple(sorted(fields | tests))
    untold = "changes" in facts or not RECORD.isdisjoint(whole)
    return Uses(
        facts=facts,
        fields=frozenset(fields),
        tests=frozenset(tests),
        named=named,
        whole=frozenset(whole),
        reads=None if untold else frozenset(name for fact, name in named if fact in RECORD),
        images=facts & {"before", "after"},
        of_record=not facts.isdisjoint(RECORD),
        alone=not facts <= RECORD or not facts,
    )


def needs(conditions: Iterable[Uses]) -> Needs:
    """Return, for each fact any of ``conditions`` looks at, the fields they name; None where they may want them all."""
    found: dict[str, frozenset[str] | None] = {}
    for uses in conditions:
        for fact in uses.facts:
            found.setdefault(fact, frozenset())
        for fact, name in uses.named:
            known = found[fact]
            found[fact] = None if known is None else known | {name}
        for fact in uses.whole:
            found[fact] = None
    return found
