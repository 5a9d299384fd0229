"""``agentctl policy replay``: what a new policy would have said of what was done."""

from __future__ import annotations

from typing import Annotated

from agentctl.cli.declared import option
from agentctl.cli.options import JsonInto
from agentctl.cli.report import ReportOption, emit_report, reported
from agentctl.cli.session import Session
from agentctl.errors import Exit
from agentctl.views.report import Report

_NAME = ("policy replay",)


def replay(
    session: Session,
    base: Annotated[
        str, option("--base", metavar="OLD", help="The old policy: a file, a folder, git:REF or git:REF:PATH.")
    ],
    new: Annotated[
        str, option("--new", metavar="NEW", help="The new one; by default this workspace's.")
    ] = "",
    runs: Annotated[
        list[str] | None,
        option("--runs", metavar="RUN", help="Only these runs; give it once for each.",
                     offers="runs"),
    ] = None,
    allow_widening: Annotated[
        bool, option("--allow-widening", help="End with 0 even where the new policy allows more.")
    ] = False,
    format: ReportOption = Report.TERMINAL,
    json_into: JsonInto = None,
) -> Exit:
    """Judge the recorded changes of past runs under two policies and show where the answers differ.

    No live system is asked. Ends with 4 where the new policy allows what the old one denied, or asks for less consent.

        agentctl policy replay --base git:origin/main
        agentctl policy replay --base old.yaml --new new.yaml --runs latest
    """
    from agentctl.views.document.policy_replay import policy_replay
    from agentctl.views.terminal.policy_replay import draw_policy_replay
    from agentctl.workspace.replaying import replay_runs

    with reported(format, _NAME):
        workspace = session.workspace()
        replayed = replay_runs(workspace, base, new, runs or ())
    document = policy_replay(
        replayed.changes, replayed.base, replayed.new, widening_wanted=allow_widening
    )
    emit_report(
        document, draw_policy_replay, session, _NAME, format=format, into=json_into, root=workspace.root
    )
    return Exit.REFUSED if document["widens"] and not allow_widening else Exit.OK
