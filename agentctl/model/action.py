"""What a connector offers: ActionSpecs, which say per action what cannot be generalised away."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from agentctl.facts import dataclass, field
from agentctl.model.canonical import digest


class Tier(StrEnum):
    """What kind of power an action is, from least to most. Compare with ``rank``."""

    READ = "read"
    DRAFT = "draft"
    WRITE = "write"
    EXECUTE = "execute"

    @property
    def rank(self) -> int:
        return list(Tier).index(self)


class Reversibility(StrEnum):
    """How a change can be undone: ``exact`` restores, ``compensating`` makes amends, ``none`` stays done."""

    EXACT = "exact"
    COMPENSATING = "compensating"
    NONE = "none"

    @property
    def rank(self) -> int:
        """The surer the way back, the greater."""
        return -list(Reversibility).index(self)


class Fidelity(StrEnum):
    """How much of an action's effect its preview can tell."""

    EXACT = "exact"
    PARTIAL = "partial"
    NONE = "none"

    @property
    def rank(self) -> int:
        """The more it can tell, the greater."""
        return -list(Fidelity).index(self)


class Precondition(StrEnum):
    """Who compares just before the effect: the system (``enforced``), we (``checked``: a window), or nobody."""

    ENFORCED = "enforced"
    CHECKED = "checked"
    NONE = "none"


class Settlement(StrEnum):
    """How an unfinished step is settled.

    ``local``: the effect dies with our process and the live system decides · ``conditional``: resend with the original
    token · ``keyed``: resend with the same idempotency key within its lifetime · ``find``: look for our marker; finding
    none proves nothing · ``ask``: a person says.
    """

    LOCAL = "local"
    CONDITIONAL = "conditional"
    KEYED = "keyed"
    FIND = "find"
    ASK = "ask"


class Readback(StrEnum):
    RECORD = "record"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class ActionSpec:
    """The data by which engine, policy, loader and views treat an action. ``verb`` has no instance: ``row.update``.

    ``arguments`` and ``record`` are JSON Schemas over wire forms (an object each). Whatever is not stated is the most
    dangerous thing it could be. ``inverse_only`` actions occur in rollbacks, never in a plan an agent wrote.
    """

    verb: str
    summary: str
    target: str                                             # what the target names, in words, with an example
    arguments: Mapping[str, Any]
    record: Mapping[str, Any]
    tier: Tier = Tier.EXECUTE
    reversibility: Reversibility = Reversibility.NONE
    stays: str = ""                                         # what even an exact inverse cannot take back
    preview: Fidelity = Fidelity.NONE
    precondition: Precondition = Precondition.NONE
    settlement: Settlement = Settlement.ASK
    key_lifetime: int = 0                                   # seconds the system remembers a key; 0 is for good
    readback: Readback = Readback.NONE
    consistency: int = 0                                    # seconds until a read must show the write; 0 is at once
    scopes: tuple[str, ...] = ()
    secret: frozenset[str] = field(default_factory=frozenset)      # arguments that take {$secret: …} only
    sensitive: frozenset[str] = field(default_factory=frozenset)   # record fields never shown
    volatile: frozenset[str] = field(default_factory=frozenset)    # record fields left out of fingerprints
    sealed: frozenset[str] = field(default_factory=frozenset)      # record fields whose values stand only in a pack
    recipients: tuple[str, ...] = ()                        # arguments that say to whom; never unknown at plan
    amounts: tuple[str, ...] = ()                           # arguments that say how much; never unknown at plan
    inverse_only: bool = False

    @property
    def digest(self) -> str:
        return digest(spec_to_wire(self))


def spec_to_wire(spec: ActionSpec) -> dict[str, Any]:
    """Return the JSON form of an ActionSpec, as ``connectors show --format json`` prints it and digests bind it."""
    # Specs without the younger field keep the digest that people consented to.
    lifetime = {"key_lifetime": spec.key_lifetime} if spec.key_lifetime else {}
    return {
        "verb": spec.verb,
        "summary": spec.summary,
        "target": spec.target,
        "arguments": dict(spec.arguments),
        "record": dict(spec.record),
        "tier": spec.tier.value,
        "reversibility": spec.reversibility.value,
        "stays": spec.stays,
        "preview": spec.preview.value,
        "precondition": spec.precondition.value,
        "settlement": spec.settlement.value,
        **lifetime,
        "readback": spec.readback.value,
        "consistency": spec.consistency,
        "scopes": list(spec.scopes),
        "secret": sorted(spec.secret),
        "sensitive": sorted(spec.sensitive),
        "volatile": sorted(spec.volatile),
        "sealed": sorted(spec.sealed),
        "recipients": list(spec.recipients),
        "amounts": list(spec.amounts),
        "inverse_only": spec.inverse_only,
    }
