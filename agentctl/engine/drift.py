"""What somebody else changed of what we wrote: live systems against our own record of them."""

from __future__ import annotations

from collections.abc import Iterator

from agentctl.engine.overlay import Overlay
from agentctl.engine.owned import Owned, commitment, owned
from agentctl.engine.ports import Clock, Commitments, Systems
from agentctl.facts import dataclass
from agentctl.model.run import History
from agentctl.model.snapshot import Address, instance_of
from agentctl.model.values import Fields, Hidden, Value, to_wire


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One difference: ``field`` is empty where the whole record came or went."""

    address: Address
    field: str
    ours: Value
    now: Value
    run: str
    step: str


@dataclass(frozen=True, kw_only=True)
class DriftReport:
    """How many records were looked at, what differs, and which could not be looked at because no connector is left."""

    looked_at: int
    drifts: tuple[Drift, ...]
    orphans: tuple[Address, ...]


def drift(history: History, systems: Systems, commitments: Commitments, clock: Clock, run: str = "") -> DriftReport:
    """Compare what we own (of ``run`` only, where given) with the live systems. Reads only.

    Raises Unreachable where a system cannot be read.
    """
    ours = {address: item for address, item in owned(history).items() if run in ("", item.run)}
    reachable = {address: item for address, item in ours.items() if instance_of(address) in systems.connectors}
    overlay = Overlay(systems, clock)
    overlay.prefetch(reachable)
    drifts = [
        found
        for address, item in reachable.items()
        for found in _compare(address, item, overlay.read(address).value, commitments, _secretive(address, systems))
    ]
    return DriftReport(
        looked_at=len(reachable), drifts=tuple(drifts), orphans=tuple(sorted(ours.keys() - reachable.keys()))
    )


def _compare(
    address: Address, item: Owned, live: Fields | None, commitments: Commitments, secretive: frozenset[str]
) -> Iterator[Drift]:
    if item.fields is None or live is None:
        if not (item.fields is None and live is None):
            now: Fields | None = None if live is None else {
                name: Hidden(commitments.commit(address, name, to_wire(value))) if name in secretive else value
                for name, value in live.items()
            }
            yield Drift(address=address, field="", ours=item.fields, now=now, run=item.run, step=item.step)
        return
    for name, value in sorted(item.fields.items()):
        there = live.get(name)
        if commitment(address, name, value, commitments) != commitment(address, name, there, commitments):
            yield Drift(address=address, field=name, ours=value, now=there, run=item.run, step=item.step)


def _secretive(address: Address, systems: Systems) -> frozenset[str]:
    """Return the fields that some action on the system of ``address`` would not show."""
    specs = systems.of(instance_of(address)).actions.values()
    return frozenset(name for spec in specs for name in (*spec.sensitive, *spec.sealed))
