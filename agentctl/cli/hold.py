"""``agentctl hold``: keep everything of a run, whatever retention says."""

from __future__ import annotations

from agentctl.cli.halting import Reason
from agentctl.cli.options import RunArgument
from agentctl.cli.output import talk
from agentctl.cli.session import Session


def hold(session: Session, run: RunArgument, reason: Reason) -> None:
    """Put a run under legal hold: `agentctl gc` drops nothing of it until the hold is lifted. Recorded, with your name.

    Kept with it are the runs that it goes on with or undoes, and those that do so with it.

        agentctl hold 4k2m --reason "case 2026-17"
    """
    from agentctl.workspace.preserving import hold as keep

    talk(keep(session.workspace(), run, reason) + "\n")
