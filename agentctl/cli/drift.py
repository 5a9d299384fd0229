"""``agentctl drift``: what somebody else changed of what we wrote."""

from __future__ import annotations

from typing import Annotated

from agentctl.cli.declared import argument, option
from agentctl.cli.options import FormatOption, JsonInto
from agentctl.cli.output import emit
from agentctl.cli.session import Session
from agentctl.errors import Exit
from agentctl.views.emit import Format


def drift(
    session: Session,
    run: Annotated[
        str, argument(metavar="[RUN]", help="Only what this run wrote.", offers="runs")
    ] = "",
    detailed_exitcode: Annotated[
        bool, option("--detailed-exitcode", help="Exit with 2 where something drifted.")
    ] = False,
    format: FormatOption = Format.TERMINAL,
    json_into: JsonInto = None,
) -> Exit:
    """Compare the fields we wrote, and only those, with the live systems. Changes nothing.

        agentctl drift --detailed-exitcode
    """
    from agentctl.views.document.drift import drift as document
    from agentctl.views.terminal.drift import draw_drift
    from agentctl.workspace.drifting import drift as compare

    report = compare(session.workspace(), run)
    emit(document(report), draw_drift, session, format=format, into=json_into)
    return Exit.CHANGES if detailed_exitcode and report.drifts else Exit.OK
