"""A person's signed no to what a changeset would do, and the word that takes it back. Which stands is not said here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeAlias

from agentctl.facts import dataclass
from agentctl.model.statement import Attested, Signable


@dataclass(frozen=True, kw_only=True)
class Statement(Signable):
    """What a person signs. It is about ``effects``: other prose for the same changes is rejected, too.

    ``withdraws`` are the ids of that person's rejections which it takes back; empty where it rejects. ``digest`` is the
    changeset that was looked at.
    """

    NOUN: ClassVar[str] = "rejection"
    NAMESPACE: ClassVar[str] = "agentctl-rejection"

    digest: str
    effects: str
    lineage: str
    person: str
    reason: str
    from_: str
    withdraws: tuple[str, ...] = ()

    @property
    def times(self) -> tuple[str, ...]:
        return (self.from_,)

    def to_wire(self) -> dict[str, Any]:
        return {
            "version": 1,
            "kind": "Rejection",
            "digest": self.digest,
            "effects": self.effects,
            "lineage": self.lineage,
            "person": self.person,
            "reason": self.reason,
            "from": self.from_,
            "withdraws": list(self.withdraws),
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Self:
        return cls(
            digest=wire["digest"],
            effects=wire["effects"],
            lineage=wire["lineage"],
            person=wire["person"],
            reason=wire["reason"],
            from_=wire["from"],
            withdraws=tuple(wire["withdraws"]),
        )


Rejection: TypeAlias = Attested[Statement]
"""A statement of rejection with somebody's signature."""


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A rejection that stands: whose, since when and why. ``person`` is empty where it cannot be read."""

    id: str
    person: str
    at: str
    reason: str

    @property
    def why(self) -> str:
        """The rejection in words, for each step it keeps from running."""
        return f"`{self.person}` rejected this on {self.at}: {self.reason}" if self.person else self.reason


def rejected_to_wire(rejected: Rejected) -> dict[str, str]:
    return {"id": rejected.id, "person": rejected.person, "at": rejected.at, "reason": rejected.reason}
