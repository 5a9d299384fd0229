"""Where one policy limits a recorded change less than another does. Rules are compared, not what was used."""

from __future__ import annotations

from collections.abc import Iterator

from agentctl.model.decision import Decision, Finding, Outcome
from agentctl.model.limit import Charge, in_words


def less_limited(one: Decision, other: Decision) -> Finding | None:
    """Return the first limit of ``other`` that nothing in ``one`` holds as tight, with what ``one`` has instead."""
    for charge in other.charges:
        if not any(_holds(found, charge) for found in one.charges):
            alike = next(_alike(one, charge), None)
            now = f"{_allows(alike)} ({alike.place})" if alike else "has no such limit"
            reason = f"limit {charge.limit} ({charge.place}) allows {_allows(charge)}; the other policy {now}"
            return Finding(rule=charge.limit, place=charge.place, outcome=Outcome.PASSES, reason=reason)
    return None


def _holds(found: Charge, wanted: Charge) -> bool:
    """Whether ``found`` keeps within ``wanted``: it counts as much of the same, and allows no more in as long."""
    ours, theirs = ((it.measure, it.by, it.key, it.currency) for it in (found, wanted))
    if ours != theirs:
        return False
    return found.amount >= wanted.amount and found.most <= wanted.most and found.seconds >= wanted.seconds


def _alike(decision: Decision, charge: Charge) -> Iterator[Charge]:
    return (found for found in decision.charges if (found.measure, found.currency) == (charge.measure, charge.currency))


def _allows(charge: Charge) -> str:
    return f"{in_words(charge.most, charge.measure, charge.currency)} per {charge.per} for each {charge.by}"
