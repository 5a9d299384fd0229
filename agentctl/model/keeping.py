"""The keys of a workspace as they may be shown: which was in force when, and what it is needed for. No secrets."""

from __future__ import annotations

from agentctl.facts import dataclass


@dataclass(frozen=True, kw_only=True)
class Replacement:
    """By which a key came into force; ``compromised`` is whether somebody else is held to have the one before."""

    at: str
    by: str
    reason: str
    compromised: bool


@dataclass(frozen=True, kw_only=True)
class KeptKey:
    """A key that the trace tells of. ``here`` is whether this machine can read what it sealed.

    ``packs`` are how many it sealed; None where what packs call it is known only to who has it.
    """

    public_key: str
    fingerprint: str
    came: Replacement | None
    here: bool
    packs: int | None


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """All keys, the oldest first; the last is in force. ``path`` is where this machine's copy is, or would be.

    ``problem`` is why this machine can't seal and sign, if it can't, and ``command`` what mends that. ``foreign``
    counts packs that no key of the trace sealed; None where that can't be told.
    """

    lineage: str
    path: str
    keys: tuple[KeptKey, ...]
    problem: str
    command: str
    foreign: int | None
