"""A person's signed consent to one changeset: what it says. Who signed is ``identity``'s part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeAlias

from agentctl.facts import dataclass
from agentctl.model.statement import Attested, Signable

ALL = "all"


@dataclass(frozen=True, kw_only=True)
class Statement(Signable):
    """What a person signs. Times are RFC 3339 UTC texts of whole seconds; ``steps`` empty means all of them.

    ``irreversible`` counts the changes consented to that cannot be undone, by action. ``group`` empty means every group
    the person is in. ``shown`` is the digest of the document the person was shown.
    """

    NOUN: ClassVar[str] = "approval"
    NAMESPACE: ClassVar[str] = "agentctl-approval"

    digest: str
    effects: str
    lineage: str
    person: str
    from_: str
    until: str
    shown: str
    steps: tuple[str, ...] = ()
    group: str = ""
    reason: str = ""
    irreversible: Mapping[str, int]

    @property
    def times(self) -> tuple[str, ...]:
        return self.from_, self.until

    def to_wire(self) -> dict[str, Any]:
        return {
            "version": 1,
            "kind": "Approval",
            "digest": self.digest,
            "effects": self.effects,
            "lineage": self.lineage,
            "steps": list(self.steps) or ALL,
            "person": self.person,
            "group": self.group,
            "reason": self.reason,
            "from": self.from_,
            "until": self.until,
            "shown": self.shown,
            "irreversible": dict(self.irreversible),
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Self:
        return cls(
            digest=wire["digest"],
            effects=wire["effects"],
            lineage=wire["lineage"],
            steps=() if wire["steps"] == ALL else tuple(wire["steps"]),
            person=wire["person"],
            group=wire["group"],
            reason=wire["reason"],
            from_=wire["from"],
            until=wire["until"],
            shown=wire["shown"],
            irreversible=wire["irreversible"],
        )


Approval: TypeAlias = Attested[Statement]
"""A statement of consent with somebody's signature."""
