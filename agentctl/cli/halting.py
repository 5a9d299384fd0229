"""What ``halt`` and ``unhalt`` share: what is meant, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from agentctl.cli.complete import complete_connectors
from agentctl.errors import Usage
from agentctl.model.halt import Reach, Scope

AgentName = Annotated[str, typer.Option("--agent", metavar="NAME", help="Every plan of this agent.")]
ConnectorName = Annotated[
    str,
    typer.Option(
        "--connector", metavar="NAME", help="Every step on this connector.", autocompletion=complete_connectors
    ),
]
Everything = Annotated[bool, typer.Option("--all", help="Every plan of every agent.")]
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why. Recorded, with your name.", show_default=False)
]


def scope(agent: str, connector: str, *, everything: bool) -> Scope:
    """Return what is meant. Raises Usage unless exactly one is named."""
    named = [Scope(reach, name) for reach, name in ((Reach.AGENT, agent), (Reach.CONNECTOR, connector)) if name]
    named += [Scope(Reach.ALL)] if everything else []
    if len(named) != 1:
        raise Usage("Wrong usage", "Say exactly one of --agent, --connector and --all.")
    return named[0]
