"""A connector whose replies get lost: the effect happens, the caller never hears of it."""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.connectors.base import Call, Connector, Location, Receipt, View
from agentctl.errors import Indeterminate
from agentctl.model.action import ActionSpec
from agentctl.model.change import Change
from agentctl.model.changeset import SystemIdentity
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, Snapshot


class LostReply:
    """Wraps a connector; every ``execute`` acts and then raises Indeterminate."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector

    @property
    def actions(self) -> Mapping[str, ActionSpec]:
        return self._connector.actions

    def identity(self) -> SystemIdentity:
        return self._connector.identity()

    def addresses(self, step: Step) -> tuple[Address, ...]:
        return self._connector.addresses(step)

    def resource(self, address: Address) -> str:
        return self._connector.resource(address)

    def read(self, address: Address) -> Snapshot:
        return self._connector.read(address)

    def preview(self, step: Step, view: View) -> Change:
        return self._connector.preview(step, view)

    def execute(self, change: Change, call: Call) -> Receipt:
        self._connector.execute(change, call)
        raise Indeterminate("Reply lost", f"{change.action} was sent and its answer never came.")

    def locate(self, change: Change, call: Call) -> Location:
        return self._connector.locate(change, call)

    def close(self) -> None:
        self._connector.close()
