"""``agentctl clock``: whether this machine's clock is believed."""

from __future__ import annotations

from agentctl.cli.declared import Group
from agentctl.cli.halting import Reason
from agentctl.cli.options import FormatOption
from agentctl.cli.output import emit, talk
from agentctl.cli.session import Session
from agentctl.views.emit import Format


def show(session: Session, format: FormatOption = Format.TERMINAL) -> None:
    """Show this machine's clock, the time decisions are made by, and why the clock is not believed.

        agentctl clock show
    """
    from agentctl.views.document.clock import clock as document
    from agentctl.views.terminal.clock import draw_clock
    from agentctl.workspace.clock import in_doubt

    workspace = session.workspace()
    clocks = workspace.clocks()
    doubt = in_doubt(clocks, workspace.history())
    emit(document(clocks, workspace.time(), doubt), draw_clock, session, format=format)


def trust(session: Session, reason: Reason) -> None:
    """Say that this machine's clock is right although the trace speaks against it. Recorded, with your reason.

    Nothing is gained by it: approvals signed before a clock went back count no more, and no limit is freed sooner.

        agentctl clock trust --reason "the machine was paused for an hour"
    """
    from agentctl.workspace.trusting import trust as take

    talk(take(session.workspace(), reason) + "\n")


COMMANDS: Group = {"show": show, "trust": trust}
