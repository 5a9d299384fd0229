"""A command line that was read: which command, in what session, with what values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from agentctl.cli.declared import Command, option, parameter_names
from agentctl.cli.session import Session
from agentctl.facts import dataclass


@dataclass(frozen=True, kw_only=True)
class Call:
    """The function of a command, and what it and its session are called with."""

    command: Command
    start: Mapping[str, Any]
    values: Mapping[str, Any]

    def carry_out(self) -> int | None:
        """Begin the session and run the command in it. Raises what the command raises."""
        session = begin(**self.start)
        if "session" in parameter_names(self.command):
            return self.command(session, **self.values)
        return self.command(**self.values)


def begin(
    directory: Annotated[
        str, option("-C", metavar="DIR", help="Work as if started in DIR (AGENTCTL_DIRECTORY).")
    ] = "",
    no_color: Annotated[
        bool, option("--no-color", help="Draw without colour (AGENTCTL_NO_COLOR, NO_COLOR).")
    ] = False,
    policy: Annotated[
        str,
        option("--policy", metavar="git:REF:PATH", help="Take the policy as committed at a git ref (AGENTCTL_POLICY)."),
    ] = "",
) -> Session:
    """Let agents propose, and people decide: plan, review, apply, explain, roll back.

        agentctl init
        agentctl plan plan.yaml
        agentctl apply plan.yaml
        agentctl show
        agentctl rollback latest
    """
    return Session.begin(directory, no_color=no_color, policy=policy)
