"""``agentctl policy``: what policy says of a plan, rule by rule, and what is told about policy itself."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.cli.complete import complete_steps_of_plan
from agentctl.cli.options import FormatOption, PlanPath
from agentctl.cli.output import emit
from agentctl.cli.policy_lint import lint
from agentctl.cli.policy_replay import replay
from agentctl.cli.policy_show import show
from agentctl.cli.policy_test import judge_cases
from agentctl.views.emit import Format

app = typer.Typer(
    help="Show, explain, test, check and replay policy.",
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.callback()
def policy() -> None:
    """Show, explain, test, check and replay policy."""


@app.command()
def explain(
    context: typer.Context,
    path: PlanPath,
    step: Annotated[
        str,
        typer.Option(
            "--step", metavar="ID", help="One step; by default all of them.", autocompletion=complete_steps_of_plan
        ),
    ] = "",
    format: FormatOption = Format.TERMINAL,
) -> None:
    """Show every rule that was looked at for a step, what it read and what came of it. Changes nothing.

        agentctl policy explain plan.yaml --step tier
    """
    from agentctl.engine.overrides import lifted
    from agentctl.views.document.explain import explain as document
    from agentctl.views.terminal.explain import draw_explain
    from agentctl.workspace.consenting import given

    workspace = context.obj.workspace()
    preview = workspace.preview(workspace.load_plan(path))
    consent = given(workspace, preview.changeset)
    told = document(
        preview.changeset,
        [lifted(decision, consent) for decision in workspace.decisions(preview, step)],
        preview.author,
        workspace.limits(preview, consent),
        workspace.gauges(preview.plan),
        workspace.halts(),
    )
    emit(told, draw_explain, context.obj, format=format)


app.command()(show)
app.command("test")(judge_cases)
app.command()(lint)
app.command()(replay)
