"""``agentctl release``: lift a legal hold."""

from __future__ import annotations

from typing import Annotated

from agentctl.cli.declared import option
from agentctl.cli.halting import Reason
from agentctl.cli.options import RunArgument
from agentctl.cli.output import talk
from agentctl.cli.session import Session


def release(
    session: Session,
    run: RunArgument,
    reason: Reason,
    hold: Annotated[
        str, option("--hold", metavar="ID", help="Which hold, where several are on the run.")
    ] = "",
) -> None:
    """Lift a legal hold of a run. Nothing is dropped by that: `agentctl gc` shows first what it would drop, and asks.

        agentctl release 4k2m --reason "case 2026-17 is closed"
    """
    from agentctl.workspace.preserving import release as lift

    talk(lift(session.workspace(), run, hold, reason) + "\n")
