"""A policy told as it stands: who may do what to which records, under which conditions. Nothing is judged here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agentctl.model.breaker import breaker_to_wire
from agentctl.model.duration import spoken
from agentctl.policy.constraints import to_wire
from agentctl.policy.freezes import Freeze
from agentctl.policy.limits import Limit
from agentctl.policy.rules import Grant, Invariant, Policy
from agentctl.policy.wide import Ground, opened
from agentctl.policy.zones import shown


def matrix(policy: Policy, ground: Ground) -> dict[str, Any]:
    """Return agents, roles with their grants, invariants, rollback, breakers and people, each with its place.

    A grant's ``opens`` are the configured actions it lets through: those it names and no invariant closes.
    """
    return {
        "digest": policy.digest,
        "agents": [
            {"agent": agent.name, "place": str(agent.place), "roles": list(agent.roles), "signs": agent.signs}
            for agent in policy.agents.values()
        ],
        "roles": [
            {
                "role": role,
                "limits": [_limit(limit) for limit in policy.limits.get(role, ())],
                "agents": [agent.name for agent in policy.agents.values() if role in agent.roles],
                "grants": [_grant(grant, policy, ground) for grant in grants],
            }
            for role, grants in policy.grants.items()
        ],
        "invariants": [_invariant(invariant, policy) for invariant in policy.invariants],
        "freezes": [_freeze(freeze) for freeze in policy.freezes],
        "rollback": policy.rollback and {
            "place": str(policy.rollback.place),
            "from": list(policy.rollback.groups),
            "signatures": policy.rollback.count,
        },
        "break_glass": policy.break_glass and {
            "place": str(policy.break_glass.place),
            "from": list(policy.break_glass.groups),
            "people": _people(policy, policy.break_glass.groups),
            "expires": spoken(policy.break_glass.seconds),
            "review_within": spoken(policy.break_glass.review_within),
        },
        "breakers": [
            {**breaker_to_wire(breaker), "place": str(breaker.place), "rule": breaker.rule}
            for breaker in policy.breakers
        ],
        "unhalt": policy.unhalt and {
            "place": str(policy.unhalt.place),
            "from": list(policy.unhalt.groups),
            "signed": policy.unhalt.signed,
        },
        "people": [
            {"person": person.name, "place": str(person.place), "groups": sorted(person.groups)}
            for person in policy.people.values()
        ],
    }


def _grant(grant: Grant, policy: Policy, ground: Ground) -> dict[str, Any]:
    opens = {} if grant.forbids else opened(grant, policy, ground)
    return {
        "grant": grant.id,
        "place": str(grant.place),
        "actions": [glob.text for glob in grant.actions],
        "opens": [{"action": action, "tier": spec.tier.value} for action, spec in opens.items()],
        "targets": None if grant.targets is None else [glob.text for glob in grant.targets],
        "fields": None if grant.fields is None else [".".join(path) for path in grant.fields],
        "where": None if grant.where is None else grant.where.source,
        "mode": None if grant.mode is None else grant.mode.value,
        "approvals": grant.approvals and {"count": grant.approvals.count, "from": list(grant.approvals.groups)},
        "secrets": sorted(grant.secrets),
        "constraints": to_wire(grant.constraints),
        "limits": [_limit(limit) for limit in grant.limits],
    }


def _limit(limit: Limit) -> dict[str, Any]:
    return {
        "limit": limit.id,
        "place": str(limit.place),
        "measure": limit.measure.value,
        "actions": None if limit.actions is None else [glob.text for glob in limit.actions],
        "sum": None if limit.amount is None else limit.amount.source,
        "currency": None if limit.currency is None else limit.currency.source,
        "max": dict(limit.most) if limit.currency else limit.most[""],
        "per": limit.per,
        "by": limit.by,
    }


def _freeze(freeze: Freeze) -> dict[str, Any]:
    return {
        "freeze": freeze.id,
        "place": str(freeze.place),
        "from": shown(freeze.start, freeze.zone),
        "until": shown(freeze.end, freeze.zone),
        "message": freeze.message,
        "actions": None if freeze.actions is None else [glob.text for glob in freeze.actions],
        "environments": None if freeze.environments is None else list(freeze.environments),
        "except": sorted(purpose.value for purpose in freeze.excepted),
    }


def _invariant(invariant: Invariant, policy: Policy) -> dict[str, Any]:
    conditions = {"when": invariant.when, "deny": invariant.deny, "require": invariant.require}
    return {
        "invariant": invariant.id,
        "place": str(invariant.place),
        "level": invariant.level.value,
        **{name: condition and condition.source for name, condition in conditions.items()},
        "content": invariant.secrets and {"secrets": invariant.secrets.value},
        "message": invariant.message,
        "override": invariant.override and {
            "from": list(invariant.override.groups),
            "people": _people(policy, invariant.override.groups),
            "expires": spoken(invariant.override.seconds),
        },
        "except": sorted(purpose.value for purpose in invariant.excepted),
    }


def _people(policy: Policy, groups: Iterable[str]) -> list[str]:
    return [name for name, person in policy.people.items() if not person.groups.isdisjoint(groups)]
