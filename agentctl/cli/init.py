"""``agentctl init``: make a workspace."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.cli.output import talk
from agentctl.policy import baselines

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def init(
    context: typer.Context,
    directory: Annotated[str, typer.Argument(metavar="[DIR]", help="Where; by default here.")] = "",
    policy: Annotated[
        str,
        typer.Option(
            "--policy", metavar="NAME", help="Which first policy to write.", autocompletion=baselines.names
        ),
    ] = "write-with-approval",
    group: Annotated[
        str, typer.Option("--group", metavar="G", help="Share the workspace with this Unix group.")
    ] = "",
) -> None:
    """Make a workspace: agentctl.yaml and a first policy where there are none, its lineage, and its key.

    The key is written outside the workspace. Whatever exists already is left as it is.

        agentctl init
        agentctl init ./ops --policy read-only
    """
    import os

    from agentctl.workspace.making import make

    start = context.obj.start / directory
    talk(make(start, os.environ, policy=policy, group=group, tell=context.obj.tell))
