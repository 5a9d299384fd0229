"""Whose signature it is, and whether that person has a say over a plan at all. What is said is weighed elsewhere."""

from __future__ import annotations

from datetime import datetime, timedelta

from agentctl.identity.statements import moment, signed_by
from agentctl.model.plan import Plan
from agentctl.model.statement import Attested, Signable
from agentctl.policy.rules import Person, Policy

_SKEW = timedelta(minutes=1)        # by which a signer's clock may be ahead of ours


def not_theirs(attested: Attested[Signable], name: str, plan: Plan, policy: Policy) -> str:
    """Return why the signature is not that of the person called ``name``, or that person's counts for nothing here."""
    return not_of(attested, name, policy) or excluded(policy.people[name], plan, policy)


def not_of(attested: Attested[Signable], name: str, policy: Policy) -> str:
    """Return why the signature is not that of the person called ``name``, or nothing."""
    person = policy.people.get(name)
    if person is None:
        return f"`{name}` is nobody in the policy's `people:`"
    if not (key := signed_by(attested, person.keys)):
        return f"no key that the policy lists for `{person.name}` signed it"
    from agentctl.identity.ssh import same_key

    holders = [other.name for other in policy.people.values() if any(same_key(key, its) for its in other.keys)]
    if len(holders) > 1:
        return f"its key is listed for {' and '.join(f'`{name}`' for name in holders)}, so whose it is cannot be told"
    if any(same_key(key, its) for agent in policy.agents.values() for its in agent.keys):
        return "its key is an agent's"
    return ""


def excluded(person: Person, plan: Plan, policy: Policy) -> str:
    """Return why ``person`` has no say over ``plan``: the agent's, an editor's or the requester's own word is none."""
    if plan.agent == person.name or plan.agent in person.aliases:
        return f"`{person.name}` is the agent's own name"
    for name in plan.edited.by if plan.edited else ():
        editor = policy.person(name)
        if editor is None:
            return f"who edited it, `{name}`, is nobody in `people:`, and might be who signed"
        if editor.name == person.name:
            return f"`{person.name}` edited it, and consent to one's own words is none"
    if not plan.requested_by:
        return ""
    requester = policy.person(plan.requested_by)
    if requester is None:
        return f"who requested it, `{plan.requested_by}`, is nobody in `people:`, and might be who signed"
    return f"`{person.name}` requested it" if requester.name == person.name else ""


def untimely(from_: str, until: str, now: datetime, void_before: datetime | None) -> str:
    """Return why what is good ``from_`` one time ``until`` another does not count now, or nothing.

    Where a clock was set back, what was signed ``void_before`` that might live through the same time twice.
    """
    if now >= moment(until):
        return f"it was good until {until}"
    if now + _SKEW < moment(from_):
        return f"it is good only from {from_}"
    if void_before and moment(from_) < void_before:
        return f"it was signed before the clock was set back, at {void_before:%Y-%m-%dT%H:%M:%SZ}, and might live twice"
    return ""
