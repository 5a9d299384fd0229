"""Who of a policy's people can sign at all, and whether there are enough of them for what a rule asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from agentctl.model.diagnostic import Diagnostic, Severity
from agentctl.policy.rules import Policy


def signers(policy: Policy, groups: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the people of ``groups`` (none named: all) who have a key that is theirs alone."""
    holders = Counter(key for person in policy.people.values() for key in set(map(_key, person.keys)))
    wanted = set(groups)
    return tuple(
        name
        for name, person in policy.people.items()
        if (not wanted or not person.groups.isdisjoint(wanted))
        and any(holders[key] == 1 for key in map(_key, person.keys))
    )


def unreachable(policy: Policy) -> Iterator[Diagnostic]:
    """Yield each grant that asks for more signatures than there are people who can sign."""
    for grant in (grant for grants in policy.grants.values() for grant in grants):
        if grant.approvals is None:
            continue
        able = signers(policy, grant.approvals.groups)
        members = [
            person
            for person in policy.people.values()
            if not grant.approvals.groups or not person.groups.isdisjoint(grant.approvals.groups)
        ]
        if len(able) >= grant.approvals.count or len(members) < grant.approvals.count:
            continue        # too few people is found without looking at keys
        whose = " or ".join(grant.approvals.groups) or "`people:`"
        yield Diagnostic(
            severity=Severity.ERROR,
            code="too-few-keys",
            summary="Too few can sign",
            detail=f"grant {grant.id} asks for {grant.approvals.count} to sign, and of {whose} only {len(able)} "
            f"{'has' if len(able) == 1 else 'have'} a key of their own. Nothing it covers can ever be executed.",
            hint="Give them `keys:` under `people:`. `agentctl keygen` makes one, and prints the line.",
            span=grant.place,
        )


def _key(line: str) -> tuple[str, ...]:
    """Return the key of a public key line, without its comment."""
    return tuple(line.split()[:2])
