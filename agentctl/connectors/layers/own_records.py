"""Refuses records that say of themselves that they are another tenant's: where one system keeps those of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentctl.connectors.base import Call, Connector, Receipt, View, read_many
from agentctl.connectors.layers.wrapped import Wrapped
from agentctl.errors import Rejected
from agentctl.model.change import Change
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, Snapshot
from agentctl.model.values import Fields


class OwnRecords(Wrapped):
    """Looks at ``field`` of every record that is read, and on both sides of every record that would change.

    A record that would change must have the field, and it must be known: what can't be told is refused. What is read
    besides, such as how many rows a condition finds, need not have it.
    """

    def __init__(self, inner: Connector, tenant: str, field: str) -> None:
        super().__init__(inner)
        self._tenant = tenant
        self._field = field

    def read(self, address: Address) -> Snapshot:
        return self._own(self.inner.read(address))

    def read_many(self, addresses: Sequence[Address]) -> Sequence[Snapshot]:
        return tuple(map(self._own, read_many(self.inner, addresses)))

    def preview(self, step: Step, view: View) -> Change:
        return self._checked(self.inner.preview(step, view))

    def execute(self, change: Change, call: Call) -> Receipt:
        self._checked(change)
        receipt = self.inner.execute(change, call)
        for address, fields in receipt.read.items():
            self._check(address, fields, told=self._field in fields)
        return receipt

    def _own(self, snapshot: Snapshot) -> Snapshot:
        if isinstance(snapshot.value, Mapping) and self._field in snapshot.value:
            self._check(snapshot.address, snapshot.value, told=True)
        return snapshot

    def _checked(self, change: Change) -> Change:
        for record in change.records:
            for side in (record.before, record.after):
                if side is not None:
                    self._check(record.address, side, told=True)
        return change

    def _check(self, address: Address, fields: Fields, *, told: bool) -> None:
        value = fields.get(self._field)
        if told and value != self._tenant:
            says = f"says {value!r:.100}" if isinstance(value, str) else "does not say whose it is"
            raise Rejected(
                "Tenant differs",
                f"The workspace belongs to {self._tenant!r}; `{self._field}` of `{address}` {says}.",
            )
