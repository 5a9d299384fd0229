"""One line of the table, and the words for a ratio. What is measured is known elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from measure import Ratio, Spent, ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. ``met`` is None where nothing was measured or there is no goal.

    ``firm`` rows are those that no busy machine can spoil: counts, imports, and growth that every round agrees on.
    """

    number: str
    what: str
    goal: str
    found: str
    met: bool | None = None
    firm: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured: how often, and with plans of how many steps, each taken through how many ``lives``.

    ``slack`` is how far above its goal an exponent must be in every round to be certain, where sizes are small.
    """

    times: int
    lives: int
    sizes: Sequence[int]
    slack: float
    timed: bool


def against(
    number: str, what: str, most: float, ours: Sequence[float], theirs: Sequence[float], unit: str = "s"
) -> Row:
    """Hold ours to at most ``most`` times theirs."""
    found = ratio(ours, theirs)
    return Row(
        number=number,
        what=what,
        goal=f"≤ {most:g}×" if most >= 1 else f"≤ 1/{1 / most:g}",
        found=f"{times(found)} · {median(ours):.3g} {unit} : {median(theirs):.3g} {unit}",
        met=found.median <= most,
        raw={"ours": list(ours), "theirs": list(theirs), "ratio": found.median},
    )


def not_measured(number: str, what: str, goal: str, missing: str) -> Row:
    return Row(number=number, what=what, goal=goal, found=f"not measured: {missing} is not on PATH")


def times(found: Ratio) -> str:
    if found.median >= 1:
        return f"{found.median:.2f}× ({found.low:.2f}–{found.high:.2f})"
    return f"1/{1 / found.median:.1f} (1/{1 / found.low:.1f}–1/{1 / found.high:.1f})"


def cpu(spent: Sequence[Spent]) -> list[float]:
    return [each.cpu for each in spent]


def wall(spent: Sequence[Spent]) -> list[float]:
    return [each.wall for each in spent]


def peak(spent: Sequence[Spent]) -> list[float]:
    """Return peak memory in MiB."""
    return [each.peak / 1024 for each in spent]
