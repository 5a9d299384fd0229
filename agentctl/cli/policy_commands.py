"""``agentctl policy``: its subcommands, each of them in a file of its own."""

from __future__ import annotations

import typer

from agentctl.cli.policy_explain import explain
from agentctl.cli.policy_lint import lint
from agentctl.cli.policy_replay import replay
from agentctl.cli.policy_show import show
from agentctl.cli.policy_test import judge_cases

app = typer.Typer(
    help="Show, explain, test, check and replay policy.",
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.callback()
def policy() -> None:
    """Show, explain, test, check and replay policy."""


app.command()(explain)
app.command()(show)
app.command("test")(judge_cases)
app.command()(lint)
app.command()(replay)
