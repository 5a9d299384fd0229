"""``agentctl validate``: check plans offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from agentctl.cli.declared import argument
from agentctl.cli.options import JsonInto
from agentctl.cli.report import ReportOption, emit_report, reported
from agentctl.cli.session import Session
from agentctl.errors import Exit
from agentctl.views.report import Report


def validate(
    session: Session,
    plans: Annotated[
        list[Path],
        argument(metavar="PLAN…", help="Plan files.", show_default=False, offers="plans"),
    ],
    format: ReportOption = Report.TERMINAL,
    json_into: JsonInto = None,
) -> Exit:
    """Check plans against their schema, every action's, and what policy denies in any case, touching no system.

    Every problem is reported at once, with its place. Ends with 4 where policy is all that stands against it; what
    hangs on live values is told by `agentctl plan`. With --format json an agent gets JSON pointers and can mend its
    own plan in one turn; sarif, junit, github and markdown are for CI.

        agentctl validate plan.yaml
        agentctl validate plans/*.yaml --format json
        agentctl validate plans/*.yaml --format sarif > agentctl.sarif
    """
    from agentctl.model.diagnostic import DENIED
    from agentctl.views.document.diagnostics import diagnostics
    from agentctl.views.terminal.diagnostics import draw_diagnostics
    from agentctl.workspace.validating import validate as check

    with reported(format, plans):
        workspace = session.workspace()
        found = [diagnostic for path in plans for diagnostic in check(path, workspace)]
    document = diagnostics(found, [str(path) for path in plans])
    emit_report(document, draw_diagnostics, session, plans, format=format, into=json_into)
    wrong = {item["code"] for item in document["diagnostics"] if item["severity"] == "error"}
    return Exit.OK if not wrong else Exit.REFUSED if wrong == {DENIED} else Exit.INVALID
