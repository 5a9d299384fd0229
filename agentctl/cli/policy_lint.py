"""``agentctl policy lint``: what is wrong with a policy, and whether it may ship."""

from __future__ import annotations

from agentctl.cli.options import JsonInto
from agentctl.cli.report import ReportOption, emit_report, reported
from agentctl.cli.session import Session
from agentctl.errors import Exit
from agentctl.views.report import Report

_NAME = ("policy lint",)


def lint(
    session: Session, format: ReportOption = Report.TERMINAL, json_into: JsonInto = None
) -> Exit:
    """Find rules that never speak and names nobody has, and say of each role and connector: ship or no-ship.

    No live system is asked. Ends with 4 where there is an error, or where a capability lacks a control it must have:
    field allowlists, diffs, rollback and per-object scope for writes, a person's consent for what executes.

        agentctl policy lint
        agentctl policy lint --format sarif > policy.sarif
    """
    from agentctl.views.document.policy_lint import policy_lint
    from agentctl.views.terminal.policy_lint import draw_policy_lint
    from agentctl.workspace.policing import check

    with reported(format, _NAME):
        workspace = session.workspace()
        document = policy_lint(check(workspace), workspace.policy_source.name)
    emit_report(
        document, draw_policy_lint, session, _NAME, format=format, into=json_into, root=workspace.root
    )
    return Exit.OK if document["ships"] else Exit.REFUSED
