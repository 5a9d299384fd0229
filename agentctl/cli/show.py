"""``agentctl show``: explain what happened, or what would."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.cli.complete import complete_runs, complete_steps
from agentctl.cli.options import DiffOption, FormatOption, JsonInto
from agentctl.cli.output import emit
from agentctl.views.emit import Format
from agentctl.views.look import Detail

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def show(
    context: typer.Context,
    run: Annotated[
        str,
        typer.Argument(metavar="[RUN|DIGEST]", help="By default open runs first, else the latest.",
                       autocompletion=complete_runs),
    ] = "",
    step: Annotated[
        str, typer.Option("--step", metavar="ID", help="One step, with everything.", autocompletion=complete_steps)
    ] = "",
    diff: DiffOption = Detail.COMPACT,
    format: FormatOption = Format.TERMINAL,
    json_into: JsonInto = None,
) -> None:
    """Explain a run: what was asked, what policy said, what was done, what is in doubt, what to do now.

    Works during an apply, on a broken trace, and without the workspace key (hidden values then stay hidden).

        agentctl show
        agentctl show latest --step tier
        agentctl show 3f9a1c2b77de --step letter-7
    """
    from agentctl.workspace.showing import document_of

    document, draw = document_of(context.obj.workspace(), run, step)
    emit(document, draw, context.obj, format=format, into=json_into, detail=diff)
