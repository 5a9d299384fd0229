"""``agentctl init``: make a workspace."""

from __future__ import annotations

from typing import Annotated

from agentctl.cli.declared import argument, option
from agentctl.cli.output import talk
from agentctl.cli.session import Session


def init(
    session: Session,
    directory: Annotated[str, argument(metavar="[DIR]", help="Where; by default here.")] = "",
    policy: Annotated[
        str,
        option(
            "--policy", metavar="NAME", help="Which first policy to write.", offers="baselines"
        ),
    ] = "write-with-approval",
    group: Annotated[
        str, option("--group", metavar="G", help="Share the workspace with this Unix group.")
    ] = "",
) -> None:
    """Make a workspace: agentctl.yaml and a first policy where there are none, its lineage, and its key.

    The key is written outside the workspace. Whatever exists already is left as it is.

        agentctl init
        agentctl init ./ops --policy read-only
    """
    import os

    from agentctl.workspace.making import make

    start = session.start / directory
    talk(make(start, os.environ, policy=policy, group=group, tell=session.tell))
