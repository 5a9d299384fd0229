"""Whose a public key is: an agent's that somebody else has as well would prove nobody. Checks no signature."""

from __future__ import annotations

from binascii import Error, a2b_base64
from collections.abc import Iterable, Iterator, Sequence

from agentctl.facts import dataclass
from agentctl.model.diagnostic import Diagnostic
from agentctl.policy.place import Place


@dataclass(frozen=True)
class Holder:
    """An agent or a person, with the public key lines listed for it and where it stands."""

    kind: str
    name: str
    keys: Sequence[str]
    place: Place


def shared(holders: Iterable[Holder]) -> Iterator[Diagnostic]:
    """Yield an error for each key of an agent that another agent, or a person, has too."""
    first: dict[bytes, tuple[Holder, Place]] = {}
    for holder in holders:
        for index, key in enumerate(holder.keys):
            place = holder.place / "keys" / index
            other, earlier = first.setdefault(_blob(key), (holder, place))
            if (other.kind, other.name) != (holder.kind, holder.name) and "agent" in (other.kind, holder.kind):
                detail = f"It is {other.kind} `{other.name}`'s as well, at {earlier.span}: it would prove neither."
                yield place.wrong("shared-key", "Key of two", detail, "Give each a key of its own.")


def _blob(key: str) -> bytes:
    """Return what tells keys apart, whatever their comments; a line that is no key is told apart by its text."""
    try:
        return a2b_base64(key.split()[1], strict_mode=True)
    except (IndexError, Error):
        return key.encode()
