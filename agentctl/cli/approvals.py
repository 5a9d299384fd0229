"""``agentctl approvals``: who signed what, and what became of it."""

from __future__ import annotations

from typing import Annotated

from agentctl.cli.declared import argument
from agentctl.cli.options import FormatOption
from agentctl.cli.output import emit
from agentctl.cli.session import Session
from agentctl.views.emit import Format


def approvals(
    session: Session,
    subject: Annotated[
        str,
        argument(metavar="[DIGEST]", help="Only those for this changeset.", offers="subjects"),
    ] = "",
    format: FormatOption = Format.TERMINAL,
) -> None:
    """List what people signed here: approvals, overrides and rejections, whose, for what, and whether each counts.

        agentctl approvals
        agentctl approvals 3f9a1c2b77de --format json
    """
    from agentctl.views.document.approvals import approvals as document
    from agentctl.views.terminal.approvals import draw_approvals
    from agentctl.workspace import approving, overriding, rejected

    workspace = session.workspace()
    rejections = rejected.listed(workspace.layout, workspace.history(), workspace.policy, subject)
    told = document(
        approving.listed(workspace, subject),
        rejections,
        approving.damaged(workspace, subject),
        overriding.listed(workspace, subject),
        rejected.damaged(workspace.layout),
    )
    emit(told, draw_approvals, session, format=format)
