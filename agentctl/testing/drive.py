"""Drives one step through a connector the way the engine will: addresses, read, preview, execute, read back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from agentctl.connectors.base import Call, Connector, Receipt
from agentctl.facts import dataclass, field
from agentctl.model.change import Change, Effect, Inverse
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, Snapshot
from agentctl.model.values import Fields

DEADLINE = 30.0
_NOT_LIVE = datetime(2026, 1, 1, tzinfo=UTC)


class LiveView:
    """A View over live reads, overlaid by ``overlay``: what earlier steps are predicted to leave (None: a delete)."""

    def __init__(self, connector: Connector, overlay: Mapping[Address, Fields | None] | None = None) -> None:
        self._connector = connector
        self._overlay = dict(overlay or {})

    def read(self, address: Address) -> Snapshot:
        if address in self._overlay:
            return Snapshot(address=address, value=self._overlay[address], at=_NOT_LIVE)
        return self._connector.read(address)

    def predicted(self, prefix: str) -> Iterable[Snapshot]:
        return [
            Snapshot(address=address, value=value, at=_NOT_LIVE)
            for address, value in self._overlay.items()
            if address.startswith(prefix)
        ]


class FrozenView:
    """A View over snapshots taken before; reading an address that ``addresses`` did not name fails the test."""

    def __init__(self, before: Mapping[Address, Snapshot]) -> None:
        self._before = before

    def read(self, address: Address) -> Snapshot:
        assert address in self._before, f"preview reads {address}, which addresses() did not name"
        return self._before[address]

    def predicted(self, prefix: str) -> Iterable[Snapshot]:
        return ()


@dataclass(frozen=True, kw_only=True)
class Performed:
    """One step done: what was predicted, what the connector says, and what a read shows. Absent records are None."""

    change: Change
    receipt: Receipt
    before: Mapping[Address, Snapshot]
    after: Mapping[Address, Fields | None] = field(default_factory=dict)

    @property
    def inverse(self) -> Inverse:
        return self.receipt.inverse or self.change.inverse


def snapshots(connector: Connector, step: Step) -> dict[Address, Snapshot]:
    """Read every address ``step`` names, the members of a condition under their own addresses too."""
    before: dict[Address, Snapshot] = {}
    for address in connector.addresses(step):
        snapshot = connector.read(address)
        before[address] = snapshot
        before.update({member.address: member for member in snapshot.members})
    return before


def foresee(connector: Connector, step: Step) -> Change:
    """Preview ``step`` over live reads."""
    return connector.preview(step, FrozenView(snapshots(connector, step)))


def perform(
    connector: Connector,
    step: Step,
    *,
    key: str = "",
    before: Mapping[Address, Snapshot] | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Performed:
    """Do ``step`` and read its records back. ``before`` stands for an earlier read, its tokens for the precondition.

    A no-op is not executed, as the engine never executes one.
    """
    known = snapshots(connector, step) if before is None else before
    change = connector.preview(step, FrozenView(known))
    if change.effect is Effect.NO_OP:
        return Performed(change=change, receipt=Receipt(), before=known, after=_read_back(connector, change, Receipt()))
    call = Call(key=key or f"key-of-{step.id}", before=known, deadline=DEADLINE, secrets=secrets or {})
    receipt = connector.execute(change, call)
    return Performed(change=change, receipt=receipt, before=known, after=_read_back(connector, change, receipt))


@contextmanager
def closing(connector: Connector) -> Iterator[Connector]:
    """Close ``connector`` when the block ends."""
    try:
        yield connector
    finally:
        connector.close()


def _read_back(connector: Connector, change: Change, receipt: Receipt) -> dict[Address, Fields | None]:
    return {
        record.address: connector.read(receipt.addresses.get(record.address, record.address)).value
        for record in change.records
    }
