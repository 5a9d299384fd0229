"""Short ways to say a policy, a change and who asks, so that a test shows only what it is about."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from agentctl.model.action import ActionSpec, Reversibility, Tier
from agentctl.model.authorship import CLAIMED, Authorship
from agentctl.model.change import Change, Effect, RecordChange
from agentctl.model.changeset import Purpose
from agentctl.model.decision import Decision, Outcome
from agentctl.model.plan import Evidence, Plan, Step
from agentctl.model.snapshot import Address
from agentctl.policy.document import Policy, load
from agentctl.policy.evaluate import Context, decide, decide_inverse

HEAD = "version: 1\nkind: Policy\n"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROW = {"tier": "monthly", "region": "eu", "discount": 5}
AGENT = "agents: {bot: {roles: [role]}}\n"
ALL = AGENT + "roles: {role: {grants: [{actions: ['*'], mode: auto}]}}\n"
PROVEN = Authorship(key="SHA256:key")

PLAN = Plan(intent="i", agent="bot", steps=(), evidence=(Evidence(id="ticket", uri="file:t"),))
SPEC = ActionSpec(
    verb="row.update",
    summary="",
    target="",
    arguments={},
    record={"type": "object", "properties": {"tier": {}, "region": {}, "discount": {}, "note": {}, "password": {}}},
    tier=Tier.WRITE,
    reversibility=Reversibility.EXACT,
    sensitive=frozenset({"password"}),
)


def policy(text: str) -> Policy:
    return load([("policy.yaml", (HEAD + textwrap.dedent(text)).encode())])


def grants(*entries: str, rest: str = "") -> Policy:
    """A policy in which the agent ``bot`` has these grants, each a flow mapping."""
    lines = "".join(f"      - {entry}\n" for entry in entries)
    listed = f"    grants:\n{lines}" if lines else "    grants: []\n"
    return policy(f"{AGENT}roles:\n  role:\n{listed}{rest}")


def record(before: Any, after: Any, address: str = "crm/customers/42") -> RecordChange:
    return RecordChange(address=Address(address), before=before, after=after)


def update(before: Any = None, address: str = "crm/customers/42", **fields: Any) -> Change:
    row = {**ROW, **(before or {})}
    return change(record(row, {**row, **fields}, address))


def change(*records: RecordChange, effect: Effect | None = None, action: str = "crm.row.update", **more: Any) -> Change:
    own = records[0].effect if records else Effect.SIDE_EFFECT
    return Change(step="s", action=action, target="customers/42", effect=effect or own, records=records, **more)


def judge(policy: Policy, change: Change, **more: Any) -> Decision:
    return decide(change, context(policy, change, **more))


def judge_inverse(policy: Policy, change: Change, **more: Any) -> Decision:
    return decide_inverse(change, context(policy, change, **more))


def context(policy: Policy, change: Change, *, proven: bool = True, **more: Any) -> Context:
    """The agent is proven here, so that what a test sees comes of the rule it is about."""
    spec = more.pop("spec", SPEC)
    if tier := more.pop("tier", None):
        spec = replace(spec, tier=tier)
    step = Step(id="s", action=change.action, target=change.target, with_=change.arguments)
    known: dict[str, Any] = {
        "policy": policy, "plan": PLAN, "step": step, "spec": spec, "tenant": "acme", "environment": "staging",
        "now": NOW, "purpose": Purpose.APPLY, "author": PROVEN if proven else CLAIMED,
    }
    return Context(**{**known, **more})


def why(decision: Decision) -> str:
    """The first reason that denies."""
    return next(item.reason for item in decision.findings if item.outcome in (Outcome.DENIES, Outcome.ERROR))


def outcomes(decision: Decision) -> dict[str, Outcome]:
    return {item.rule: item.outcome for item in decision.considered}
