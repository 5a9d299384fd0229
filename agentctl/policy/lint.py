"""What is wrong with a policy that loads: rules that never speak, names nobody has, grants wider than usual. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from agentctl.model.action import ActionSpec, Tier
from agentctl.model.decision import Mode
from agentctl.model.diagnostic import Diagnostic, Severity, Span
from agentctl.policy.constraints import UNCONSTRAINED
from agentctl.policy.expressions import Expression
from agentctl.policy.limit_lint import lint_limit
from agentctl.policy.limits import Limit
from agentctl.policy.lint_constraints import constrained
from agentctl.policy.overridable import lint_overrides
from agentctl.policy.rules import Grant, Policy
from agentctl.policy.signing import unreachable
from agentctl.policy.tripping import untrippable
from agentctl.policy.wide import Ground, closing, named, never_applies
from agentctl.syntax.suggest import did_you_mean

_USUAL = {Tier.READ: Mode.AUTO, Tier.DRAFT: Mode.AUTO, Tier.WRITE: Mode.APPROVE, Tier.EXECUTE: Mode.MANUAL}
_STRICTNESS = (Mode.AUTO, Mode.APPROVE, Mode.MANUAL, Mode.FORBID)
_IMAGES = ("before", "after")


def lint(policy: Policy, ground: Ground) -> tuple[Diagnostic, ...]:
    """Return every finding: errors where a rule cannot mean what it says, warnings where it may not."""
    found = [*_roles(policy), *_groups(policy), *_invariant_paths(policy, ground), *untrippable(policy, ground),
             *_role_limits(policy, ground)]
    found += _silent(policy, ground)
    found += constrained(policy, ground)
    found += unreachable(policy)
    found += lint_overrides(policy)
    for grants in policy.grants.values():
        for grant in grants:
            found += [*_actions(grant, ground), *_grant_paths(grant, ground), *_wide(grant, policy, ground)]
            found += _shadowed(grant, policy, ground)
    return tuple(sorted(found, key=_place))


def _place(item: Diagnostic) -> tuple[str, int, int]:
    return (item.span.file, item.span.line, item.span.column) if item.span else ("", 0, 0)


def _finding(
    code: str, summary: str, detail: str, place: Span, hint: str = "", severity: Severity = Severity.ERROR
) -> Diagnostic:
    return Diagnostic(severity=severity, code=code, summary=summary, detail=detail, hint=hint, span=place)


def _roles(policy: Policy) -> Iterator[Diagnostic]:
    """A role nobody has grants nothing; whoever removed its last agent may not have meant to keep it."""
    used = {role for agent in policy.agents.values() for role in agent.roles}
    for role, grants in policy.grants.items():
        if role not in used and grants:
            yield _finding(
                "unused-role", "Role of nobody", f"No agent has the role `{role}`, so its grants never speak.",
                grants[0].place, severity=Severity.WARNING,
            )


def _groups(policy: Policy) -> Iterator[Diagnostic]:
    for grants in policy.grants.values():
        for grant in grants:
            if grant.approvals and grant.approvals.groups:
                rule = f"grant {grant.id}"
                yield from _people(policy, grant.approvals.groups, grant.approvals.count, grant.place, rule)
    if policy.rollback:
        count = max(policy.rollback.count, 1)
        yield from _people(policy, policy.rollback.groups, count, policy.rollback.place, "`rollback:`")
    if policy.unhalt:
        yield from _people(policy, policy.unhalt.groups, 1, policy.unhalt.place, "`unhalt:`")


def _silent(policy: Policy, ground: Ground) -> Iterator[Diagnostic]:
    """Tell of invariants for actions that no configured connector offers."""
    for invariant in policy.invariants:
        if never_applies(invariant, policy, ground):
            yield _finding(
                "never-matches", "Rule that never speaks",
                f"`when` of invariant {invariant.id} holds for no action of a configured connector: {invariant.when}.",
                invariant.place, severity=Severity.WARNING,
            )


def _people(policy: Policy, groups: tuple[str, ...], count: int, place: Span, rule: str) -> Iterator[Diagnostic]:
    known = {group for person in policy.people.values() for group in person.groups}
    for group in groups:
        if group not in known:
            yield _finding(
                "unknown-group", "Unknown group", f"{rule} names the group `{group}`, in which nobody of `people:` is.",
                place, did_you_mean(group, known),
            )
    members = sum(not person.groups.isdisjoint(groups) for person in policy.people.values())
    if 0 < members < count:
        yield _finding(
            "too-few-people", "Too few people",
            f"{rule} asks for {count} people of {' or '.join(groups)}, and there are {members}.", place,
        )


def _actions(grant: Grant, ground: Ground) -> Iterator[Diagnostic]:
    for glob in grant.actions:
        if any(glob(action) for action in ground.specs):
            continue
        detail = f"grant {grant.id} names `{glob.text}`, and no configured connector offers such an action."
        if "*" in glob.text:
            yield _finding("never-matches", "Pattern without a match", detail, grant.place, severity=Severity.WARNING)
        else:
            hint = did_you_mean(glob.text, ground.specs)
            yield _finding("unknown-action", "Unknown action", detail, grant.place, hint)


def _grant_paths(grant: Grant, ground: Ground) -> Iterator[Diagnostic]:
    specs = [*named(grant, ground).values()]
    for path in grant.fields or ():
        if path[0] != "*" and (known := _all_known(specs, "record")) is not None and path[0] not in known:
            yield _finding(
                "unknown-field", "Unknown field",
                f"grant {grant.id} names the field `{'.'.join(path)}`, which no record of its actions has.",
                grant.place, did_you_mean(path[0], known),
            )
    if grant.where is not None:
        yield from _paths(grant.where, specs, grant.place, f"`where` of grant {grant.id}")
    yield from _limits(grant.limits, named(grant, ground))


def _limits(limits: Iterable[Limit], actions: Mapping[str, ActionSpec]) -> Iterator[Diagnostic]:
    for limit in limits:
        specs = [spec for action, spec in actions.items() if limit.counts(action)]
        yield from lint_limit(limit, specs)
        for expression in limit.expressions:
            yield from _paths(expression, specs, limit.place, f"limit {limit.id}")


def _role_limits(policy: Policy, ground: Ground) -> Iterator[Diagnostic]:
    for role, limits in policy.limits.items():
        actions = {action: spec for grant in policy.grants[role] for action, spec in named(grant, ground).items()}
        yield from _limits(limits, actions)


def _invariant_paths(policy: Policy, ground: Ground) -> Iterator[Diagnostic]:
    for invariant in policy.invariants:
        for part in ("when", "deny", "require"):
            condition: Expression | None = getattr(invariant, part)
            if condition is not None:
                rule = f"`{part}` of invariant {invariant.id}"
                yield from _paths(condition, ground.specs.values(), invariant.place, rule)


def _paths(condition: Expression, specs: Iterable[ActionSpec], place: Span, rule: str) -> Iterator[Diagnostic]:
    specs = list(specs)
    records, arguments = _all_known(specs, "record"), _all_known(specs, "arguments")
    for fact, name in condition.uses.named:
        known = records if fact in _IMAGES else arguments if fact == "args" else None
        if known is not None and name not in known:
            yield _finding(
                "unknown-field", "Unknown field",
                f"{rule} looks at `{fact}.{name}`, which no action it is about has.", place, did_you_mean(name, known),
            )


def _all_known(specs: Iterable[ActionSpec], part: str) -> set[str] | None:
    """Return the names any of ``specs`` has, or None where one of them may have others: a table's columns."""
    names: set[str] = set()
    listed = list(specs)
    for spec in listed:
        schema: Mapping[str, Any] = getattr(spec, part)
        if schema.get("additionalProperties") is not False:
            return None
        names.update(schema.get("properties", ()))
    return names if listed else None


