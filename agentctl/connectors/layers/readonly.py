"""A connector that cannot act: what a plan is previewed with."""

from __future__ import annotations

from typing import NoReturn

from agentctl.connectors.base import Call
from agentctl.connectors.layers.wrapped import Wrapped
from agentctl.errors import Rejected
from agentctl.model.change import Change


class ReadOnly(Wrapped):
    """Everything but ``execute`` works."""

    def execute(self, change: Change, call: Call) -> NoReturn:
        raise Rejected("Opened for reading only", f"{change.action} was not sent: nothing is executed while planning.")
