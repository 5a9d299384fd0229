"""What holds for everybody: an invariant asked of every record of a change. Grants are not looked at here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from agentctl.model.decision import Finding, Level, Outcome
from agentctl.policy.expressions import Expression, Failed, Truth, Undecided
from agentctl.policy.rules import Invariant
from agentctl.policy.sight import Sight

_STRICTNESS = (Outcome.NOT_APPLICABLE, Outcome.PASSES, Outcome.UNDECIDED, Outcome.DENIES, Outcome.ERROR)


class Judged(NamedTuple):
    """What came of one rule, and the record fields that hangs on (None where that can't be told)."""

    finding: Finding
    reads: frozenset[str] | None


def judge(invariant: Invariant, sights: Iterable[Sight]) -> Judged:
    """Return the strictest answer ``invariant`` has for any of ``sights``."""
    strictest: Judged | None = None
    reads: frozenset[str] | None = frozenset()
    for sight in sights:
        judged = _judge(invariant, sight)
        reads = union(reads, judged.reads)
        if strictest is None or _rank(judged) > _rank(strictest):
            strictest = judged
    if strictest is None:
        raise ValueError("a change has at least one unit")
    return Judged(strictest.finding, reads)


def union(left: frozenset[str] | None, right: frozenset[str] | None) -> frozenset[str] | None:
    return None if left is None or right is None else left | right


def _rank(judged: Judged) -> int:
    return _STRICTNESS.index(judged.finding.outcome)


def _judge(invariant: Invariant, sight: Sight) -> Judged:
    asked = _Asked(sight)
    applies = asked(invariant.when, otherwise=True)
    if applies is False:
        return _judged(invariant, asked, Outcome.NOT_APPLICABLE, f"`when` does not hold: {invariant.when}")
    denied = asked(invariant.deny, otherwise=False)
    required = asked(invariant.require, otherwise=True)
    for role, truth in (("when", applies), ("deny", denied), ("require", required)):
        if isinstance(truth, Failed):
            why = f"`{role}` can't be evaluated, and what can't be evaluated denies: {truth.why}"
            return _judged(invariant, asked, Outcome.ERROR, why)
    if applies is True and denied is True:
        return _judged(invariant, asked, Outcome.DENIES, _reason(invariant, f"it forbids that {invariant.deny}"))
    if applies is True and required is False:
        return _judged(invariant, asked, Outcome.DENIES, _reason(invariant, f"it requires that {invariant.require}"))
    if denied is False and required is True:
        return _judged(invariant, asked, Outcome.PASSES, "it holds")
    why = next(truth.why for truth in (applies, denied, required) if isinstance(truth, Undecided))
    return _judged(invariant, asked, Outcome.UNDECIDED, f"it can't be decided yet: {why}")


class _Asked:
    """Asks the parts of one rule, and keeps what all the answers hang on."""

    __slots__ = ("reads", "sight")

    def __init__(self, sight: Sight) -> None:
        self.sight = sight
        self.reads: frozenset[str] | None = frozenset()

    def __call__(self, expression: Expression | None, *, otherwise: bool) -> Truth:
        if expression is None:
            return otherwise
        answer = self.sight.answer(expression)
        self.reads = union(self.reads, answer.reads)
        return answer.truth


def _judged(invariant: Invariant, asked: _Asked, outcome: Outcome, reason: str) -> Judged:
    parts = (invariant.when,) if outcome is Outcome.NOT_APPLICABLE else (
        invariant.when, invariant.deny, invariant.require,
    )
    inputs: dict[str, str] = {}
    for part in parts:
        if part is not None:
            inputs |= asked.sight.inputs(part)
    finding = Finding(
        rule=invariant.id,
        place=invariant.place,
        outcome=outcome,
        reason=reason,
        level=invariant.level,
        inputs=inputs,
    )
    return Judged(finding, asked.reads)


def _reason(invariant: Invariant, rule: str) -> str:
    soft = " (soft, but this version can't override)" if invariant.level is Level.SOFT else ""
    return f"{invariant.message} — {rule}{soft}" if invariant.message else f"{rule}{soft}"
