"""``agentctl connectors``: what can be talked to, and what it can do."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.cli.complete import complete_connectors
from agentctl.cli.connector_check import check
from agentctl.cli.connector_new import new
from agentctl.cli.options import FormatOption
from agentctl.cli.output import emit
from agentctl.errors import Exit
from agentctl.views.emit import Format

app = typer.Typer(
    help="List connectors and what they can do.",
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.command("list")
def list_(context: typer.Context, format: FormatOption = Format.TERMINAL) -> None:
    """List the configured connectors of this workspace and the types there are."""
    from agentctl.connectors.registry import types
    from agentctl.views.document.connectors import connectors as document
    from agentctl.views.terminal.connectors import draw_connectors
    from agentctl.workspace import describing

    configured = describing.connectors(context.obj.workspace())
    emit(document(configured, [known.type for known in types()]), draw_connectors, context.obj, format=format)


@app.command()
def whoami(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="A configured connector.", autocompletion=complete_connectors)
    ] = "",
    format: FormatOption = Format.TERMINAL,
) -> None:
    """Ask the systems who we are there, and tell what the tokens we look with may do and when they end.

    Changes nothing. Ends with 10 where a connector does not work.

        agentctl connectors whoami
        agentctl connectors whoami github --format json
    """
    from agentctl.views.document.whoami import whoami as document
    from agentctl.views.terminal.whoami import draw_whoami
    from agentctl.workspace.whoami import speakers

    found = document(speakers(context.obj.workspace(), name))
    emit(found, draw_whoami, context.obj, format=format)
    raise typer.Exit(Exit.OK if found["works"] else Exit.UNREACHABLE)


@app.command()
def show(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A configured connector.", autocompletion=complete_connectors)
    ],
    format: FormatOption = Format.TERMINAL,
) -> None:
    """Show every action of a connector: its power, how it can be undone, what its preview can tell.

        agentctl connectors show crm
    """
    from agentctl.views.document.connectors import connector as document
    from agentctl.views.terminal.connectors import draw_connector
    from agentctl.workspace import describing

    found = describing.connector(context.obj.workspace(), name)
    emit(document(*found), draw_connector, context.obj, format=format)


app.command()(check)
app.command()(new)
