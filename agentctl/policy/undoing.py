"""Who may undo a run: what ``rollback:`` says instead of grants, in words that still help at two in the morning."""

from __future__ import annotations

from agentctl.model.decision import Finding, Mode, Outcome, Signatures
from agentctl.policy.permission import Permission, denial
from agentctl.policy.rules import Policy, Rollback

_RULE = "rollback"


def undoing(policy: Policy, person: str, *, anybody: bool) -> Permission:
    """Return how far ``person`` may undo. With ``anybody``: how far somebody ``rollback:`` names may."""
    rollback = policy.rollback
    if rollback is None:
        reason = (
            "the policy says nobody may roll back. Add this to it, with the groups and people who may:\n"
            "  rollback: {from: [on-call], approvals: {count: 0}}\n"
            "  people:\n"
            f"    {_example(policy, person)}"
        )
        return Permission(considered=(denial(_RULE, reason),))
    if not anybody and (why := _not_permitted(policy, rollback, person)):
        return Permission(considered=(denial(_RULE, why, rollback.place),), roles=rollback.groups)
    signatures = Signatures(count=rollback.count, groups=rollback.groups) if rollback.count else None
    reason = f"`rollback:` lets {' or '.join(rollback.groups)} undo"
    found = Finding(rule=_RULE, place=rollback.place, outcome=Outcome.GRANTS, reason=reason)
    # The person is a claim of this machine's: a yes on a terminal, never --auto-approve, stands for it.
    return Permission(mode=Mode.APPROVE, signatures=signatures, considered=(found,), roles=rollback.groups)


def _not_permitted(policy: Policy, rollback: Rollback, name: str) -> str:
    allowed = " or ".join(rollback.groups)
    if not name:
        return f"`rollback:` lets {allowed} undo, and who started this is not known"
    person = policy.person(name)
    if person is None:
        return (
            f"`rollback:` lets {allowed} undo, and `{name}`, who started this, is nobody in `people:`. "
            f"Somebody of {allowed} can run it, or the policy needs:\n"
            "  people:\n"
            f"    {_entry(name, name, rollback.groups[0])}"
        )
    if person.groups.isdisjoint(rollback.groups):
        groups = ", ".join(sorted({*person.groups, rollback.groups[0]}))
        return (
            f"`rollback:` lets {allowed} undo, and `{person.name}`, who started this, is in "
            f"{' and '.join(sorted(person.groups)) or 'no group'}. Somebody of {allowed} can run it, or the policy "
            f"needs at {person.place}:\n"
            f"    {person.name}: {{groups: [{groups}], …}}"
        )
    return ""


def _example(policy: Policy, name: str) -> str:
    person = policy.person(name) if name else None
    if person:
        groups = ", ".join(sorted({*person.groups, "on-call"}))
        return f"{person.name}: {{groups: [{groups}], …}}"
    return _entry(name or "NAME", name or "NAME", "on-call")


def _entry(name: str, alias: str, group: str) -> str:
    return f"{name}: {{groups: [{group}], aliases: [{alias}]}}"
