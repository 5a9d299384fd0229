"""``agentctl stop``: stop a run from another terminal."""

from __future__ import annotations

from typing import Annotated

from agentctl.cli.declared import option
from agentctl.cli.options import RunArgument
from agentctl.cli.output import talk
from agentctl.cli.session import Session


def stop(
    session: Session,
    run: RunArgument = "latest",
    now: Annotated[
        bool, option("--now", help="Do not wait for the step in flight: it will be in doubt.")
    ] = False,
) -> None:
    """Ask a running apply to stop after the step in flight; with --now, at once.

        agentctl stop latest
        agentctl stop latest --now
    """
    from agentctl.workspace.stopping import stop as stop_run

    talk(stop_run(session.workspace(), run, now=now) + "\n")
