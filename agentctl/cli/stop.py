"""``agentctl stop``: stop a run from another terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.cli.options import RunArgument
from agentctl.cli.output import talk

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def stop(
    context: typer.Context,
    run: RunArgument = "latest",
    now: Annotated[
        bool, typer.Option("--now", help="Do not wait for the step in flight: it will be in doubt.")
    ] = False,
) -> None:
    """Ask a running apply to stop after the step in flight; with --now, at once.

        agentctl stop latest
        agentctl stop latest --now
    """
    from agentctl.workspace.stopping import stop as stop_run

    talk(stop_run(context.obj.workspace(), run, now=now) + "\n")
