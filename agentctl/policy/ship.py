"""The ship / no-ship gate: what each role can do to each connector, and the controls that must stand before it. Pure.

A capability is as strong as the strongest action it opens. Controls that this program enforces whatever a policy says
are listed as built in, so that a reader sees the whole table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import assert_never

from agentctl.facts import dataclass, replace
from agentctl.model.action import ActionSpec, Fidelity, Reversibility, Tier
from agentctl.model.breaker import Trouble
from agentctl.model.decision import Mode
from agentctl.model.policy_report import Capability, Control
from agentctl.policy.rules import Grant, Policy
from agentctl.policy.wide import Ground, opened

_EFFECTIVE = (Tier.WRITE, Tier.EXECUTE)
_ALARMING = (Trouble.FAILURES, Trouble.DEVIATIONS, Trouble.DOUBTS)
_SCOPING = frozenset({"before", "after", "target"})


@dataclass(frozen=True, kw_only=True)
class _Opening:
    """One action that one grant opens."""

    grant: Grant
    action: str
    spec: ActionSpec
    limited: bool       # over time, by the grant or by its role


def capabilities(policy: Policy, ground: Ground) -> tuple[Capability, ...]:
    """Return what each role some agent has can do to each connector, with the controls that needs."""
    held = {role for agent in policy.agents.values() for role in agent.roles}
    found = []
    for role in policy.grants:
        if role not in held:
            continue
        openings = [
            _Opening(grant=grant, action=action, spec=spec, limited=_limited(grant, action, policy))
            for grant in policy.grants[role] if not grant.forbids
            for action, spec in opened(grant, policy, ground).items()
        ]
        for instance in dict.fromkeys(opening.action.partition(".")[0] for opening in openings):
            of = [opening for opening in openings if opening.action.partition(".")[0] == instance]
            found.append(_capability(role, instance, of, policy))
    return tuple(found)


def _capability(role: str, instance: str, openings: list[_Opening], policy: Policy) -> Capability:
    controls: list[Control] = []
    proven = any(agent.signs for agent in policy.agents.values() if role in agent.roles)
    by_itself = [opening for opening in openings if proven and _alone(opening) and opening.spec.tier in _EFFECTIVE]
    for tier in Tier:
        if of := [opening for opening in openings if opening.spec.tier is tier]:
            controls += _controls(tier, of, [opening for opening in of if opening not in by_itself], policy)
    if by_itself:
        controls += _autonomous(by_itself, role, instance, policy)
    strongest = max((opening.spec.tier for opening in openings), key=lambda tier: tier.rank).value
    return Capability(
        role=role,
        instance=instance,
        tier=f"autonomous {strongest}" if by_itself else strongest,
        actions=tuple(sorted({opening.action for opening in openings})),
        controls=tuple(controls),
    )


def _controls(
    tier: Tier, openings: list[_Opening], waiting: list[_Opening], policy: Policy
) -> Iterable[Control]:
    """Return what ``openings``, all of one tier, must have. A person is asked of those that are ``waiting`` only."""
    match tier:
        case Tier.READ:
            return _READ
        case Tier.DRAFT:
            return _DRAFT
        case Tier.WRITE:
            return _write(openings, waiting, policy)
        case Tier.EXECUTE:
            return _execute(openings, waiting)
    assert_never(tier)


def _built_in(name: str, why: str) -> Control:
    return Control(name=name, met=True, why=f"built in: {why}")


def _each(
    name: str, openings: Iterable[_Opening], lacks: Callable[[_Opening], bool], met: str, missing: str
) -> Control:
    """Return the control ``name``, met where no opening lacks it; else told by the first that does."""
    lacking = [opening for opening in openings if lacks(opening)]
    if not lacking:
        return Control(name=name, met=True, why=met)
    first = lacking[0]
    more = f" (and {len(lacking) - 1} more)" if len(lacking) > 1 else ""
    why = f"grant {first.grant.id} opens `{first.action}`{more} {missing}"
    return Control(name=name, met=False, why=why, place=first.grant.place)


_READ = (
    _built_in("data access logging", "every read is recorded with its addresses"),
    _built_in("tenant isolation", "another tenant's plan, connector or record stops the step"),
    _built_in("citations and links", "evidence is pinned by digest, receipts hold ids and links"),
)
_DRAFT = (
    _built_in("human review", "a draft sends nothing; sending is another action with its own rules"),
    _built_in("context shown", "the plan shows what the agent said and pointed at, beside the change"),
)


def _write(openings: list[_Opening], waiting: list[_Opening], policy: Policy) -> Iterator[Control]:
    if waiting:
        yield _each(
            "approval", waiting, _alone, "a person consents to every change",
            "without a person (mode auto): say mode: approve",
        )
    yield _each(
        "field allowlists", openings, lambda it: _has_free_fields(it) and not _lists_fields(it.grant),
        "grants name the fields, or the action can set no other", "for every field of the record: say fields: […]",
    )
    yield _each(
        "diffs", openings, lambda it: it.spec.preview is Fidelity.NONE, "previewed as old → new",
        "which cannot be previewed",
    )
    yield _rollback(policy)
    yield _each(
        "undo or consent", openings, lambda it: it.spec.reversibility is Reversibility.NONE and _alone(it),
        "what cannot be undone has a person's consent", "which cannot be undone, without a person",
    )
    yield _each(
        "per-object scope", openings, lambda it: not _is_scoped(it.grant), "grants name targets or a condition on them",
        "on every record: say targets: […] or where:",
    )


def _execute(openings: list[_Opening], waiting: list[_Opening]) -> Iterator[Control]:
    if waiting:
        yield _each(
            "person's consent", waiting, _alone, "a person consents to every execution",
            "without a person (mode auto): say mode: manual",
        )
    yield _each(
        "spend and rate limits", openings, lambda it: not it.limited,
        "grants limit how much is executed over time", "without a limit over time: say limits: […]",
    )
    yield _built_in("break-glass", "it is signed, expires, is recorded, and owes a second person's review")
    yield _built_in("trace ids", "every step is recorded before its effect, under its run's id")


def _autonomous(openings: list[_Opening], role: str, instance: str, policy: Policy) -> Iterator[Control]:
    """Yield what changes and executions must have that nobody consents to: those of an agent that proves its plans.

    Runbooks, and ways to call whoever is on call, are kept elsewhere: nothing is said of them here.
    """
    yield _each(
        "bounded action space", openings, lambda it: any("*" in glob.text for glob in it.grant.actions),
        "grants name each action", "by a pattern, without a person: name each action",
    )
    yield _each(
        "bounded records", openings, lambda it: not _is_scoped(it.grant), "grants name targets or a condition on them",
        "on every record, without a person: say targets: […] or where:",
    )
    yield _each(
        "limits over time", openings, lambda it: not it.limited,
        "grants limit how much is done over time", "without a limit over time, and without a person: say limits: […]",
    )
    yield _breaker(role, instance, policy)
    on_call = _rollback(policy)
    yield replace(on_call, name="people on call")


def _breaker(role: str, instance: str, policy: Policy) -> Control:
    """Return whether a breaker halts the agents of ``role`` that act alone, or ``instance``, when things go wrong."""
    agents = {agent.name for agent in policy.agents.values() if role in agent.roles and agent.signs}
    for breaker in policy.breakers:
        meant = not breaker.connectors or instance in breaker.connectors
        if breaker.on in _ALARMING and meant and (not breaker.agents or agents <= set(breaker.agents)):
            return Control(name="circuit breakers", met=True, why=f"breaker {breaker.id} halts it", place=breaker.place)
    named = ", ".join(f"`{name}`" for name in sorted(agents))
    why = f"no breaker counts failures, deviations or doubts of {named} on `{instance}`: say breakers: […]"
    return Control(name="circuit breakers", met=False, why=why)


def _limited(grant: Grant, action: str, policy: Policy) -> bool:
    limits = (*grant.limits, *policy.limits.get(grant.role, ()))
    return any(limit.seconds and limit.counts(action) for limit in limits)


def _alone(opening: _Opening) -> bool:
    return opening.grant.mode is Mode.AUTO


def _has_free_fields(opening: _Opening) -> bool:
    """Whether the action sets fields by name, as of a table's row. A file's content is one field; a delete has none."""
    closed = opening.spec.record.get("additionalProperties") is False
    return not closed and not opening.action.endswith(".delete")


def _lists_fields(grant: Grant) -> bool:
    return grant.fields is not None and all(path[0] != "*" for path in grant.fields)


def _is_scoped(grant: Grant) -> bool:
    if grant.targets is not None and all(glob.text.strip("*/") for glob in grant.targets):
        return True
    return grant.where is not None and not grant.where.uses.facts.isdisjoint(_SCOPING)


def _rollback(policy: Policy) -> Control:
    if policy.rollback is None:
        return Control(name="rollback", met=False, why="nobody may undo: the policy has no `rollback:`")
    groups, place = policy.rollback.groups, policy.rollback.place
    people = [person for person in policy.people.values() if not person.groups.isdisjoint(groups)]
    if not people:
        why = f"`rollback:` names {' or '.join(groups)}, and nobody is in it"
        return Control(name="rollback", met=False, why=why, place=place)
    return Control(name="rollback", met=True, why=f"{' or '.join(groups)} may undo", place=place)
