"""Who may undo a run: what ``rollback:`` says instead of grants, in words that still help at two in the morning."""

from __future__ import annotations

import json

from agentctl.model.decision import Finding, Mode, Outcome, Signatures
from agentctl.patterns import regex
from agentctl.policy.permission import Permission, denial
from agentctl.policy.rules import Person, Policy, Rollback

_RULE = "rollback"
_PLAIN = regex(r"[A-Za-z][A-Za-z0-9_@.-]*")
_NOT_IN_NAMES = regex(r"^[^A-Za-z0-9]|[^A-Za-z0-9._@-]")


def undoing(policy: Policy, name: str, *, anybody: bool) -> Permission:
    """Return how far the person called ``name`` may undo; with ``anybody``, how far whoever may undo at all may."""
    rollback = policy.rollback
    if rollback is None:
        reason = (
            "the policy has no `rollback:`, so nobody may undo.\nAdd to it:\n"
            "rollback: {from: [on-call], approvals: {count: 0}}\n"
            f"people:\n  {_line(policy.person(name), name or 'YOUR-NAME', 'on-call')}"
        )
        return Permission(considered=(denial(_RULE, reason),))
    if not anybody and (why := _not_permitted(policy, rollback, name)):
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
    if person and not person.groups.isdisjoint(rollback.groups):
        return ""
    who = f"is in {' and '.join(sorted(person.groups)) or 'no group'}" if person else "is nobody in `people:`"
    where = f" (at {person.place})" if person else ""
    return (
        f"`rollback:` lets {allowed} undo, and `{name}`, who started this, {who}. "
        f"Let somebody of {allowed} run it.\nOr put into the policy{where}:\n"
        f"people:\n  {_line(person, name, rollback.groups[0])}"
    )


def _line(person: Person | None, name: str, group: str) -> str:
    """Return the line of ``people:`` that puts ``name`` into ``group`` and keeps what is there."""
    groups = sorted({*(person.groups if person else ()), group})
    aliases = sorted(person.aliases) if person else [name]
    key = person.name if person else _NOT_IN_NAMES.sub("-", name)
    keys = f", keys: [{', '.join(map(json.dumps, person.keys))}]" if person and person.keys else ""
    named = f", aliases: [{', '.join(map(_scalar, aliases))}]" if aliases else ""
    return f"{_scalar(key)}: {{groups: [{', '.join(groups)}]{named}{keys}}}"


def _scalar(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
