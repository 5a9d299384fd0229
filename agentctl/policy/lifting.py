"""Who may lift a halt: what ``unhalt:`` says, in words that still help at two in the morning. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agentctl.facts import dataclass
from agentctl.model.diagnostic import Span

if TYPE_CHECKING:
    from agentctl.policy.rules import Person, Policy


@dataclass(frozen=True, kw_only=True)
class Unhalt:
    """People of these groups may lift halts; where they must have ``signed``, a login name alone is not believed."""

    place: Span
    groups: tuple[str, ...]
    signed: bool = False

    @property
    def rule(self) -> str:
        return f"`unhalt:` ({self.place}) lets {' or '.join(self.groups)} lift halts"


def may_not_lift(policy: Policy, name: str) -> str:
    """Return why the person called ``name`` may not lift a halt, or nothing. Without ``unhalt:`` everybody may."""
    unhalt, person = policy.unhalt, policy.person(name)
    if unhalt is None or (person and not person.groups.isdisjoint(unhalt.groups)):
        return ""
    who = f"`{name}` is in {' and '.join(sorted(person.groups)) or 'no group'}" if person else (
        f"`{name}` is nobody in `people:`"
    )
    return f"{unhalt.rule}, and {who}. {_somebody(policy.people, unhalt)}"


def _somebody(people: Mapping[str, Person], unhalt: Unhalt) -> str:
    found = sorted(person.name for person in people.values() if not person.groups.isdisjoint(unhalt.groups))
    return f"Let one of them do it: {', '.join(found)}." if found else "Nobody is in there: only changing it helps."
