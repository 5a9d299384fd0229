"""Several conditions asked at once of the same facts, in one evaluation. What they mean is not known here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentctl.facts import dataclass
from agentctl.policy import expressions

_AT_ONCE = 16


@dataclass(frozen=True)
class Batch:
    """Programs, each with the number of conditions it yields a bit for."""

    programs: tuple[tuple[Any, int], ...]

    def ask(self, activation: Any) -> int:
        """Return what the conditions yield, bit N for condition N; -1 where one fails to yield true or false."""
        found = shift = 0
        for program, count in self.programs:
            bits = expressions.total(program, activation)
            if bits is None:
                return -1
            found |= bits << shift
            shift += count
        return found


def batch(conditions: Sequence[str]) -> Batch:
    """Return ``conditions``, of which each compiled by itself, put together."""
    programs: list[tuple[Any, int]] = []
    for at in range(0, len(conditions), _AT_ONCE):
        part = conditions[at : at + _AT_ONCE]
        together = expressions.summing(_sum(part, 0))
        if together is not None:
            programs.append((together, len(part)))
        else:                       # too deeply nested to go together
            programs += [(expressions.summing(_sum([one], 0)), 1) for one in part]
    return Batch(tuple(programs))


def guarded(guard: str, condition: str, otherwise: str) -> str:
    """Return a condition that asks ``condition`` only where ``guard`` holds, and else yields ``otherwise``."""
    return f"({_apart(guard)} ? {_apart(condition)} : {otherwise})"


def _sum(conditions: Sequence[str], shift: int) -> str:
    """Return an amount with a bit for each condition, halved again and again to be nested as little as can be."""
    if len(conditions) == 1:
        return f"({_apart(conditions[0])} ? {1 << shift} : 0)"
    half = len(conditions) // 2
    return f"({_sum(conditions[:half], shift)} + {_sum(conditions[half:], shift + half)})"


def _apart(condition: str) -> str:
    # It may end in a comment, which ends with its line.
    return f"({condition}\n)"
