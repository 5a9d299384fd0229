"""``agentctl unhalt``: let what was halted act again."""

from __future__ import annotations

import typer

from agentctl.cli.halting import AgentName, ConnectorName, Everything, Reason, scope
from agentctl.cli.output import talk

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def unhalt(
    context: typer.Context,
    reason: Reason,
    agent: AgentName = "",
    connector: ConnectorName = "",
    everything: Everything = False,
) -> None:
    """Lift the halts of exactly what you name; others stay.

        agentctl unhalt --agent sales-ops --reason "fixed in its release 14"
    """
    from agentctl.workspace.halting import unhalt as lift

    talk(lift(context.obj.workspace(), scope(agent, connector, everything=everything), reason) + "\n")
