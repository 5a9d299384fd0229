"""What holds for everybody: an invariant asked of every record of a change. Grants are not looked at here."""

from __future__ import annotations

from collections.abc import Iterable

from agentctl.facts import dataclass
from agentctl.model.decision import Finding, Level, Outcome
from agentctl.policy.expressions import Expression, Failed, Truth, Undecided
from agentctl.policy.rules import Content, Invariant
from agentctl.policy.sight import Sight

_STRICTNESS = {
    Outcome.NOT_APPLICABLE: 0, Outcome.PASSES: 1, Outcome.UNDECIDED: 2, Outcome.DENIES: 3, Outcome.ERROR: 4,
}


@dataclass(frozen=True)
class Judged:
    """What came of one rule, and the record fields that hangs on (None where that can't be told)."""

    finding: Finding
    reads: frozenset[str] | None


def judge(invariant: Invariant, sights: Iterable[Sight]) -> Judged:
    """Return the strictest answer ``invariant`` has for any of ``sights``."""
    strictest: _Answer | None = None
    reads: frozenset[str] | None = frozenset()
    for sight in sights:
        answer = _answer(invariant, sight)
        reads = union(reads, answer.reads)
        if strictest is None or _STRICTNESS[answer.outcome] > _STRICTNESS[strictest.outcome]:
            strictest = answer
    if strictest is None:
        raise ValueError("a change has at least one unit")
    finding = Finding(
        rule=invariant.id,
        place=invariant.place,
        outcome=strictest.outcome,
        reason=strictest.why if strictest.outcome is not Outcome.DENIES else _reason(invariant, strictest.why),
        level=invariant.level,
        overriders=invariant.override.groups if invariant.override else (),
        inputs=_inputs(invariant, strictest),
    )
    return Judged(finding, reads)


def union(left: frozenset[str] | None, right: frozenset[str] | None) -> frozenset[str] | None:
    """Return the fields two answers hang on together; None where that can't be told of one."""
    return None if left is None or right is None else left | right


@dataclass(frozen=True)
class _Answer:
    """What came of an invariant for one unit."""

    outcome: Outcome
    why: str
    reads: frozenset[str] | None
    sight: Sight


def _answer(invariant: Invariant, sight: Sight) -> _Answer:
    applies, reads = _ask(invariant.when, sight, otherwise=True)
    if applies is False:
        return _Answer(Outcome.NOT_APPLICABLE, f"`when` does not hold: {invariant.when}", reads, sight)
    leak = sight.leaks() if invariant.secrets is Content.DENY else ""
    denied, denied_by = _ask(invariant.deny, sight, otherwise=False)
    required, required_by = _ask(invariant.require, sight, otherwise=True)
    reads = union(reads, union(denied_by, required_by))
    for role, truth in (("when", applies), ("deny", denied), ("require", required)):
        if isinstance(truth, Failed):
            why = f"`{role}` can't be evaluated, and what can't be evaluated denies: {truth.why}"
            return _Answer(Outcome.ERROR, why, reads, sight)
    if applies is True and leak:
        return _Answer(Outcome.DENIES, leak, reads, sight)
    if applies is True and denied is True:
        return _Answer(Outcome.DENIES, f"it forbids that {invariant.deny}", reads, sight)
    if applies is True and required is False:
        return _Answer(Outcome.DENIES, f"it requires that {invariant.require}", reads, sight)
    if denied is False and required is True and not leak:
        return _Answer(Outcome.PASSES, "it holds", reads, sight)
    open_end = next(truth for truth in (applies, denied, required) if isinstance(truth, Undecided))
    return _Answer(Outcome.UNDECIDED, f"it can't be decided yet: {open_end.why}", reads, sight)


def _ask(expression: Expression | None, sight: Sight, *, otherwise: bool) -> tuple[Truth, frozenset[str] | None]:
    if expression is None:
        return otherwise, frozenset()
    answer = sight.answer(expression)
    return answer.truth, answer.reads


def _inputs(invariant: Invariant, answer: _Answer) -> dict[str, str]:
    silent = answer.outcome is Outcome.NOT_APPLICABLE
    parts = (invariant.when,) if silent else (invariant.when, invariant.deny, invariant.require)
    inputs: dict[str, str] = {}
    for part in parts:
        if part is not None:
            inputs |= answer.sight.inputs(part)
    return inputs


def _reason(invariant: Invariant, rule: str) -> str:
    said = f"{invariant.message} — {rule}" if invariant.message else rule
    if invariant.level is not Level.SOFT:
        return said
    if invariant.override is None:
        return f"{said} (soft: only broken glass passes it)"
    return f"{said} (soft: {' or '.join(invariant.override.groups)} may override it)"
