"""Breakers that can never trip, and people who could never lift a halt: what lint says of both. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from agentctl.model.action import ActionSpec, Readback, Tier
from agentctl.model.breaker import Breaker, Trouble
from agentctl.model.diagnostic import Diagnostic, Severity, Span
from agentctl.policy.lifting import Unhalt
from agentctl.policy.rules import Policy
from agentctl.policy.wide import Ground, opened
from agentctl.syntax.suggest import did_you_mean


def untrippable(policy: Policy, ground: Ground) -> Iterator[Diagnostic]:
    """Yield an error for each breaker that protects nobody, and for lifting that nobody can do."""
    instances = {action.partition(".")[0] for action in ground.specs}
    for breaker in policy.breakers:
        if breaker.place is None:
            continue
        for name in breaker.connectors:
            if name not in instances:
                detail = f"Breaker {breaker.id} counts what goes wrong on `{name}`, which is no configured connector."
                hint = did_you_mean(name, instances)
                yield _error("unknown-connector", "Unknown connector", detail, breaker.place, hint)
        if why := _never(breaker, policy, ground):
            yield _error("never-trips", "Breaker that never trips", f"Breaker {breaker.id} {why}.", breaker.place)
    if policy.unhalt is not None and policy.unhalt.signed:
        yield from _keyless(policy, policy.unhalt)


def _error(code: str, summary: str, detail: str, place: Span, hint: str = "") -> Diagnostic:
    return Diagnostic(severity=Severity.ERROR, code=code, summary=summary, detail=detail, hint=hint, span=place)


def _never(breaker: Breaker, policy: Policy, ground: Ground) -> str:
    if breaker.on is Trouble.ROLLBACKS and not _undoers(policy):
        return "counts rollbacks, and `rollback:` lets nobody undo"
    if not any(_troubles(breaker, spec) for spec in _reach(breaker, policy, ground)):
        return f"counts {breaker.on}, and nothing that its agents may do on its connectors can end so"
    earlier = policy.breakers[: policy.breakers.index(breaker)]
    for other in (*earlier, *policy.breakers[len(earlier) + 1 :]):
        if _covers(other, breaker) and (other in earlier or not _covers(breaker, other)):
            return f"never trips before breaker {other.id} ({other.place}), which halts the same"
    return ""


def _undoers(policy: Policy) -> bool:
    groups = policy.rollback.groups if policy.rollback else ()
    return any(not person.groups.isdisjoint(groups) for person in policy.people.values())


def _reach(breaker: Breaker, policy: Policy, ground: Ground) -> Iterator[ActionSpec]:
    """Yield what agents that ``breaker`` counts may do on connectors that it counts."""
    for agent in policy.agents.values():
        if breaker.agents and agent.name not in breaker.agents:
            continue
        for grant in (grant for role in agent.roles for grant in policy.grants[role] if not grant.forbids):
            for action, spec in opened(grant, policy, ground).items():
                if not breaker.connectors or action.partition(".")[0] in breaker.connectors:
                    yield spec


def _troubles(breaker: Breaker, spec: ActionSpec) -> bool:
    match breaker.on:
        case Trouble.FAILURES | Trouble.REFUSALS:
            return True
        case Trouble.ROLLBACKS | Trouble.DOUBTS:
            return spec.tier is not Tier.READ
        case Trouble.DEVIATIONS:
            return spec.tier is not Tier.READ and spec.readback is Readback.RECORD


def _covers(other: Breaker, breaker: Breaker) -> bool:
    """Whether ``other`` has always tripped by the time that ``breaker`` does, and halts as much."""
    return (
        (other.on, other.halt) == (breaker.on, breaker.halt)
        and other.count <= breaker.count
        and other.seconds >= breaker.seconds
        and _as_wide(other.agents, breaker.agents)
        and _as_wide(other.connectors, breaker.connectors)
    )


def _as_wide(names: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return not names or (bool(others) and set(others) <= set(names))


def _keyless(policy: Policy, unhalt: Unhalt) -> Iterator[Diagnostic]:
    members = [person for person in policy.people.values() if not person.groups.isdisjoint(unhalt.groups)]
    if members and not any(person.keys for person in members):
        detail = f"`unhalt:` asks {' or '.join(unhalt.groups)} to sign, and none of them has a key under `people:`."
        yield _error("no-keys", "Nobody can sign", detail, unhalt.place)
