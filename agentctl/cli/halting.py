"""What ``halt`` and ``unhalt`` share: what is meant, and why."""

from __future__ import annotations

from typing import Annotated

from agentctl.cli.declared import option
from agentctl.errors import Usage
from agentctl.model.halt import Reach, Scope

AgentName = Annotated[str, option("--agent", metavar="NAME", help="Every plan of this agent.")]
ConnectorName = Annotated[
    str,
    option(
        "--connector", metavar="NAME", help="Every step on this connector.", offers="connectors"
    ),
]
Everything = Annotated[bool, option("--all", help="Every plan of every agent.")]
Reason = Annotated[
    str, option("--reason", metavar="TEXT", help="Why. Recorded, with your name.", show_default=False)
]


def scope(agent: str, connector: str, *, everything: bool) -> Scope:
    """Return what is meant. Raises Usage unless exactly one is named."""
    named = [Scope(reach, name) for reach, name in ((Reach.AGENT, agent), (Reach.CONNECTOR, connector)) if name]
    named += [Scope(Reach.ALL)] if everything else []
    if len(named) != 1:
        raise Usage("Wrong usage", "Say exactly one of --agent, --connector and --all.")
    return named[0]
