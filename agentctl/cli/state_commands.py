"""``agentctl state``: what we last knew, and building it again from the trace."""

from __future__ import annotations

from typing import Annotated

from agentctl.cli.declared import Group, argument
from agentctl.cli.options import FormatOption
from agentctl.cli.output import emit, talk
from agentctl.cli.session import Session
from agentctl.views.emit import Format


def list_(session: Session, format: FormatOption = Format.TERMINAL) -> None:
    """List the records we wrote and still own, and by which run and step."""
    from agentctl.views.document.state import state as document
    from agentctl.views.terminal.state import draw_state
    from agentctl.workspace.projecting import load_state

    workspace = session.workspace()
    emit(document(load_state(workspace), workspace.history()), draw_state, session, format=format)


def show(
    session: Session,
    address: Annotated[
        str, argument(metavar="ADDRESS", help="Whose: crm/customers/42.", offers="addresses")
    ],
    format: FormatOption = Format.TERMINAL,
) -> None:
    """Show what we wrote of one record.

        agentctl state show crm/customers/42
    """
    from agentctl.views.document.state import known as document
    from agentctl.views.terminal.state import draw_known
    from agentctl.workspace.projecting import known

    emit(document(address, *known(session.workspace(), address)), draw_known, session, format=format)


def rebuild(session: Session) -> None:
    """Build the state again from the trace alone, and say what it was rebuilt from."""
    from agentctl.workspace.projecting import rebuild as rebuild_state

    talk(rebuild_state(session.workspace()) + "\n")


COMMANDS: Group = {"list": list_, "show": show, "rebuild": rebuild}
