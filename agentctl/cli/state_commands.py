"""``agentctl state``: what we last knew, and building it again from the trace."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.cli.complete import complete_addresses
from agentctl.cli.options import FormatOption
from agentctl.cli.output import emit, talk
from agentctl.views.emit import Format

app = typer.Typer(
    help="Look at the state, or rebuild it from the trace.",
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.command("list")
def list_(context: typer.Context, format: FormatOption = Format.TERMINAL) -> None:
    """List the records we wrote and still own, and by which run and step."""
    from agentctl.views.document.state import state as document
    from agentctl.views.terminal.state import draw_state
    from agentctl.workspace.projecting import load_state

    workspace = context.obj.workspace()
    emit(document(load_state(workspace), workspace.history()), draw_state, context.obj, format=format)


@app.command()
def show(
    context: typer.Context,
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="Whose: crm/customers/42.", autocompletion=complete_addresses)
    ],
    format: FormatOption = Format.TERMINAL,
) -> None:
    """Show what we wrote of one record.

        agentctl state show crm/customers/42
    """
    from agentctl.views.document.state import known as document
    from agentctl.views.terminal.state import draw_known
    from agentctl.workspace.projecting import known

    emit(document(address, *known(context.obj.workspace(), address)), draw_known, context.obj, format=format)


@app.command()
def rebuild(context: typer.Context) -> None:
    """Build the state again from the trace alone, and say what it was rebuilt from."""
    from agentctl.workspace.projecting import rebuild as rebuild_state

    talk(rebuild_state(context.obj.workspace()) + "\n")
