"""What a change takes of a limit: its amount under each key, or why that can't be told, which denies. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from agentctl.facts import dataclass
from agentctl.model.action import ActionSpec
from agentctl.model.canonical import canonical
from agentctl.model.change import Change, Effect
from agentctl.model.decision import Finding, Outcome
from agentctl.model.limit import Charge, Measure, in_words
from agentctl.model.plan import argument_to_wire
from agentctl.model.values import SAFE_INTEGER, Hidden, NotAValue, same, to_wire
from agentctl.policy.expressions import Expression, Failed, Undecided
from agentctl.policy.invariants import union
from agentctl.policy.limits import Limit
from agentctl.policy.sight import Sight

_PER_RECORD = frozenset({"before", "after", "changes", "target", "effect"})
_SHOWN = 80


@dataclass(frozen=True, kw_only=True)
class Charged:
    """What a change takes of one limit, one charge a key, with the finding that says so or denies."""

    finding: Finding
    charges: tuple[Charge, ...] = ()
    reads: frozenset[str] | None = frozenset()


def charge(limit: Limit, sights: Iterable[Sight], change: Change, spec: ActionSpec) -> Charged | None:
    """Return what ``change`` takes of ``limit`` through what ``sights`` show; None where it does nothing there."""
    touched = _touched(sights) if limit.counts(change.action) else []
    if not touched:
        return None
    reads: frozenset[str] | None = frozenset()
    for expression in limit.expressions:
        reads = union(reads, expression.uses.reads)
    try:
        charges = tuple(_charges(limit, touched, change, spec))
    except _Denied as denied:
        return Charged(finding=_finding(limit, denied.outcome, denied.why), reads=reads)
    taken = ", ".join(f"{_of(item)} of {item.most:,}" for item in charges)
    finding = _finding(limit, Outcome.PASSES, f"takes {taken} per {limit.per}")
    return Charged(finding=finding, charges=charges, reads=reads)


class _Denied(Exception):
    def __init__(self, why: str, outcome: Outcome = Outcome.DENIES) -> None:
        super().__init__(why)
        self.why = why
        self.outcome = outcome


def _touched(sights: Iterable[Sight]) -> list[Sight]:
    """Return what is counted: each record once, and none that stays as it is."""
    found: dict[Any, Sight] = {}
    for sight in sights:
        if sight.unit.effect is not Effect.NO_OP:
            found.setdefault(sight.unit.address, sight)
    return list(found.values())


def _charges(limit: Limit, sights: Sequence[Sight], change: Change, spec: ActionSpec) -> Iterator[Charge]:
    amounts: dict[tuple[str, str], int] = {}
    for sight in sights:
        account = (_key(limit, sight, change), _currency(limit, sight, change, spec))
        if account not in amounts:
            amounts[account] = _once(limit, sight, change, spec)
        amounts[account] += _each(limit, sight, change, spec)
    for (key, currency), amount in amounts.items():
        if amount > SAFE_INTEGER:
            raise _Denied(f"what it takes is more than {SAFE_INTEGER:,}")
        yield _charge(limit, key, currency, amount, spec)


def _charge(limit: Limit, key: str, currency: str, amount: int, spec: ActionSpec) -> Charge:
    if currency not in limit.most:
        raise _Denied(f"currency `{currency[:_SHOWN]}` is not among {', '.join(limit.most)}")
    charge = Charge(
        limit=limit.id,
        place=limit.place,
        stream=limit.stream,
        measure=limit.measure,
        by=limit.by,
        key=key,
        amount=amount,
        most=limit.most[currency],
        per=limit.per,
        seconds=limit.seconds,
        currency=currency,
        plain=limit.plain,
        shown=not shows_hidden(limit.key, spec),
    )
    if amount > charge.most:
        raise _Denied(f"takes {_of(charge)}, and at most {charge.most:,} is allowed per {limit.per}")
    return charge


def _once(limit: Limit, sight: Sight, change: Change, spec: ActionSpec) -> int:
    """Return what is taken however many records the step touches under one key."""
    match limit.measure:
        case Measure.COUNT:
            return 1
        case Measure.BYTES if change.effect is Effect.SIDE_EFFECT:
            return _size({name: argument_to_wire(argument) for name, argument in change.arguments.items()}, change)
        case Measure.SUM if limit.amount and limit.amount.uses.facts.isdisjoint(_PER_RECORD):
            return _amount(limit.amount, sight, change, spec)
    return 0


def _each(limit: Limit, sight: Sight, change: Change, spec: ActionSpec) -> int:
    """Return what is taken for this record, or for an effect that has none."""
    match limit.measure:
        case Measure.RECORDS:
            return 1
        case Measure.BYTES if sight.unit.effect is not Effect.READ:
            before, after = sight.unit.before or {}, sight.unit.after or {}
            written = {
                name: to_wire(value) for name, value in after.items()
                if name not in before or not same(before[name], value)
            }
            return _size(written, change) if written else 0
        case Measure.SUM if limit.amount and not limit.amount.uses.facts.isdisjoint(_PER_RECORD):
            return _amount(limit.amount, sight, change, spec)
    return 0


def _amount(amount: Expression, sight: Sight, change: Change, spec: ActionSpec) -> int:
    if shows_hidden(amount, spec) or _nested(amount, change, spec):
        raise _Denied("`sum` looks at a field whose values are hidden, and what is counted is recorded in clear")
    value = _value("sum", amount, sight, change)
    if type(value) is not int:
        raise _Denied("`sum` does not yield a whole number", Outcome.ERROR)
    if value < 0:
        raise _Denied("`sum` is negative: an amount is never below 0", Outcome.ERROR)
    if value > SAFE_INTEGER:
        raise _Denied(f"`sum` is more than {SAFE_INTEGER:,}", Outcome.ERROR)
    return value


def _key(limit: Limit, sight: Sight, change: Change) -> str:
    value = _value("by", limit.key, sight, change)
    if type(value) not in (str, int):
        raise _Denied("`by` does not yield a text or a whole number", Outcome.ERROR)
    return str(value)


def _currency(limit: Limit, sight: Sight, change: Change, spec: ActionSpec) -> str:
    if limit.currency is None:
        return ""
    if shows_hidden(limit.currency, spec) or _nested(limit.currency, change, spec):
        raise _Denied("`currency` looks at a field whose values are hidden, and currencies are recorded in clear")
    value = _value("currency", limit.currency, sight, change)
    if type(value) is not str or not value:
        raise _Denied("`currency` does not yield a text", Outcome.ERROR)
    return value


def _value(part: str, expression: Expression, sight: Sight, change: Change) -> Any:
    value = sight.value(expression)
    if isinstance(value, Failed):
        raise _Denied(f"`{part}` can't be evaluated, which denies: {value.why}", Outcome.ERROR)
    if isinstance(value, Undecided):
        raise _unknown(f"`{part}` hangs on what is not known: {value.why}", change)
    return value


def _size(wire: Mapping[str, Any], change: Change) -> int:
    if _holds(wire, "$unknown", "$from", "$format", "$hidden"):
        raise _unknown("how much it writes is not known before apply", change)
    try:
        return len(canonical(wire))
    except NotAValue as error:
        raise _Denied(f"how much it writes can't be told: {error}", Outcome.ERROR) from error


def _unknown(why: str, change: Change) -> _Denied:
    """An amount nobody can foresee denies; one that is only hidden from whoever looks is left open."""
    hidden = any(_is_hidden(record.before) or _is_hidden(record.after) for record in change.records)
    return _Denied(why, Outcome.UNDECIDED if hidden or _is_hidden(change.arguments) else Outcome.DENIES)


def _is_hidden(value: Any) -> bool:
    match value:
        case Mapping():
            return any(map(_is_hidden, value.values()))
        case list() | tuple():
            return any(map(_is_hidden, value))
    return isinstance(value, Hidden)


def _holds(wire: Any, *tags: str) -> bool:
    match wire:
        case dict():
            return any(tag in wire for tag in tags) or any(_holds(item, *tags) for item in wire.values())
        case list():
            return any(_holds(item, *tags) for item in wire)
    return False


def shows_hidden(expression: Expression, spec: ActionSpec) -> bool:
    """Whether what ``expression`` yields may tell of a value that stands nowhere in clear."""
    unseen = spec.sensitive | spec.sealed
    whole = expression.uses.whole | (expression.uses.facts & {"changes"})
    if unseen and not whole.isdisjoint({"before", "after", "changes", "args"}):
        return True
    return any(
        (fact in ("before", "after") and name in unseen) or (fact == "args" and name in unseen | spec.secret)
        for fact, name in expression.uses.named
    )


def _nested(expression: Expression, change: Change, spec: ActionSpec) -> bool:
    """Whether it looks into an argument that may hold a hidden field further down."""
    arguments = [change.arguments.get(name) for fact, name in expression.uses.named if fact == "args"]
    return bool(spec.sensitive | spec.sealed) and any(isinstance(item, Mapping | list | tuple) for item in arguments)


def _finding(limit: Limit, outcome: Outcome, why: str) -> Finding:
    return Finding(rule=limit.id, place=limit.place, outcome=outcome, reason=f"limit {limit.id}: {why}")


def _of(charge: Charge) -> str:
    return in_words(charge.amount, charge.measure, charge.currency)
