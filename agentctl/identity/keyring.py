"""A workspace key through its replacements: prepared, put in force, compared with another copy. Stores nothing."""

from __future__ import annotations

import os
from enum import StrEnum

from agentctl.facts import replace
from agentctl.identity.keys import Key, Retired, Successor


class Copy(StrEnum):
    """What another copy of a key is to ours."""

    SAME = "same"
    NEWER = "newer"
    OLDER = "older"
    OTHER = "other"


def prepared(key: Key) -> Key:
    """Return ``key`` with new roots at hand. Those that are there already stay: something may be sealed with them."""
    if key.successor is not None:
        return key
    return replace(key, successor=Successor(encryption=os.urandom(32), signing=os.urandom(32)))


def renewed(key: Key) -> Key:
    """Return ``key`` with its new roots in force. With what is left of the old ones nobody can sign."""
    if key.successor is None:
        return key
    old = Retired(encryption=key.encryption, public_key=key.public_key)
    return replace(
        key,
        encryption=key.successor.encryption,
        signing=key.successor.signing,
        retired=(*key.retired, old),
        successor=None,
        told="",
    )


def public_keys(key: Key) -> tuple[str, ...]:
    """Return the public keys of all that were ever in force in this copy, the oldest first."""
    return (*(old.public_key for old in key.retired), key.public_key)


def compare(ours: Key, theirs: Key) -> Copy:
    """Return what ``theirs`` is to ``ours``: a copy made later or earlier, or no copy at all."""
    mine, other = _generations(ours), _generations(theirs)
    if ours.commitment != theirs.commitment or mine[: len(other)] != other[: len(mine)]:
        return Copy.OTHER
    if len(mine) == len(other):
        return Copy.SAME
    return Copy.NEWER if len(other) > len(mine) else Copy.OLDER


def _generations(key: Key) -> tuple[tuple[bytes, str], ...]:
    return (
        *((old.encryption, old.public_key) for old in key.retired),
        (key.encryption, key.public_key),
    )
