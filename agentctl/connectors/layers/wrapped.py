"""A connector that hands every call on: what layers are made from. Adds nothing of its own."""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.connectors.base import Call, Connector, Location, Receipt, View
from agentctl.model.action import ActionSpec
from agentctl.model.change import Change
from agentctl.model.changeset import SystemIdentity
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, Snapshot


class Wrapped:
    """Hands every call on to ``inner``.

    Not so ``read_many``: a layer that knows how to bound, count or check many records at once offers it itself, and
    through any other they are read one by one.
    """

    def __init__(self, inner: Connector) -> None:
        self.inner = inner
        for name in _OFTEN:     # straight to the layer that has its own: each in between costs as much as most answers
            if getattr(type(self), name) is getattr(Wrapped, name):
                setattr(self, name, getattr(inner, name))

    @property
    def actions(self) -> Mapping[str, ActionSpec]:
        return self.inner.actions

    def identity(self) -> SystemIdentity:
        return self.inner.identity()

    def addresses(self, step: Step) -> tuple[Address, ...]:
        return self.inner.addresses(step)

    def resource(self, address: Address) -> str:
        return self.inner.resource(address)

    def read(self, address: Address) -> Snapshot:
        return self.inner.read(address)

    def preview(self, step: Step, view: View) -> Change:
        return self.inner.preview(step, view)

    def execute(self, change: Change, call: Call) -> Receipt:
        return self.inner.execute(change, call)

    def locate(self, change: Change, call: Call) -> Location:
        return self.inner.locate(change, call)

    def close(self) -> None:
        self.inner.close()


_OFTEN = ("addresses", "resource", "preview")      # asked for each step of a plan
