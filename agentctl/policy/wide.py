"""Which configured actions a grant really opens, and which an invariant closes whatever the record. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from agentctl.facts import dataclass, field
from agentctl.model.action import ActionSpec
from agentctl.model.change import Change, Effect
from agentctl.model.decision import Level
from agentctl.model.plan import Plan, Step
from agentctl.policy import expressions
from agentctl.policy.evaluate import Context
from agentctl.policy.expressions import Expression
from agentctl.policy.facts import Facts
from agentctl.policy.rules import Grant, Invariant, Policy

_TOLD = frozenset({"action", "tenant", "environment", "purpose"})


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a policy is looked at against: the workspace's actions, tenant and environment."""

    specs: Mapping[str, ActionSpec]
    tenant: str
    environment: str
    memo: dict[tuple[str, str], tuple[Invariant, ...]] = field(default_factory=dict, compare=False, repr=False)


def named(grant: Grant, ground: Ground) -> dict[str, ActionSpec]:
    """Return the configured actions ``grant`` names: those a plan may use."""
    return {
        action: spec
        for action, spec in ground.specs.items()
        if not spec.inverse_only and any(glob(action) for glob in grant.actions)
    }


def opened(grant: Grant, policy: Policy, ground: Ground) -> dict[str, ActionSpec]:
    """Return those of ``named`` that no invariant closes. A grant for other environments opens none."""
    listed = grant.constraints.environments
    if listed is not None and ground.environment not in listed:
        return {}
    return {
        action: spec for action, spec in named(grant, ground).items() if not closing(action, policy, ground)
    }


def closing(action: str, policy: Policy, ground: Ground) -> tuple[Invariant, ...]:
    """Return the hard invariants that deny every change of ``action`` in this workspace, whatever its record."""
    key = (policy.digest, action)
    if (found := ground.memo.get(key)) is None:
        found = ground.memo[key] = tuple(_closing(action, policy, ground))
    return found


def _closing(action: str, policy: Policy, ground: Ground) -> Iterator[Invariant]:
    facts = {
        **_facts(action, ground, policy).plain,
        "tenant": ground.tenant, "environment": ground.environment, "purpose": "apply",
    }
    activation = expressions.activation(facts)
    for invariant in policy.invariants:
        if invariant.level is Level.HARD and _denies(invariant, activation):
            yield invariant


def never_applies(invariant: Invariant, policy: Policy, ground: Ground) -> bool:
    """Whether ``when`` leaves out every configured action, whatever the record and wherever the workspace is."""
    if invariant.when is None or not ground.specs:
        return False
    kinds = [{"action": _facts(action, ground, policy).plain.get("action")} for action in ground.specs]
    return all(expressions.settles(invariant.when, expressions.activation(kind)) is False for kind in kinds)


def _denies(invariant: Invariant, activation: object) -> bool:
    if invariant.when is not None and _ask(invariant.when, activation) is not True:
        return False
    denied = invariant.deny is not None and _ask(invariant.deny, activation) is True
    return denied or (invariant.require is not None and _ask(invariant.require, activation) is False)


def _ask(condition: Expression, activation: object) -> bool | None:
    """Return what ``condition`` yields where the action alone settles it, else None."""
    return expressions.settles(condition, activation) if condition.uses.facts <= _TOLD else None


def _facts(action: str, ground: Ground, policy: Policy) -> Facts:
    change = Change(step="step", action=action, target="", effect=Effect.NO_OP)
    plan = Plan(intent="", agent="", steps=())
    context = Context(
        policy=policy, plan=plan, step=Step(id="step", action=action, target=""), spec=ground.specs[action],
        tenant=ground.tenant, environment=ground.environment, now=datetime.min.replace(tzinfo=UTC),
    )
    return Facts(change, context, policy.needs, {})
