"""``agentctl schema``: the formats, as JSON Schemas."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from agentctl.resources import schema as find
from agentctl.resources import schema_names
from agentctl.views.emit import write
from agentctl.views.jsontext import pretty

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def schema(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Which format: plan, policy, workspace…", autocompletion=schema_names
        ),
    ],
) -> None:
    """Print the JSON Schema of a format.

        agentctl schema plan > plan.schema.json
    """
    write(pretty(find(name)), sys.stdout)
