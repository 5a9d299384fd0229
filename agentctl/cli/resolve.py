"""``agentctl resolve``: a person says what became of a step in doubt."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.cli.options import RunArgument, StepArgument
from agentctl.cli.output import talk
from agentctl.errors import Usage

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def resolve(
    context: typer.Context,
    run: RunArgument,
    step: StepArgument,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="How you know.", show_default=False)],
    happened: Annotated[bool, typer.Option("--happened", help="It was done.")] = False,
    did_not: Annotated[bool, typer.Option("--did-not", help="It was not done; resuming will do it.")] = False,
    skip: Annotated[bool, typer.Option("--skip", help="Leave it be; steps that need it stay undone.")] = False,
) -> None:
    """Record what became of a step that is in doubt. Your answer, name and reason go into the trace.

        agentctl resolve latest mail --happened --reason "the customer confirmed it"
    """
    answers = [name for name, given in (("happened", happened), ("did-not", did_not), ("skip", skip)) if given]
    if len(answers) != 1:
        raise Usage("Wrong usage", "Say exactly one of --happened, --did-not and --skip.")
    from agentctl.workspace.resolving import resolve as resolve_step

    talk(resolve_step(context.obj.workspace(), run, step, answers[0], reason) + "\n")
