"""``agentctl show``: explain what happened, or what would."""

from __future__ import annotations

from typing import Annotated

from agentctl.cli.declared import argument, option
from agentctl.cli.options import DiffOption, FormatOption, JsonInto
from agentctl.cli.output import emit
from agentctl.cli.session import Session
from agentctl.views.emit import Format
from agentctl.views.look import Detail


def show(
    session: Session,
    run: Annotated[
        str,
        argument(metavar="[RUN|DIGEST]", help="By default open runs first, else the latest.",
                       offers="runs"),
    ] = "",
    step: Annotated[
        str, option("--step", metavar="ID", help="One step, with everything.", offers="steps")
    ] = "",
    diff: DiffOption = Detail.COMPACT,
    format: FormatOption = Format.TERMINAL,
    json_into: JsonInto = None,
) -> None:
    """Explain a run: what was asked, what policy said, what was done, what is in doubt, what to do now.

    Works during an apply, on a broken trace, and without the workspace key (hidden values then stay hidden).

        agentctl show
        agentctl show latest --step tier
        agentctl show 3f9a1c2b77de --step letter-7
    """
    from agentctl.workspace.showing import document_of

    document, draw = document_of(session.workspace(), run, step)
    emit(document, draw, session, format=format, into=json_into, detail=diff)
