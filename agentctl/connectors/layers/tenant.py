"""Refuses to work with a system that says it belongs to another tenant."""

from __future__ import annotations

from collections.abc import Sequence

from agentctl.connectors.base import Call, Connector, Location, Receipt, read_many
from agentctl.connectors.layers.wrapped import Wrapped
from agentctl.errors import Rejected
from agentctl.model.change import Change
from agentctl.model.changeset import SystemIdentity
from agentctl.model.snapshot import Address, Snapshot


class Tenant(Wrapped):
    """Asks the system before the first read and before every effect; a system that tells no tenant is believed."""

    def __init__(self, inner: Connector, tenant: str) -> None:
        super().__init__(inner)
        self._tenant = tenant
        self._checked = False

    def identity(self) -> SystemIdentity:
        identity = self.inner.identity()
        if identity.tenant and identity.tenant != self._tenant:
            raise Rejected(
                "Tenant differs",
                f"The workspace belongs to {self._tenant!r}; {identity.endpoint} says that it serves "
                f"{identity.tenant!r}.",
            )
        self._checked = True
        return identity

    def read(self, address: Address) -> Snapshot:
        if not self._checked:
            self.identity()
        return self.inner.read(address)

    def read_many(self, addresses: Sequence[Address]) -> Sequence[Snapshot]:
        if not self._checked:
            self.identity()
        return tuple(read_many(self.inner, addresses))

    def execute(self, change: Change, call: Call) -> Receipt:
        self.identity()
        return self.inner.execute(change, call)

    def locate(self, change: Change, call: Call) -> Location:
        if not self._checked:
            self.identity()
        return self.inner.locate(change, call)
