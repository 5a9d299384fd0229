"""Times policy within one process: a step under ten rules and a thousand, loading, and replaying. Prints JSON."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

from agentctl.connectors.sql.actions import specs
from agentctl.model.change import Change, Effect, RecordChange
from agentctl.model.changeset import Purpose
from agentctl.model.plan import Evidence, Plan, Step
from agentctl.model.snapshot import Address
from agentctl.policy import expressions
from agentctl.policy.document import Policy, load
from agentctl.policy.evaluate import Context, decide
from agentctl.policy.replay import Recorded, replay
from agentctl.syntax.schema import problems

_TIMES = 7
_STEPS = 2000
_REPLAYED = 10_000
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_SPEC = specs()["row.update"]
_ARGUMENTS = {
    "type": "object", "properties": {"tier": {"type": "string"}, "discount": {"type": "integer"}},
    "additionalProperties": False,
}
_CONDITIONS = (
    'environment == "prod" && effect == "delete"',
    'action.tier == "read" || size(step.evidence) > 0',
    "after.discount <= 50",
    'before.tier != "vip"',
    "after.region == before.region",
    "plan.steps <= 100000",
    'target != "customers/root"',
    'changes.all(c, c.path != "password")',
    'before.region == "eu"',
)
_HEAD = "version: 1\nkind: Policy\nagents: {bot: {roles: [sales]}}\nroles:\n  sales:\n    grants:\n"
_GRANT = (
    "      - {id: tiers, actions: [crm.row.update], targets: [customers/*], fields: [tier, discount], mode: approve}\n"
)


def main() -> None:
    ten, thousand = _ten(), _thousand()
    small, large = load([("policy.yaml", ten)]), load([("policy.yaml", thousand)])
    plan = Plan(
        intent="Move customers.", agent="bot", evidence=(Evidence(id="ticket", uri="file:t"),),
        steps=tuple(_step(number) for number in range(_STEPS)),
    )
    changes = [_change(step) for step in plan.steps]
    programs = [expressions.compile(condition) for condition in _CONDITIONS]
    facts = expressions.activation({
        "environment": "staging", "effect": "update", "target": "customers/1", "action": {"tier": "write"},
        "step": {"evidence": [{"id": "ticket"}]}, "plan": {"steps": _STEPS}, "before": _row("monthly", 1),
        "after": _row("annual", 1), "changes": [{"path": "tier", "before": "monthly", "after": "annual"}],
    })
    gc.freeze()
    print(json.dumps({
        "ten": timed(lambda: _decide(changes, plan, small), _STEPS),
        "asked": timed(lambda: [expressions.ask(program, facts) for _ in plan.steps for program in programs], _STEPS),
        "thousand": timed(lambda: _decide(changes, plan, large), _STEPS),
        "load": timed(lambda: load([("policy.yaml", thousand)]), 1),
        "replay": timed(lambda: _replay(changes, plan, small), 1, times=3),
    }))


def timed(act: Callable[[], object], count: int, times: int = _TIMES) -> list[float]:
    """Return CPU seconds of one of ``count`` that ``act`` does, several times over."""
    act()
    found = []
    for _ in range(times):
        began = time.process_time()
        act()
        found.append((time.process_time() - began) / count)
    return found


def _ten() -> bytes:
    rules = "".join(f"  - {{id: rule-{number}, require: '{rule}'}}\n" for number, rule in enumerate(_CONDITIONS[1:]))
    first = f"  - {{id: first, deny: '{_CONDITIONS[0]}'}}\n"
    return f"{_HEAD}{_GRANT}invariants:\n{first}{rules}".encode()


def _thousand() -> bytes:
    grants = "".join(
        f"      - {{id: grant-{number}, actions: [crm.table{number}.update], where: 'before.region == \"eu\"'}}\n"
        for number in range(499)
    )
    rules = "".join(
        f"  - {{id: rule-{number}, when: 'environment == \"site-{number}\"', deny: 'after.discount > {number}'}}\n"
        f"  - {{id: bound-{number}, deny: 'after.discount > {number + 50}'}}\n"
        for number in range(250)
    )
    return f"{_HEAD}{_GRANT}{grants}invariants:\n{rules}".encode()


def _step(number: int) -> Step:
    return Step(
        id=f"step-{number}", action="crm.row.update", target=f"customers/{number}",
        with_={"tier": "annual", "discount": number % 50}, evidence=("ticket",),
    )


def _row(tier: str, number: int) -> dict[str, object]:
    return {"name": f"Customer {number}", "tier": tier, "region": "eu", "discount": number % 50, "note": "as agreed"}


def _change(step: Step) -> Change:
    number = int(step.id.rpartition("-")[2])
    record = RecordChange(
        address=Address(f"crm/{step.target}"), before=_row("monthly", number), after=_row("annual", number)  # type: ignore[arg-type]  # plain values
    )
    return Change(
        step=step.id, action=step.action, target=step.target, effect=Effect.UPDATE, arguments=step.with_,
        records=(record,),
    )


def _decide(changes: list[Change], plan: Plan, policy: Policy) -> None:
    for step, change in zip(plan.steps, changes, strict=True):
        assert not problems(_ARGUMENTS, step.with_)
        context = Context(
            policy=policy, plan=plan, step=step, spec=_SPEC, tenant="acme", environment="staging", now=_NOW
        )
        assert decide(change, context).mode == "approve"


def _replay(changes: list[Change], plan: Plan, policy: Policy) -> None:
    recorded = [
        Recorded(
            run="run", plan=plan, step=plan.steps[number % _STEPS], change=changes[number % _STEPS], spec=_SPEC,
            tenant="acme", environment="staging", now=_NOW, purpose=Purpose.APPLY, person="maria",
        )
        for number in range(_REPLAYED)
    ]
    assert len(replay(recorded, policy, policy)) == _REPLAYED


main()
