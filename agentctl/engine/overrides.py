"""Which soft rules deny a changeset, and whose overrides of them count. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from agentctl.engine.signers import excluded, not_theirs, untimely
from agentctl.facts import dataclass
from agentctl.identity.statements import moment
from agentctl.model.changeset import ChangeSet
from agentctl.model.decision import Decision, Level, Overridden
from agentctl.model.duration import spoken
from agentctl.model.override import Override
from agentctl.model.plan import Plan
from agentctl.policy.overriding import BreakGlass
from agentctl.policy.rules import Invariant, Policy


@dataclass(frozen=True, kw_only=True)
class WeighedOverrides:
    """Overrides that count, and why the others do not."""

    counted: tuple[Overridden, ...] = ()
    refused: tuple[tuple[Override, str], ...] = ()


def soft_denials(decisions: Iterable[Decision]) -> dict[str, tuple[str, ...]]:
    """Return every soft rule that denies, with the steps it denies: what an override can be of."""
    found: dict[str, list[str]] = {}
    for decision in decisions:
        for rule in dict.fromkeys(decision.soft):
            found.setdefault(rule, []).append(decision.step)
    return {rule: tuple(steps) for rule, steps in found.items()}


def weigh_overrides(
    overrides: Iterable[Override],
    changeset: ChangeSet,
    policy: Policy,
    now: datetime,
    used: Mapping[str, str],
    void_before: datetime | None = None,
) -> WeighedOverrides:
    """Return which of ``overrides`` count for ``changeset`` now. ``used`` are the ids used up, each with its run.

    Where a clock was set back, those signed ``void_before`` that would live through the same time twice.
    """
    counted: dict[str, Overridden] = {}
    refused: list[tuple[Override, str]] = []
    for override in overrides:
        statement = override.statement
        if why := _objection(override, changeset, policy, now, used, void_before):
            refused.append((override, why))
            continue
        glass = policy.break_glass if statement.break_glass else None
        counted[statement.id] = Overridden(
            override=statement.id,
            person=statement.person,
            rules=statement.rules,
            reason=statement.reason,
            until=statement.until,
            breaks_glass=glass is not None,
            review_within=glass.review_within if glass else 0,
        )
    return WeighedOverrides(counted=tuple(counted.values()), refused=tuple(refused))


def may_override(policy: Policy, plan: Plan, rule: str) -> tuple[str, ...]:
    """Return who may override ``rule`` for ``plan``, without breaking the glass."""
    invariant = _invariant(policy, rule)
    if invariant is None or invariant.level is not Level.SOFT or invariant.override is None:
        return ()
    return _people(policy, plan, invariant.override.groups)


def may_break_glass(policy: Policy, plan: Plan) -> tuple[str, ...]:
    return _people(policy, plan, policy.break_glass.groups) if policy.break_glass else ()


def longest(policy: Policy, rules: Iterable[str], *, break_glass: bool) -> int:
    """Return for how many seconds an override of ``rules`` is good at most; 0 where policy lets nobody override."""
    if break_glass:
        return policy.break_glass.seconds if policy.break_glass else 0
    found = [invariant.override for rule in rules if (invariant := _invariant(policy, rule))]
    return min((override.seconds if override else 0 for override in found), default=0)


def _objection(
    override: Override,
    changeset: ChangeSet,
    policy: Policy,
    now: datetime,
    used: Mapping[str, str],
    void_before: datetime | None,
) -> str:
    """Return why ``override`` does not count, or nothing."""
    statement = override.statement
    if statement.lineage != changeset.lineage:
        return "it is another workspace's"
    if statement.digest != changeset.digest or statement.effects != changeset.effects:
        same = "; the effects are the same, so what moved is the plan, the policy or a system"
        return "it is for another changeset" + (same if statement.effects == changeset.effects else "")
    if why := not_theirs(override, statement.person, changeset.plan, policy):
        return why
    if run := used.get(statement.id):
        return f"run {run} used it up, and an override is good for one"
    if why := untimely(statement.from_, statement.until, now, void_before):
        return why
    groups = policy.people[statement.person].groups
    if statement.break_glass:
        why = _may_not_break(statement.person, groups, policy.break_glass)
    else:
        why = next((why for rule in statement.rules if (why := _may_not(statement.person, groups, rule, policy))), "")
    if why:
        return why
    if why := next((why for rule in statement.rules if (why := _not_soft(rule, policy))), ""):
        return why
    steps = {step.id for step in changeset.plan.steps}
    if unknown := [step for named in statement.rules.values() for step in named if step not in steps]:
        return f"it names step `{unknown[0]}`, which there is not"
    most = longest(policy, statement.rules, break_glass=statement.break_glass)
    if moment(statement.until) - moment(statement.from_) > timedelta(seconds=most):
        return f"it is good for longer than policy lets it, which is {spoken(most)}"
    return ""


def _not_soft(rule: str, policy: Policy) -> str:
    invariant = _invariant(policy, rule)
    if invariant is None:
        return f"there is no invariant `{rule}`"
    if invariant.level is Level.SOFT:
        return ""
    return f"rule `{rule}` ({invariant.place}) is {invariant.level}, and nobody overrides that"


def _may_not(person: str, groups: frozenset[str], rule: str, policy: Policy) -> str:
    invariant = _invariant(policy, rule)
    if invariant is None or invariant.level is not Level.SOFT:
        return _not_soft(rule, policy)
    if invariant.override is None:
        return f"rule `{rule}` has no `override:`, so only break-glass lets anything pass it"
    if groups.isdisjoint(invariant.override.groups):
        return f"`{person}` is not in {' or '.join(invariant.override.groups)}, whom rule `{rule}` lets override it"
    return ""


def _may_not_break(person: str, groups: frozenset[str], glass: BreakGlass | None) -> str:
    if glass is None:
        return "the policy has no `break_glass:`, so nobody may"
    if groups.isdisjoint(glass.groups):
        return f"`{person}` is not in {' or '.join(glass.groups)}, whom `break_glass:` lets break the glass"
    return ""


def _invariant(policy: Policy, rule: str) -> Invariant | None:
    return next((invariant for invariant in policy.invariants if invariant.id == rule), None)


def _people(policy: Policy, plan: Plan, groups: Iterable[str]) -> tuple[str, ...]:
    return tuple(
        name
        for name, person in policy.people.items()
        if not person.groups.isdisjoint(groups) and not excluded(person, plan, policy)
    )
