"""Who wrote a plan: the agent it names, proven by a signature or only claimed. Nothing is checked here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from agentctl.facts import dataclass, field


class Standing(StrEnum):
    """``edited`` is what an agent proved to have written and a person changed since."""

    CLAIMED = "claimed"
    PROVEN = "proven"
    EDITED = "edited"


@dataclass(frozen=True, kw_only=True)
class Signed:
    """The exact bytes a plan was read from and the armored signature that lay beside them, still to be checked."""

    source: bytes = field(repr=False)
    signature: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Authorship:
    """What is known of who wrote a plan.

    ``key`` is the fingerprint of the agent's key that signed what the agent wrote; empty where nothing proves it, and
    ``why`` then says in words why not. ``signature`` is the signature's digest, ``editors`` who changed the plan since.
    ``requester`` is the person of the policy whom the plan names as having asked for it: that stays a claim.
    """

    key: str = ""
    signature: str = ""
    why: str = ""
    editors: tuple[str, ...] = ()
    requester: str = ""

    @property
    def signed(self) -> bool:
        """Whether the agent is proven to have written the plan, as it was before anybody edited it."""
        return bool(self.key)

    @property
    def proven(self) -> bool:
        """Whether the agent is proven to have written the plan as it is."""
        return self.signed and not self.editors

    @property
    def standing(self) -> Standing:
        if not self.signed:
            return Standing.CLAIMED
        return Standing.EDITED if self.editors else Standing.PROVEN


CLAIMED = Authorship()


def authorship_to_wire(author: Authorship) -> dict[str, Any]:
    return {
        "standing": author.standing.value,
        "key": author.key,
        "signature": author.signature,
        "why": author.why,
        "editors": list(author.editors),
        "requester": author.requester,
    }


def authorship_from_wire(wire: Mapping[str, Any]) -> Authorship:
    return Authorship(
        key=wire["key"],
        signature=wire["signature"],
        why=wire["why"],
        editors=tuple(wire["editors"]),
        requester=wire["requester"],
    )
