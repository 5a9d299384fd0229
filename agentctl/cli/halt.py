"""``agentctl halt``: keep an agent, a connector or everything from acting."""

from __future__ import annotations

from agentctl.cli.halting import AgentName, ConnectorName, Everything, Reason, scope
from agentctl.cli.output import talk
from agentctl.cli.session import Session


def halt(
    session: Session,
    reason: Reason,
    agent: AgentName = "",
    connector: ConnectorName = "",
    everything: Everything = False,
) -> None:
    """Stop an agent, a connector or everything from acting, at once and until `agentctl unhalt`.

    A running apply stops before its next step, too. Looking, settling what is in doubt and rolling back go on.

        agentctl halt --agent sales-ops --reason "it halves prices"
        agentctl halt --all --reason "incident 4711"
    """
    from agentctl.workspace.halting import halt as stop

    talk(stop(session.workspace(), scope(agent, connector, everything=everything), reason) + "\n")
