"""``agentctl drift``: what somebody else changed of what we wrote."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.cli.complete import complete_runs
from agentctl.cli.options import FormatOption, JsonInto
from agentctl.cli.output import emit
from agentctl.errors import Exit
from agentctl.views.emit import Format

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def drift(
    context: typer.Context,
    run: Annotated[
        str, typer.Argument(metavar="[RUN]", help="Only what this run wrote.", autocompletion=complete_runs)
    ] = "",
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 where something drifted.")
    ] = False,
    format: FormatOption = Format.TERMINAL,
    json_into: JsonInto = None,
) -> None:
    """Compare the fields we wrote, and only those, with the live systems. Changes nothing.

        agentctl drift --detailed-exitcode
    """
    from agentctl.views.document.drift import drift as document
    from agentctl.views.terminal.drift import draw_drift
    from agentctl.workspace.drifting import drift as compare

    report = compare(context.obj.workspace(), run)
    emit(document(report), draw_drift, context.obj, format=format, into=json_into)
    raise typer.Exit(Exit.CHANGES if detailed_exitcode and report.drifts else Exit.OK)
