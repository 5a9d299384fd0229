"""Whose approvals count for a changeset: of people policy knows today, in time, unused, not the requester's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from agentctl.engine.gate import irreversible_groups
from agentctl.engine.signers import excluded, not_theirs, untimely
from agentctl.facts import dataclass
from agentctl.model.approval import Approval
from agentctl.model.changeset import ChangeSet
from agentctl.model.decision import Decision, Signed
from agentctl.model.plan import Plan
from agentctl.policy.rules import Policy
from agentctl.policy.signing import signers


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """Approvals that count, and why the others do not."""

    counted: tuple[Signed, ...] = ()
    refused: tuple[tuple[Approval, str], ...] = ()


def weigh(
    approvals: Iterable[Approval],
    changeset: ChangeSet,
    policy: Policy,
    now: datetime,
    used: Mapping[str, str],
    void_before: datetime | None = None,
) -> Weighed:
    """Return which of ``approvals`` count for ``changeset`` now. ``used`` are the ids used up, each with its run.

    Where a clock was set back, those signed ``void_before`` that would live through the same time twice.
    """
    counted: dict[str, Signed] = {}
    refused: list[tuple[Approval, str]] = []
    for approval in approvals:
        statement = approval.statement
        late = untimely(statement.from_, statement.until, now, void_before)
        if why := _objection(approval, changeset, policy, used) or late:
            refused.append((approval, why))
            continue
        groups = (statement.group,) if statement.group else tuple(sorted(policy.people[statement.person].groups))
        counted[statement.id] = Signed(
            approval=statement.id, person=statement.person, groups=groups, steps=statement.steps, until=statement.until
        )
    return Weighed(counted=tuple(counted.values()), refused=tuple(refused))


def may_sign(policy: Policy, plan: Plan, decision: Decision) -> tuple[str, ...]:
    """Return who may sign for what ``decision`` asks: people of its groups with a key, who are not the requester."""
    groups = decision.signatures.groups if decision.signatures else ()
    return tuple(name for name in signers(policy, groups) if not excluded(policy.people[name], plan, policy))


def _objection(approval: Approval, changeset: ChangeSet, policy: Policy, used: Mapping[str, str]) -> str:
    """Return why ``approval`` does not count at any time, or nothing."""
    statement = approval.statement
    if statement.lineage != changeset.lineage:
        return "it is another workspace's"
    if statement.digest != changeset.digest or statement.effects != changeset.effects:
        same = "; the effects are the same, so what moved is the plan, the policy or a system"
        return "it is for another changeset" + (same if statement.effects == changeset.effects else "")
    if why := not_theirs(approval, statement.person, changeset.plan, policy):
        return why
    if statement.group and statement.group not in policy.people[statement.person].groups:
        return f"`{statement.person}` is not in `{statement.group}`"
    if run := used.get(statement.id):
        return f"run {run} used it up, and an approval is good for one"
    steps = {step.id for step in changeset.plan.steps}
    if unknown := [step for step in statement.steps if step not in steps]:
        return f"it names step `{unknown[0]}`, which there is not"
    if dict(statement.irreversible) != irreversible_groups(changeset, statement.steps):
        return "it does not name what cannot be undone as it is"
    return ""
