"""``agentctl validate``: check plans offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agentctl.cli.complete import complete_plans
from agentctl.cli.options import FormatOption, JsonInto
from agentctl.cli.output import emit
from agentctl.errors import Exit
from agentctl.views.emit import Format

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def validate(
    context: typer.Context,
    plans: Annotated[
        list[Path],
        typer.Argument(metavar="PLAN…", help="Plan files.", show_default=False, autocompletion=complete_plans),
    ],
    format: FormatOption = Format.TERMINAL,
    json_into: JsonInto = None,
) -> None:
    """Check plans against their schema and every action's, without touching any system.

    Every problem is reported at once, with its place. With --format json an agent gets JSON pointers and can mend its
    own plan in one turn.

        agentctl validate plan.yaml
        agentctl validate plans/*.yaml --format json
    """
    from agentctl.planfile.load import check_file
    from agentctl.views.document.diagnostics import diagnostics
    from agentctl.views.terminal.diagnostics import draw_diagnostics

    catalog = context.obj.workspace().catalog
    found = [diagnostic for path in plans for diagnostic in check_file(path, catalog).diagnostics]
    document = diagnostics(found, [str(path) for path in plans])
    emit(document, draw_diagnostics, context.obj, format=format, into=json_into)
    raise typer.Exit(Exit.OK if document["valid"] else Exit.INVALID)
