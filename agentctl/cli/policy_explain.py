"""``agentctl policy explain``: what policy says of a plan or a changeset, rule by rule."""

from __future__ import annotations

from typing import Annotated

from agentctl.cli.declared import option
from agentctl.cli.options import FormatOption, Subject
from agentctl.cli.output import emit
from agentctl.cli.session import Session
from agentctl.views.emit import Format


def explain(
    session: Session,
    subject: Subject,
    step: Annotated[
        str,
        option(
            "--step", metavar="ID", help="One step; by default all of them.", offers="steps of the plan"
        ),
    ] = "",
    format: FormatOption = Format.TERMINAL,
) -> None:
    """Show every rule that was looked at for a step, what it read and what came of it. Changes nothing.

    A plan is previewed live. Of a changeset that was stored, today's policy judges what was stored.

        agentctl policy explain plan.yaml --step tier
        agentctl policy explain f7058103398f
    """
    from agentctl.views.document.explain import explain as document
    from agentctl.views.terminal.explain import draw_explain
    from agentctl.workspace.explaining import explained

    found = explained(session.workspace(), subject, step)
    told = document(
        found.changeset, found.decisions, found.author, found.standings, found.gauges, found.halts
    )
    emit(told, draw_explain, session, format=format)
