"""What conditions are told of a change besides its records: plan, step, action, arguments and circumstances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from agentctl.model.action import ActionSpec
from agentctl.model.change import Change, Effect
from agentctl.model.plan import Plan, Step
from agentctl.policy.expressions import Truth
from agentctl.policy.plain import Holes, plain_fields


class Facts:
    """The facts that are the same for every record of one change, and the answers they sufficed for."""

    __slots__ = ("answers", "holes", "plain", "spec")

    def __init__(self, change: Change, spec: ActionSpec, plan: Plan, step: Step, around: Mapping[str, Any]) -> None:
        self.spec = spec
        self.holes = Holes()
        self.answers: dict[tuple[int, Effect, str], Truth] = {}
        about = _about(_Same(plan))
        self.plain: dict[str, Any] = {
            **around,
            **plain_fields("", {"agent": plan.agent}, Holes()),
            "plan": about.fields,
            "step": plain_fields("step", _step(step, about), self.holes),
            "action": _action(change.action, spec),
            "args": plain_fields("args", change.arguments, self.holes),
        }


@dataclass(frozen=True, slots=True)
class _AboutPlan:
    fields: dict[str, Any]
    evidence: dict[str, dict[str, str]]


class _Same:
    """A plan as a cache key: by identity, kept alive so that the identity is not given to another."""

    __slots__ = ("plan",)

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __hash__(self) -> int:
        return id(self.plan)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.plan is other.plan


@lru_cache(maxsize=1)
def _about(same: _Same) -> _AboutPlan:
    """Return the facts of a plan. The latest are kept: a plan's thousands of steps are judged one after the other."""
    plan = same.plan
    evidence = {
        item.id: {"id": item.id, "uri": item.uri, "quote": item.quote, "sha256": item.sha256} for item in plan.evidence
    }
    fields = {
        "intent": plan.intent,
        "agent": plan.agent,
        "requested_by": plan.requested_by,
        "on_failure": plan.on_failure.value,
        "steps": len(plan.steps),
        "evidence": list(evidence.values()),
        "tenant": plan.tenant,
        "environment": plan.environment,
    }
    return _AboutPlan(plain_fields("plan", fields, Holes()), evidence)


def _step(step: Step, about: _AboutPlan) -> dict[str, Any]:
    return {
        "id": step.id,
        "action": step.action,
        "target": step.target,
        "because": step.because,
        "evidence": [about.evidence[name] for name in step.evidence if name in about.evidence],
        "needs": list(step.needs),
    }


def _action(name: str, spec: ActionSpec) -> dict[str, Any]:
    return {
        "name": name,
        "instance": name.partition(".")[0],
        "verb": spec.verb,
        "tier": spec.tier.value,
        "reversibility": spec.reversibility.value,
        "preview": spec.preview.value,
        "precondition": spec.precondition.value,
        "settlement": spec.settlement.value,
        "readback": spec.readback.value,
        "scopes": list(spec.scopes),
    }
