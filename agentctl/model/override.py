"""A person's signed word that one changeset may pass soft rules, or break the glass. Who may is the engine's part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeAlias

from agentctl.facts import dataclass
from agentctl.model.statement import Attested, Signable


@dataclass(frozen=True, kw_only=True)
class Statement(Signable):
    """What a person signs. ``rules`` are the soft rules passed over, each with the steps it denied when it was signed.

    With ``break_glass`` it stands in for missing signatures, too, and whoever uses it owes a review.
    """

    NOUN: ClassVar[str] = "override"
    NAMESPACE: ClassVar[str] = "agentctl-override"

    digest: str
    effects: str
    lineage: str
    rules: Mapping[str, tuple[str, ...]]
    person: str
    reason: str
    from_: str
    until: str
    shown: str
    break_glass: bool

    @property
    def times(self) -> tuple[str, ...]:
        return self.from_, self.until

    def to_wire(self) -> dict[str, Any]:
        return {
            "version": 1,
            "kind": "Override",
            "digest": self.digest,
            "effects": self.effects,
            "lineage": self.lineage,
            "rules": {rule: list(steps) for rule, steps in self.rules.items()},
            "person": self.person,
            "reason": self.reason,
            "from": self.from_,
            "until": self.until,
            "shown": self.shown,
            "break_glass": self.break_glass,
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Self:
        return cls(
            digest=wire["digest"],
            effects=wire["effects"],
            lineage=wire["lineage"],
            rules={rule: tuple(steps) for rule, steps in wire["rules"].items()},
            person=wire["person"],
            reason=wire["reason"],
            from_=wire["from"],
            until=wire["until"],
            shown=wire["shown"],
            break_glass=wire["break_glass"],
        )


Override: TypeAlias = Attested[Statement]
"""A statement of override with somebody's signature."""
