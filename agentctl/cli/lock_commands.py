"""``agentctl lock``: who holds the workspace."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.cli.options import FormatOption
from agentctl.cli.output import emit, talk
from agentctl.views.emit import Format

app = typer.Typer(
    help="See who holds the workspace, or break a dead lock.",
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.command()
def show(context: typer.Context, format: FormatOption = Format.TERMINAL) -> None:
    """Show which run, person and process holds the lock, and whether it lives."""
    from agentctl.store.heirs import heirs
    from agentctl.store.owner import show as holder
    from agentctl.views.document.lock import lock as document
    from agentctl.views.terminal.lock import draw_lock

    path = context.obj.workspace().layout.lock
    emit(document(holder(path), heirs(path)), draw_lock, context.obj, format=format)


@app.command("break")
def break_(
    context: typer.Context,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it may be broken.", show_default=False)],
) -> None:
    """Break a lock whose owner is gone and cannot be proven dead from here. Recorded, with your reason.

        agentctl lock break --reason "ops-1 was reinstalled"
    """
    from agentctl.workspace.unlocking import break_lock

    talk(break_lock(context.obj.workspace(), reason) + "\n")
