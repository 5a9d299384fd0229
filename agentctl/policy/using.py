"""A decision as it stands where so much of its limits is used: for cases, which have no history. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agentctl.facts import replace
from agentctl.model.decision import Decision, Finding, Mode, Outcome, Verdict
from agentctl.model.limit import Standing
from agentctl.policy.limits import Limit
from agentctl.policy.rules import Policy


def with_usage(decision: Decision, used: Mapping[str, int]) -> Decision:
    """Return ``decision``, denied where what it takes does not fit beside what is ``used`` of a limit, by its id."""
    denials = tuple(_denials(decision, used))
    if not denials:
        return decision
    return replace(
        decision,
        verdict=Verdict.DENY,
        mode=Mode.FORBID,
        signatures=None,
        charges=(),
        findings=(*denials, *decision.findings),
        considered=(*decision.considered, *denials),
    )


def every_limit(policy: Policy) -> Iterator[Limit]:
    """Yield the limits of all roles and grants."""
    for role, grants in policy.grants.items():
        yield from policy.limits.get(role, ())
        for grant in grants:
            yield from grant.limits


def _denials(decision: Decision, used: Mapping[str, int]) -> Iterator[Finding]:
    for charge in decision.charges:
        standing = Standing(
            limit=charge.limit,
            place=charge.place,
            measure=charge.measure,
            by=charge.by,
            key=charge.key,
            currency=charge.currency,
            most=charge.most,
            per=charge.per,
            used=used.get(charge.limit, 0),
            reserved=0,
            asked=charge.amount,
            steps=(decision.step,),
        )
        if standing.left < charge.amount:
            reason = f"{standing.rule}: {standing.taken}."
            yield Finding(rule=charge.limit, place=charge.place, outcome=Outcome.DENIES, reason=reason)
