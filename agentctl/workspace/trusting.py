"""A clock in doubt taken for right on a person's word, which is recorded. It makes nothing count longer or shorter."""

from __future__ import annotations

import socket
from datetime import timedelta

from agentctl.errors import Usage
from agentctl.model.clock import clocks_to_wire
from agentctl.trace.record import Kind
from agentctl.workspace import clock
from agentctl.workspace.halting import checked
from agentctl.workspace.unlocking import locked, record_act
from agentctl.workspace.workspace import Workspace


def trust(workspace: Workspace, reason: str) -> str:
    """Record that this machine's clock is right; return what that means. Raises Usage where nobody doubts it."""
    said = checked(reason)
    with locked(workspace, "", 0.0):
        clocks = workspace.clocks()
        doubt = clock.in_doubt(clocks, workspace.history())
        if doubt is None:
            raise Usage("The clock is believed", "Nothing in the trace speaks against it.")
        record_act(
            workspace,
            Kind.CLOCK,
            {
                "clock": clocks_to_wire(clocks),
                "off_ms": doubt.off // timedelta(milliseconds=1),
                "why": doubt.why,
                "by": workspace.person,
                "host": socket.gethostname(),
                "reason": said,
            },
        )
    told = ["This machine's clock is taken for right from now on, and that is recorded."]
    if doubt.off < timedelta():
        told.append("Approvals signed before now count no more: they would live twice. Sign what is wanted anew.")
    told.append("What limits have counted counts at least as long as it would have.")
    return "\n".join(told)
