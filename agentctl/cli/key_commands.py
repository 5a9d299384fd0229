"""``agentctl key``: the workspace key, handed to a colleague or a runner."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from agentctl.cli.output import talk
from agentctl.views.emit import write

app = typer.Typer(
    help="Hand the workspace key on, or take one in.",
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.command()
def export(context: typer.Context) -> None:
    """Print the workspace key. Whoever has it can read hidden values and close trace files.

        agentctl key export > key.json
    """
    from agentctl.workspace.sharing import exported

    write(exported(context.obj.workspace()), sys.stdout)


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `agentctl key export` printed.")],
) -> None:
    """Take in the key of this workspace; a key of another lineage, or over an existing one, is refused.

        agentctl key import key.json
    """
    from agentctl.workspace.sharing import take_in

    talk(f"The key is in {take_in(context.obj.workspace(), file)}.\n")
