"""Recorded changes judged under two policies: where the new one answers otherwise, and whether it widens. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from agentctl.facts import dataclass, replace
from agentctl.model.action import ActionSpec
from agentctl.model.authorship import CLAIMED, Authorship
from agentctl.model.change import Change, Effect, RecordChange
from agentctl.model.changeset import Purpose
from agentctl.model.decision import Decision, Finding, Mode, Outcome, Verdict
from agentctl.model.plan import Plan, Step
from agentctl.model.policy_report import Replayed, Shift
from agentctl.model.values import Fields, Unknown
from agentctl.policy.citing import nobody_can_tell
from agentctl.policy.evaluate import Context, decide
from agentctl.policy.replay_limits import less_limited
from agentctl.policy.rules import Policy

_STRICTNESS = (Mode.AUTO, Mode.APPROVE, Mode.MANUAL, Mode.FORBID)
_NOT_RECORDED = Unknown("not recorded")
_EVERYTHING = "(other fields)"


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One change as the trace holds it, with what it was judged under. ``spec`` is None where nothing offers it now."""

    run: str
    plan: Plan
    step: Step
    change: Change
    spec: ActionSpec | None
    tenant: str
    environment: str
    now: datetime
    purpose: Purpose
    person: str
    author: Callable[[Policy], Authorship] = lambda _: CLAIMED     # as recorded, under the keys a policy lists


def replay(recorded: Iterable[Recorded], old: Policy, new: Policy) -> tuple[Replayed, ...]:
    """Judge each recorded change under both policies."""
    return tuple(_replay(item, old, new) for item in recorded)


def _replay(item: Recorded, old: Policy, new: Policy) -> Replayed:
    if item.spec is None:
        why = f"no configured connector offers `{item.change.action}` any more"
        return _told(item, Shift.UNTOLD, "", "", None, why)
    before, after = (_decide(item, item.spec, policy, (old, new)) for policy in (old, new))
    shift = _shift(before, after)
    decisive = before if shift is Shift.ALLOWED else after
    untold = [finding for decision in (before, after) for finding in _untold(decision)]
    found = untold[0] if shift is Shift.UNTOLD else _deciding(decisive)
    if shift is Shift.LESS_LIMITED:
        found = less_limited(after, before)
    elif shift is Shift.MORE_LIMITED:
        found = less_limited(before, after)
    told = _told(item, shift, _answer(before), _answer(after), found, found.reason if found else "")
    answering = _deciding(after)
    return replace(told, new_place=answering.place if answering else None)


def _decide(item: Recorded, spec: ActionSpec, policy: Policy, both: tuple[Policy, Policy]) -> Decision:
    return decide(
        _with_holes(item.change, spec, both),
        Context(
            policy=policy, plan=item.plan, step=item.step, spec=spec, tenant=item.tenant,
            environment=item.environment, now=item.now, purpose=item.purpose, person=item.person,
            author=item.author(policy), checked=nobody_can_tell,
        ),
    )


def _with_holes(change: Change, spec: ActionSpec, policies: Iterable[Policy]) -> Change:
    """Return ``change`` with the fields that either policy looks at and nobody recorded as not known.

    Of an update only the fields that changed, or that decided, are recorded: what is absent may have been there.
    """
    if change.effect is Effect.READ:
        return change
    wanted: set[str] = set()
    for policy in policies:
        for fact in ("before", "after"):
            names = policy.needs.get(fact, frozenset())
            wanted |= {_EVERYTHING, *spec.record.get("properties", ())} if names is None else names
    records = tuple(_fill(record, wanted, spec) for record in change.records)
    return replace(change, records=records)


def _fill(record: RecordChange, wanted: set[str], spec: ActionSpec) -> RecordChange:
    whole = record.before is None or record.after is None
    known = {*(record.before or ()), *(record.after or ())}
    holes = {name: _NOT_RECORDED for name in wanted - known if not whole or name in spec.volatile}
    if not holes:
        return record

    def filled(fields: Fields | None) -> Fields | None:
        return None if fields is None else {**fields, **holes}

    return RecordChange(address=record.address, before=filled(record.before), after=filled(record.after))


def _shift(old: Decision, new: Decision) -> Shift:
    if _untold(old) or _untold(new):
        return Shift.UNTOLD
    denied, denies = old.verdict is Verdict.DENY, new.verdict is Verdict.DENY
    if denied or denies:
        return Shift.SAME if denied and denies else Shift.DENIED if denies else Shift.ALLOWED
    less, more = (_looser(new, old), _looser(old, new))
    if less or more:
        return Shift.LOOSENED if less else Shift.TIGHTENED
    if less_limited(new, old):
        return Shift.LESS_LIMITED
    return Shift.MORE_LIMITED if less_limited(old, new) else Shift.SAME


def _looser(one: Decision, other: Decision) -> bool:
    """Whether ``one`` asks for less consent than ``other`` in any respect: mode, signatures, or who may give them."""
    if _STRICTNESS.index(one.mode) < _STRICTNESS.index(other.mode):
        return True
    if _count(one) < _count(other):
        return True
    if not _count(one) or not _count(other):
        return False
    ours, theirs = _groups(one), _groups(other)
    return bool(theirs) and not (ours and ours <= theirs)       # no group named: anybody may sign


def _count(decision: Decision) -> int:
    return decision.signatures.count if decision.signatures else 0


def _groups(decision: Decision) -> frozenset[str]:
    return frozenset(decision.signatures.groups) if decision.signatures else frozenset()


def _untold(decision: Decision) -> list[Finding]:
    if decision.verdict is Verdict.DENY:
        return []
    return [finding for finding in decision.findings if finding.outcome is Outcome.UNDECIDED]


def _deciding(decision: Decision) -> Finding | None:
    denying = [item for item in decision.findings if item.outcome in (Outcome.DENIES, Outcome.ERROR)]
    return next(iter((*denying, *decision.findings)), None)


def _answer(decision: Decision) -> str:
    if decision.verdict is Verdict.DENY:
        return "deny"
    signatures = decision.signatures
    return f"{decision.verdict} ({decision.mode}{f', {signatures.count} signed' if signatures else ''})"


def _told(item: Recorded, shift: Shift, old: str, new: str, found: Finding | None, why: str) -> Replayed:
    return Replayed(
        run=item.run, step=item.change.step, action=item.change.action, target=item.change.target, shift=shift,
        old=old, new=new, rule=found.rule if found else "", place=found.place if found else None, why=why,
    )
