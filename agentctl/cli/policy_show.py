"""``agentctl policy show``: the policy as it stands."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from agentctl.cli.declared import option
from agentctl.cli.output import emit
from agentctl.cli.session import Session
from agentctl.views.emit import Format


class ShowFormat(StrEnum):
    TERMINAL = "terminal"
    JSON = "json"
    MARKDOWN = "markdown"


def show(
    session: Session,
    format: Annotated[ShowFormat, option("--format", help="How to print the result.")] = ShowFormat.TERMINAL,
) -> None:
    """Show who may do what to which records, under which conditions and whose consent, each rule with its place.

        agentctl policy show
        agentctl policy show --format markdown > policy.md
    """
    import sys

    from agentctl.views.document.policy_show import policy_show
    from agentctl.views.emit import write
    from agentctl.views.policy_markdown import policy_markdown
    from agentctl.views.terminal.policy_show import draw_policy_show
    from agentctl.workspace.policing import shown

    document = policy_show(shown(session.workspace()))
    if format is ShowFormat.MARKDOWN:
        write(policy_markdown(document), sys.stdout)
    else:
        emit(document, draw_policy_show, session, format=Format(format.value))
