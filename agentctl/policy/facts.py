"""What conditions are told of a change besides its records: plan, step, action, arguments and circumstances."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from agentctl.model.action import ActionSpec
from agentctl.model.change import Change, Effect
from agentctl.model.plan import Plan, Step
from agentctl.policy.constraints import Circumstances
from agentctl.policy.expressions import Truth
from agentctl.policy.plain import Holes, plain_fields
from agentctl.policy.uses import Needs

if TYPE_CHECKING:
    from agentctl.policy.spotting import Spotted


class Facts:
    """The facts that are the same for every record of one change, and the answers they sufficed for.

    Only what some condition of the policy looks at is made: ``needs``.
    """

    __slots__ = ("_leaks", "answers", "change", "circumstances", "holes", "needs", "plain", "spec")

    def __init__(
        self, change: Change, circumstances: Circumstances, needs: Needs, around: Mapping[str, Any]
    ) -> None:
        plan, step, spec = circumstances.plan, circumstances.step, circumstances.spec
        self.change = change
        self.circumstances = circumstances
        self._leaks: tuple[Spotted, ...] | None = None
        self.spec = spec
        self.needs = needs
        self.holes = Holes()
        self.answers: dict[tuple[int, Effect, str], Truth | None] = {}
        self.plain = dict(around)
        if "agent" in needs:
            self.plain |= plain_fields("", {"agent": plan.agent}, Holes())
        if "plan" in needs:
            self.plain["plan"] = _plan(_Same(plan))
        if "action" in needs:
            self.plain["action"] = _action(change.action, spec)
        self.plain |= step_facts(change, step, plan, needs, self.holes)

    @property
    def leaks(self) -> tuple[Spotted, ...]:
        """What looks like a credential in the arguments: looked for once, and only where a rule asks."""
        if self._leaks is None:
            from agentctl.policy.leaks import in_arguments

            self._leaks = in_arguments(self.change, self.spec)
        return self._leaks


def step_facts(change: Change, step: Step, plan: Plan, needs: Needs, holes: Holes) -> dict[str, Any]:
    """Return what conditions see of the step itself; ``holes`` is told what they can't be shown."""
    shown: dict[str, Any] = {}
    if "step" in needs:
        wanted = needs["step"]
        shown["step"] = plain_fields("step", {name: _STEP[name](step) for name in _wanted(wanted, _STEP)}, holes)
        if wanted is None or _CITED in wanted:
            shown["step"] |= _cited(_Same(plan), step.evidence, holes)
    if "args" in needs:
        names = _wanted(needs["args"], change.arguments)
        shown["args"] = plain_fields("args", {name: change.arguments[name] for name in names}, holes)
    return shown


def _wanted(names: frozenset[str] | None, known: Mapping[str, Any]) -> list[str]:
    return [name for name in known if names is None or name in names]


class _Same:
    """A plan as a cache key: by identity, kept alive so that the identity is not given to another."""

    __slots__ = ("plan",)

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __hash__(self) -> int:
        return id(self.plan)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.plan is other.plan


# The latest plan's are kept: its thousands of steps are judged one after the other.
@lru_cache(maxsize=1)
def _evidence(same: _Same) -> dict[str, dict[str, str]]:
    return {
        item.id: {"id": item.id, "uri": item.uri, "quote": item.quote, "sha256": item.sha256}
        for item in same.plan.evidence
    }


@lru_cache(maxsize=1)
def _plan(same: _Same) -> dict[str, Any]:
    plan = same.plan
    fields = {
        "intent": plan.intent,
        "agent": plan.agent,
        "requested_by": plan.requested_by,
        "on_failure": plan.on_failure.value,
        "steps": len(plan.steps),
        "evidence": list(_evidence(same).values()),
        "tenant": plan.tenant,
        "environment": plan.environment,
    }
    return plain_fields("plan", fields, Holes())


def _cited(same: _Same, names: tuple[str, ...], holes: Holes) -> dict[str, Any]:
    shown, unfit = _evidence_of(same, names)
    if unfit:
        holes.unfit["step"] = holes.unfit.get("step", frozenset()) | {_CITED}
    return shown


@lru_cache(maxsize=256)
def _evidence_of(same: _Same, names: tuple[str, ...]) -> tuple[dict[str, Any], bool]:
    """Return what conditions see of the sources a step cites, or that they can't be shown them."""
    known, holes = _evidence(same) if names else {}, Holes()
    shown = plain_fields("step", {_CITED: [known[name] for name in names if name in known]}, holes)
    return shown, bool(holes)


_CITED = "evidence"
_STEP: Mapping[str, Callable[[Step], Any]] = {
    "id": lambda step: step.id,
    "action": lambda step: step.action,
    "target": lambda step: step.target,
    "because": lambda step: step.because,
    "needs": lambda step: list(step.needs),
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
