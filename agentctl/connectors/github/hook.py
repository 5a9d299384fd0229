"""What a verb of GitHub must offer that a manifest cannot say. No verb lives here."""

from __future__ import annotations

from typing import Protocol

from agentctl.connectors.base import Call, Location, Receipt, View
from agentctl.model.action import ActionSpec
from agentctl.model.change import Change
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address


class Hook(Protocol):
    """One verb in Python. Its methods keep the promises that those of a Connector keep.

    It may send several requests where all but the last leave nothing anybody sees, and the last carries the
    precondition.
    """

    @property
    def spec(self) -> ActionSpec: ...

    def addresses(self, step: Step) -> tuple[Address, ...]: ...

    def preview(self, step: Step, view: View) -> Change: ...

    def execute(self, change: Change, call: Call) -> Receipt: ...

    def locate(self, change: Change, call: Call) -> Location: ...
