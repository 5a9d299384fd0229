"""A person's signed word that exactly these halts are over: what it says. Whose it is and who may, others tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeAlias

from agentctl.facts import dataclass
from agentctl.model.halt import Scope, scope_from_wire, scope_to_wire
from agentctl.model.statement import Attested, Signable


@dataclass(frozen=True, kw_only=True)
class Statement(Signable):
    """What whoever lifts halts signs. ``halts`` are their ids: one that comes later is not lifted by it."""

    NOUN: ClassVar[str] = "unhalt"
    NAMESPACE: ClassVar[str] = "agentctl-unhalt"

    lineage: str
    scope: Scope
    halts: tuple[str, ...]
    person: str
    reason: str
    from_: str

    @property
    def times(self) -> tuple[str, ...]:
        return (self.from_,)

    def to_wire(self) -> dict[str, Any]:
        return {
            "version": 1,
            "kind": "Unhalt",
            "lineage": self.lineage,
            "scope": scope_to_wire(self.scope),
            "halts": list(self.halts),
            "person": self.person,
            "reason": self.reason,
            "from": self.from_,
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Self:
        return cls(
            lineage=wire["lineage"],
            scope=scope_from_wire(wire["scope"]),
            halts=tuple(wire["halts"]),
            person=wire["person"],
            reason=wire["reason"],
            from_=wire["from"],
        )


Lifting: TypeAlias = Attested[Statement]
"""A statement that halts are over, with somebody's signature."""
