"""``agentctl approvals``: who signed what, and what became of it."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.cli.complete import complete_subjects
from agentctl.cli.options import FormatOption
from agentctl.cli.output import emit
from agentctl.views.emit import Format

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def approvals(
    context: typer.Context,
    subject: Annotated[
        str,
        typer.Argument(metavar="[DIGEST]", help="Only those for this changeset.", autocompletion=complete_subjects),
    ] = "",
    format: FormatOption = Format.TERMINAL,
) -> None:
    """List what people signed here: approvals, overrides and rejections, whose, for what, and whether each counts.

        agentctl approvals
        agentctl approvals 3f9a1c2b77de --format json
    """
    from agentctl.views.document.approvals import approvals as document
    from agentctl.views.terminal.approvals import draw_approvals
    from agentctl.workspace import approving, overriding, rejected

    workspace = context.obj.workspace()
    rejections = rejected.listed(workspace.layout, workspace.history(), workspace.policy, subject)
    told = document(
        approving.listed(workspace, subject),
        rejections,
        approving.damaged(workspace, subject),
        overriding.listed(workspace, subject),
        rejected.damaged(workspace.layout),
    )
    emit(told, draw_approvals, context.obj, format=format)
