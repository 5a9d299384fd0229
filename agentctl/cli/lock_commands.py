"""``agentctl lock``: who holds the workspace."""

from __future__ import annotations

from typing import Annotated

from agentctl.cli.declared import Group, option
from agentctl.cli.options import FormatOption
from agentctl.cli.output import emit, talk
from agentctl.cli.session import Session
from agentctl.views.emit import Format


def show(session: Session, format: FormatOption = Format.TERMINAL) -> None:
    """Show which run, person and process holds the lock, and whether it lives."""
    from agentctl.store.heirs import heirs
    from agentctl.store.owner import show as holder
    from agentctl.views.document.lock import lock as document
    from agentctl.views.terminal.lock import draw_lock

    path = session.workspace().layout.lock
    emit(document(holder(path), heirs(path)), draw_lock, session, format=format)


def break_(
    session: Session,
    reason: Annotated[str, option("--reason", metavar="TEXT", help="Why it may be broken.", show_default=False)],
) -> None:
    """Break a lock whose owner is gone and cannot be proven dead from here. Recorded, with your reason.

        agentctl lock break --reason "ops-1 was reinstalled"
    """
    from agentctl.workspace.unlocking import break_lock

    talk(break_lock(session.workspace(), reason) + "\n")


COMMANDS: Group = {"show": show, "break": break_}
