"""``agentctl release``: lift a legal hold."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.cli.halting import Reason
from agentctl.cli.options import RunArgument
from agentctl.cli.output import talk

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def release(
    context: typer.Context,
    run: RunArgument,
    reason: Reason,
    hold: Annotated[
        str, typer.Option("--hold", metavar="ID", help="Which hold, where several are on the run.")
    ] = "",
) -> None:
    """Lift a legal hold of a run. Nothing is dropped by that: `agentctl gc` shows first what it would drop, and asks.

        agentctl release 4k2m --reason "case 2026-17 is closed"
    """
    from agentctl.workspace.preserving import release as lift

    talk(lift(context.obj.workspace(), run, hold, reason) + "\n")
