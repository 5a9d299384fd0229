"""``agentctl unhalt``: let what was halted act again."""

from __future__ import annotations

from typing import Annotated

from agentctl.cli.declared import option
from agentctl.cli.halting import AgentName, ConnectorName, Everything, Reason, scope
from agentctl.cli.options import Key
from agentctl.cli.output import talk
from agentctl.cli.session import Session


def unhalt(
    session: Session,
    reason: Reason,
    agent: AgentName = "",
    connector: ConnectorName = "",
    everything: Everything = False,
    as_: Annotated[
        str, option("--as", metavar="PERSON", help="Sign, as this person of the policy.")
    ] = "",
    key: Key = None,
) -> None:
    """Lift the halts of exactly what you name; others stay. What a breaker counted before counts no more.

    Who may is said by the policy's `unhalt:`, and whether a login name is enough or it takes a signature.

        agentctl unhalt --agent sales-ops --reason "fixed in its release 14"
        agentctl unhalt --all --reason "restored" --key ~/.ssh/on-call
    """
    from agentctl.workspace.lifting import Word
    from agentctl.workspace.lifting import unhalt as lift

    word = Word(person=as_, key=key)
    talk(lift(session.workspace(), scope(agent, connector, everything=everything), reason, word) + "\n")
