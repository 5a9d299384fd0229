"""The rest connector: one system over HTTP, as a manifest describes it. What a manifest is stands in ``manifest``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from agentctl.connectors.base import Call, Found, Located, Location, Receipt, View
from agentctl.connectors.rest.actions import actions
from agentctl.connectors.rest.http import Endpoint
from agentctl.connectors.rest.manifest import Manifest, Verb
from agentctl.connectors.rest.names import Names, RecordName
from agentctl.connectors.rest.predicting import Predictor
from agentctl.connectors.rest.reading import Reader, Sends, read_out, where
from agentctl.connectors.rest.sending import Sender
from agentctl.connectors.rest.template import Pending
from agentctl.errors import Rejected
from agentctl.model.action import ActionSpec, Tier
from agentctl.model.change import Change
from agentctl.model.changeset import SystemIdentity
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, Snapshot
from agentctl.model.values import Fields, Value, has_unknown

_AT_ONCE = 50


class RestConnector:
    """Interprets one manifest. A connector of ours that must do more than a manifest can say wraps it."""

    def __init__(
        self,
        instance: str,
        manifest: Manifest,
        *,
        endpoint: Endpoint,
        client: Sends,
        token: Callable[[], str],
        only: tuple[str, ...] = (),
        timeout: float = 30.0,
    ) -> None:
        """``token`` returns what to look with, or nothing; an effect uses its call's credential where there is one."""
        self.actions: Mapping[str, ActionSpec] = actions(manifest)
        self._manifest = manifest
        self._endpoint = endpoint
        self._client = client
        self.names = Names(instance=instance, manifest=manifest, only=only)
        self.reader = Reader(
            instance=instance, manifest=manifest, endpoint=endpoint, client=client, token=token, timeout=timeout
        )
        self._predictor = Predictor(names=self.names, specs=self.actions)
        self._sender = Sender(names=self.names, reader=self.reader)

    def identity(self) -> SystemIdentity:
        whoami, tenant = self.reader.whoami()
        manifest = self._manifest
        return SystemIdentity(
            type=manifest.name,
            version=f"{manifest.release} ({manifest.digest.removeprefix('sha256:')[:32]})",
            endpoint=self._endpoint.url,
            whoami=whoami,
            tenant=tenant,
        )

    def addresses(self, step: Step) -> tuple[Address, ...]:
        return (self.names.of_step(step, self._verb(step.verb)),)

    def resource(self, address: Address) -> str:
        name = self.names.parse(address)
        if not isinstance(name, RecordName) or any(isinstance(value, Pending) for value in name.parameters.values()):
            return address
        return f"{self._endpoint.url}{where(name.kind, name.parameters)}"

    def read(self, address: Address) -> Snapshot:
        return self.reader.read(address, self.names.parse(address))

    def read_many(self, addresses: Sequence[Address]) -> Iterable[Snapshot]:
        return side_by_side(self.read, addresses)

    def preview(self, step: Step, view: View) -> Change:
        self._verb(step.verb)
        return self._predictor.preview(step, view)

    def execute(self, change: Change, call: Call) -> Receipt:
        known = [value for name, value in change.arguments.items() if name not in call.secrets]
        if any(has_unknown(cast(Value, value)) for value in known):
            raise Rejected("Value still unknown", f"{change.action} was given a value that is not known yet.")
        if self._verb(change.action.partition(".")[2]).tier is Tier.READ:
            return self._read_out(change)
        return self._sender.execute(change, call)

    def locate(self, change: Change, call: Call) -> Location:
        """Look for the mark of ``call.key`` in the list the new record would be in."""
        found = self._sender.find(self._verb(change.action.partition(".")[2]), change, call.key)
        return Located.CANNOT_TELL if found is None else Found(receipt=found)

    def close(self) -> None:
        self._client.close()

    def _read_out(self, change: Change) -> Receipt:
        read: dict[Address, Fields] = {}
        for address in change.reads:
            snapshot = self.read(address)
            if snapshot.value is None and isinstance(self.names.parse(address), RecordName):
                raise Rejected("Record absent", f"There is no {address}.")
            read.update(read_out(snapshot))
        return Receipt(read=read)

    def _verb(self, name: str) -> Verb:
        if name not in self._manifest.verbs:
            raise Rejected("Unknown action", f"{self.names.instance} has no action {name}.")
        return self._manifest.verbs[name]


def side_by_side(read: Callable[[Address], Snapshot], addresses: Sequence[Address]) -> Iterable[Snapshot]:
    """Read many at once; each comes as soon as it and those before it are there."""
    pool = ThreadPoolExecutor(min(_AT_ONCE, len(addresses) or 1), thread_name_prefix="read")
    try:
        yield from pool.map(read, addresses)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
