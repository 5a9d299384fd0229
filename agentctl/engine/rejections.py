"""Which rejection of a changeset's effects stands: of whom policy knows, until that person takes it back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from agentctl.engine.signers import not_of
from agentctl.facts import dataclass
from agentctl.model.decision import Refuse, Ruling
from agentctl.model.rejection import Rejected, Rejection, Statement
from agentctl.model.run import Act
from agentctl.policy.rules import Policy


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A file that was to reject something and can't be read. ``effects`` begin like this; empty where none can tell."""

    name: str
    effects: str
    why: str


def told(acts: Iterable[Act]) -> Iterator[Statement]:
    """Yield the rejections and withdrawals that the trace tells: their signatures were checked when it was written."""
    return (Statement.from_wire(act.body["statement"]) for act in acts if act.kind == "reject")


def standing(
    effects: str,
    recorded: Iterable[Statement],
    kept: Iterable[Rejection | Unreadable],
    policy: Policy,
) -> tuple[Rejected, ...]:
    """Return the rejections of ``effects`` that stand: those recorded, and those kept that nothing tells of yet.

    Whoever is in ``people:`` no more has no say any more. What can't be read, or whose signature doesn't hold, was
    meant to stop something, and does; a withdrawal has to be beyond doubt.
    """
    known = [statement for statement in recorded if statement.effects == effects]
    fresh = [one for one in kept if not isinstance(one, Unreadable) and one.statement.effects == effects]
    doubts = {one.statement.id: not_of(one, one.statement.person, policy) for one in fresh}
    said = [*known, *(one.statement for one in fresh if one.statement.id not in {other.id for other in known})]
    back = {
        (statement.person, id)
        for statement in said
        for id in statement.withdraws
        if not doubts.get(statement.id)
    }
    found = [
        Rejected(
            id=statement.id,
            person=statement.person,
            at=statement.from_,
            reason=statement.reason + (f" (unproven: {doubts[statement.id]})" if doubts.get(statement.id) else ""),
        )
        for statement in said
        if not statement.withdraws
        and statement.person in policy.people
        and (statement.person, statement.id) not in back
    ]
    damaged = [
        Rejected(id=one.name, person="", at="", reason=f"a rejection cannot be read ({one.name}: {one.why})")
        for one in kept
        if isinstance(one, Unreadable) and effects.removeprefix("sha256:").startswith(one.effects)
    ]
    return (*found, *damaged)


def rejected(rulings: Mapping[str, Ruling], rejections: Iterable[Rejected]) -> dict[str, Ruling]:
    """Return ``rulings`` with everything refused that policy doesn't deny anyway, where a rejection stands."""
    first = next(iter(rejections), None)
    if first is None:
        return dict(rulings)
    return {
        step: ruling
        if isinstance(ruling, Refuse) and not (ruling.halt or ruling.doubt)
        else Refuse(ruling.decision, first.why, rejection=first)
        for step, ruling in rulings.items()
    }
