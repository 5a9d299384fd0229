"""``agentctl policy test``: cases judged offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from agentctl.cli.declared import argument
from agentctl.cli.options import JsonInto
from agentctl.cli.report import ReportOption, emit_report, reported
from agentctl.cli.session import Session
from agentctl.errors import Exit
from agentctl.views.report import Report

_NAME = ("policy test",)


def judge_cases(
    session: Session,
    files: Annotated[
        list[Path] | None,
        argument(
            metavar="[FILE…]",
            help="Files of cases; by default policy/tests/*.yaml, or policy.tests.yaml beside a policy of one file.",
        ),
    ] = None,
    format: ReportOption = Report.TERMINAL,
    json_into: JsonInto = None,
) -> Exit:
    """Judge cases under the policy and say which answers differ, and which rules no case reached.

    No live system is asked. Ends with 4 where an answer differs.

        agentctl policy test
        agentctl policy test --format junit > policy.xml
    """
    from agentctl.views.document.policy_test import policy_test
    from agentctl.views.terminal.policy_test import draw_policy_test
    from agentctl.workspace.policing import run_cases

    with reported(format, _NAME):
        workspace = session.workspace()
        document = policy_test(run_cases(workspace, files or ()), workspace.policy_source.name)
    emit_report(
        document, draw_policy_test, session, _NAME, format=format, into=json_into, root=workspace.root
    )
    return Exit.OK if document["passes"] else Exit.REFUSED
