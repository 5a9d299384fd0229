"""A second person's signed word that they looked into a run under broken glass. Who may is weighed elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeAlias

from agentctl.facts import dataclass
from agentctl.model.statement import Attested, Signable


@dataclass(frozen=True, kw_only=True)
class Statement(Signable):
    """What the reviewer signs. ``shown`` is the digest of the run's document that was on the screen."""

    NOUN: ClassVar[str] = "review"
    NAMESPACE: ClassVar[str] = "agentctl-review"

    run: str
    digest: str
    lineage: str
    person: str
    reason: str
    from_: str
    shown: str

    @property
    def times(self) -> tuple[str, ...]:
        return (self.from_,)

    def to_wire(self) -> dict[str, Any]:
        return {
            "version": 1,
            "kind": "Review",
            "run": self.run,
            "digest": self.digest,
            "lineage": self.lineage,
            "person": self.person,
            "reason": self.reason,
            "from": self.from_,
            "shown": self.shown,
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Self:
        return cls(
            run=wire["run"],
            digest=wire["digest"],
            lineage=wire["lineage"],
            person=wire["person"],
            reason=wire["reason"],
            from_=wire["from"],
            shown=wire["shown"],
        )


Review: TypeAlias = Attested[Statement]
"""A statement of review with somebody's signature."""
