"""``agentctl connectors``: what can be talked to, and what it can do."""

from __future__ import annotations

from typing import Annotated

from agentctl.cli.connector_check import check
from agentctl.cli.connector_new import new
from agentctl.cli.declared import Group, argument
from agentctl.cli.options import FormatOption
from agentctl.cli.output import emit
from agentctl.cli.session import Session
from agentctl.errors import Exit
from agentctl.views.emit import Format


def list_(session: Session, format: FormatOption = Format.TERMINAL) -> None:
    """List the configured connectors of this workspace and the types there are."""
    from agentctl.connectors.registry import types
    from agentctl.views.document.connectors import connectors as document
    from agentctl.views.terminal.connectors import draw_connectors
    from agentctl.workspace import describing

    configured = describing.connectors(session.workspace())
    emit(document(configured, [known.type for known in types()]), draw_connectors, session, format=format)


def whoami(
    session: Session,
    name: Annotated[
        str, argument(metavar="[NAME]", help="A configured connector.", offers="connectors")
    ] = "",
    format: FormatOption = Format.TERMINAL,
) -> Exit:
    """Ask the systems who we are there, and tell what the tokens we look with may do and when they end.

    Changes nothing. Ends with 10 where a connector does not work.

        agentctl connectors whoami
        agentctl connectors whoami github --format json
    """
    from agentctl.views.document.whoami import whoami as document
    from agentctl.views.terminal.whoami import draw_whoami
    from agentctl.workspace.whoami import speakers

    found = document(speakers(session.workspace(), name))
    emit(found, draw_whoami, session, format=format)
    return Exit.OK if found["works"] else Exit.UNREACHABLE


def show(
    session: Session,
    name: Annotated[
        str, argument(metavar="NAME", help="A configured connector.", offers="connectors")
    ],
    format: FormatOption = Format.TERMINAL,
) -> None:
    """Show every action of a connector: its power, how it can be undone, what its preview can tell.

        agentctl connectors show crm
    """
    from agentctl.views.document.connectors import connector as document
    from agentctl.views.terminal.connectors import draw_connector
    from agentctl.workspace import describing

    found = describing.connector(session.workspace(), name)
    emit(document(*found), draw_connector, session, format=format)


COMMANDS: Group = {"list": list_, "whoami": whoami, "show": show, "check": check, "new": new}
