"""The world as a step will find it: live reads, overlaid by what earlier steps are predicted to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import perf_counter

from agentctl.connectors.base import View
from agentctl.engine.ports import Clock, Systems
from agentctl.model.change import Change, Effect
from agentctl.model.snapshot import Address, Snapshot, instance_of

_AT_ONCE = 50
_NOTICEABLE = 0.002         # seconds; a read that takes less does not wait for a network
_WORTH_THREADS = 0.04       # seconds waited in a row before threads are worth what they cost
_ONE_READ = 0.025           # at most so much of them in one read: the first connects, which says nothing of the next


class Overlay(View):
    """A View for one preview. Records are matched by *resource*, so connectors that share one see each other."""

    def __init__(self, systems: Systems, clock: Clock) -> None:
        self._systems = systems
        self._clock = clock
        self._live: dict[Address, Snapshot] = {}
        self._predicted: dict[str, Snapshot] = {}

    def prefetch(self, addresses: Iterable[Address]) -> None:
        """Read records before they are asked for, side by side where reading waits."""
        wanted = iter([address for address in dict.fromkeys(addresses) if address not in self._live])
        waited = 0.0
        for address in wanted:
            began = perf_counter()
            self._fetch(address)
            took = perf_counter() - began
            waited = waited + min(took, _ONE_READ) if took > _NOTICEABLE else 0.0
            if waited > _WORTH_THREADS:
                break
        rest = list(wanted)
        if rest:
            with ThreadPoolExecutor(min(_AT_ONCE, len(rest))) as threads:
                for snapshot in threads.map(self._read_live, rest):
                    self._live[snapshot.address] = snapshot

    def read(self, address: Address) -> Snapshot:
        if (predicted := self._predicted.get(self._resource(address))) is not None:
            return replace(predicted, address=address)
        live = self._fetch(address)
        if not live.members or not self._predicted:
            return live
        return replace(live, members=tuple(self._overlaid(member) for member in live.members))

    def _overlaid(self, member: Snapshot) -> Snapshot:
        predicted = self._predicted.get(self._resource(member.address))
        return member if predicted is None else replace(predicted, address=member.address)

    def predicted(self, prefix: str) -> Iterator[Snapshot]:
        return (snapshot for snapshot in self._predicted.values() if snapshot.address.startswith(prefix))

    def foresee(self, change: Change) -> None:
        """Let later previews see what ``change`` is predicted to leave behind."""
        if change.effect is Effect.READ:
            return
        for record in change.records:
            snapshot = Snapshot(address=record.address, value=record.after, at=self._clock())
            self._predicted[self._resource(record.address)] = snapshot

    @property
    def live(self) -> dict[Address, Snapshot]:
        """Everything read from live systems so far, members included: the precondition of an effect."""
        found = dict(self._live)
        for snapshot in self._live.values():
            found.update({member.address: member for member in snapshot.members})
        return found

    def _resource(self, address: Address) -> str:
        return self._systems.of(instance_of(address)).resource(address)

    def _fetch(self, address: Address) -> Snapshot:
        if address not in self._live:
            self._live[address] = self._read_live(address)
        return self._live[address]

    def _read_live(self, address: Address) -> Snapshot:
        if "/new:" in address:      # made by a step of this plan: nothing to read before its receipt
            return Snapshot(address=address, value=None, at=self._clock())
        return self._systems.of(instance_of(address)).read(address)
