"""Whose review closes what a run under broken glass owes: a second person's, who had no part in it. Pure."""

from __future__ import annotations

from agentctl.engine.signers import excluded, not_theirs
from agentctl.model.debt import Debt
from agentctl.model.review import Review
from agentctl.model.run import Run
from agentctl.policy.rules import Policy


def may_review(policy: Policy, run: Run, debt: Debt) -> tuple[str, ...]:
    """Return who may review ``run``: people with a key who had no part in it."""
    return tuple(
        name
        for name, person in policy.people.items()
        if person.keys and not _took_part(name, run, debt, policy) and not excluded(person, run.plan, policy)
    )


def objection(review: Review, run: Run, debt: Debt, policy: Policy, lineage: str) -> str:
    """Return why ``review`` does not close ``debt``, which is for ``run``, or nothing."""
    statement = review.statement
    if statement.lineage != lineage:
        return "it is another workspace's"
    if statement.run != run.id or statement.digest != run.digest:
        return "it is of another run"
    return not_theirs(review, statement.person, run.plan, policy) or _took_part(statement.person, run, debt, policy)


def _took_part(name: str, run: Run, debt: Debt, policy: Policy) -> str:
    if name in debt.people:
        return f"`{name}` broke the glass"
    started = policy.person(run.consent.person)
    return f"`{name}` started the run" if started and started.name == name else ""