def _wide(grant: Grant, policy: Policy, ground: Ground) -> Iterator[Diagnostic]:
    """Tell where a grant asks for less than is usual for what its actions can do."""
    if grant.mode is None or grant.forbids or grant.approvals:
        return
    mode = grant.mode
    for tier in (Tier.EXECUTE, Tier.WRITE):
        usual = _USUAL[tier]
        wide = [
            action for action, spec in named(grant, ground).items()
            if spec.tier is tier and _STRICTNESS.index(mode) < _STRICTNESS.index(usual)
            and not closing(action, policy, ground)
        ]
        if wide:
            more = f" and {len(wide) - 1} more" if len(wide) > 1 else ""
            yield _finding(
                "wider-than-usual", "Grant wider than usual",
                f"grant {grant.id} lets `{wide[0]}`{more} run with mode {mode}; for what is {tier}, "
                f"{usual} is usual.", grant.place, severity=Severity.WARNING,
            )


def _shadowed(grant: Grant, policy: Policy, ground: Ground) -> Iterator[Diagnostic]:
    """Tell where everything a grant allows is denied: by an invariant, or by a forbidding grant of the same agents."""
    actions = named(grant, ground)
    if grant.forbids or not actions:
        return
    if all(closing(action, policy, ground) for action in actions):
        rule = closing(next(iter(actions)), policy, ground)[0]
        yield _finding(
            "unreachable", "Grant without effect",
            f"grant {grant.id} allows nothing: invariant {rule.id} at {rule.place} denies it.", grant.place,
        )
        return
    holders = [agent for agent in policy.agents.values() if grant.role in agent.roles]
    stoppers = [_stopper(agent.roles, actions, policy) for agent in holders]
    if stoppers and all(stoppers):
        by = stoppers[0]
        assert by is not None
        yield _finding(
            "unreachable", "Grant without effect",
            f"grant {grant.id} allows nothing: grant {by.id} at {by.place} forbids it to every agent that has it.",
            grant.place,
        )


def _stopper(roles: Iterable[str], actions: Iterable[str], policy: Policy) -> Grant | None:
    """Return a grant of ``roles`` that forbids all of ``actions`` everywhere, if there is one."""
    for role in roles:
        for grant in policy.grants[role]:
            everywhere = grant.forbids and grant.targets is None and grant.fields is None and grant.where is None
            everywhere = everywhere and grant.constraints == UNCONSTRAINED
            if everywhere and all(any(glob(action) for glob in grant.actions) for action in actions):
                return grant
    return None
