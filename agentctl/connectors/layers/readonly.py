"""A connector that cannot act: what a plan is previewed with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from agentctl.connectors.base import Call, read_many
from agentctl.connectors.layers.wrapped import Wrapped
from agentctl.errors import Rejected
from agentctl.model.change import Change
from agentctl.model.snapshot import Address, Snapshot


class ReadOnly(Wrapped):
    """Everything but ``execute`` works."""

    def read_many(self, addresses: Sequence[Address]) -> Sequence[Snapshot]:
        return tuple(read_many(self.inner, addresses))

    def execute(self, change: Change, call: Call) -> NoReturn:
        raise Rejected("Opened for reading only", f"{change.action} was not sent: nothing is executed while planning.")
