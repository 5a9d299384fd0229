"""The world as a step will find it: live reads, overlaid by what earlier steps are predicted to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from time import perf_counter

from agentctl.connectors.base import View, read_many
from agentctl.engine.ports import Clock, Systems
from agentctl.errors import Rejected
from agentctl.facts import replace
from agentctl.model.change import Change, Effect, RecordChange
from agentctl.model.snapshot import Address, Snapshot, instance_of

_AT_ONCE = 50               # threads
_BATCH = 256                # records asked for together
_NOTICEABLE = 0.002         # seconds a record; a read that takes less does not wait for a network
_WORTH_THREADS = 0.04       # seconds waited in a row before threads are worth what they cost
_ONE_READ = 0.025           # at most so much of them in one go: the first connects, which says nothing of the next


class Overlay(View):
    """A View for one preview. Records are matched by *resource*, so connectors that share one see each other."""

    def __init__(self, systems: Systems, clock: Clock) -> None:
        self._systems = systems
        self._clock = clock
        self._live: dict[Address, Snapshot] = {}
        self._predicted: dict[str, RecordChange] = {}
        self._resources: dict[Address, str] = {}

    def prefetch(self, addresses: Iterable[Address]) -> None:
        """Read records before they are asked for: many at a time, and side by side where reading waits.

        What its system refuses to show is left out: it is refused again, and told, where it is asked for.
        """
        waiting: list[Sequence[Address]] = []
        for wanted in _by_instance(address for address in addresses if address not in self._live):
            waiting += self._until_it_waits(wanted)
        if waiting:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(min(_AT_ONCE, len(waiting))) as threads:
                for snapshots in threads.map(self._read_together, waiting):
                    self._keep(snapshots)

    def _until_it_waits(self, wanted: Sequence[Address]) -> Iterator[Sequence[Address]]:
        """Read from one system in growing batches; once that waits, return the rest in shares for threads."""
        start, size, waited = 0, 1, 0.0
        while start < len(wanted) and waited <= _WORTH_THREADS:
            batch = wanted[start : start + size]
            began = perf_counter()
            self._keep(self._read_together(batch))
            took = perf_counter() - began
            waited = waited + min(took, _ONE_READ) if took > _NOTICEABLE * len(batch) else 0.0
            start += size
            size = min(size * 2, _BATCH) if took < _WORTH_THREADS else size
        rest = wanted[start:]
        share = min(_BATCH, len(rest) // (4 * _AT_ONCE) or 1)
        return (rest[begin : begin + share] for begin in range(0, len(rest), share))

    def _read_together(self, addresses: Sequence[Address]) -> Iterable[Snapshot]:
        try:
            return tuple(read_many(self._systems.of(instance_of(addresses[0])), addresses))
        except Rejected:
            return [snapshot for address in addresses for snapshot in self._unless_refused(address)]

    def _unless_refused(self, address: Address) -> Iterable[Snapshot]:
        try:
            return (self._read_live(address),)
        except Rejected:
            return ()

    def _keep(self, snapshots: Iterable[Snapshot]) -> None:
        self._live.update((snapshot.address, snapshot) for snapshot in snapshots)

    def read(self, address: Address) -> Snapshot:
        if self._predicted and (predicted := self._predicted.get(self._resource(address))) is not None:
            return self._after(predicted, address)
        live = self._fetch(address)
        if not live.members or not self._predicted:
            return live
        return replace(live, members=tuple(self._overlaid(member) for member in live.members))

    def _overlaid(self, member: Snapshot) -> Snapshot:
        predicted = self._predicted.get(self._resource(member.address))
        return member if predicted is None else self._after(predicted, member.address)

    def predicted(self, prefix: str) -> Iterator[Snapshot]:
        changes = self._predicted.values()
        return (self._after(change, change.address) for change in changes if change.address.startswith(prefix))

    def _after(self, change: RecordChange, address: Address) -> Snapshot:
        return Snapshot(address=address, value=change.after, at=self._clock())

    def foresee(self, change: Change) -> None:
        """Let later previews see what ``change`` is predicted to leave behind."""
        if change.effect is Effect.READ:
            return
        for record in change.records:
            self._predicted[self._resource(record.address)] = record

    def look(self, addresses: Sequence[Address]) -> None:
        """Read live what is not yet read. Raises Rejected where its system refuses to show a record."""
        unread = [address for address in addresses if address not in self._live]
        if len(unread) > 1:
            self.prefetch(unread)
        for address in unread:
            self._fetch(address)

    @property
    def live(self) -> dict[Address, Snapshot]:
        """Everything read from live systems so far, members included: the precondition of an effect."""
        found = dict(self._live)
        for snapshot in self._live.values():
            found.update({member.address: member for member in snapshot.members})
        return found

    def _resource(self, address: Address) -> str:
        if (resource := self._resources.get(address)) is None:
            resource = self._resources[address] = self._systems.of(instance_of(address)).resource(address)
        return resource

    def _fetch(self, address: Address) -> Snapshot:
        if (live := self._live.get(address)) is None:
            live = self._live[address] = self._read_live(address)
        return live

    def _read_live(self, address: Address) -> Snapshot:
        if _is_new(address):
            return Snapshot(address=address, value=None, at=self._clock())
        return self._systems.of(instance_of(address)).read(address)


def _by_instance(addresses: Iterable[Address]) -> Iterable[Sequence[Address]]:
    found: dict[str, dict[Address, None]] = {}
    for address in addresses:
        if not _is_new(address):
            found.setdefault(instance_of(address), {})[address] = None
    return map(tuple, found.values())


def _is_new(address: Address) -> bool:
    """Whether a step of this plan makes the record: there is nothing to read before its receipt."""
    return "/new:" in address
