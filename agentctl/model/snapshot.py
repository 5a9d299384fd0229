"""A record as read from a live system, and the address by which it is known."""

from __future__ import annotations

from datetime import datetime
from typing import NewType

from agentctl.facts import dataclass, field
from agentctl.model.values import Fields

Address = NewType("Address", str)
"""Canonical identity of one record, beginning with the connector instance: ``crm/customers/42``."""


def instance_of(address: Address) -> str:
    return address.partition("/")[0]


def within(address: Address) -> str:
    """Return the part of ``address`` after its instance: what policy's ``targets`` globs match."""
    return address.partition("/")[2]


def new_address(instance: str, collection: str, step: str) -> Address:
    """Return the address of a record that does not exist until the receipt of ``step``."""
    return Address(f"{instance}/{collection}/new:{step}" if collection else f"{instance}/new:{step}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A record's value as read at ``at``, or its absence (``value`` None).

    ``token`` is the system's own precondition token (ETag, sha, ``xmin``); it is never part of a digest. Reading the
    address of a *condition* (many records) gives a Snapshot whose ``members`` are the records it matched.
    """

    address: Address
    value: Fields | None
    at: datetime
    token: str | None = None
    members: tuple[Snapshot, ...] = field(default=())

    @property
    def exists(self) -> bool:
        return self.value is not None
