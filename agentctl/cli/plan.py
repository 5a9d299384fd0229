"""``agentctl plan``: what a plan would change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from agentctl.cli.codes import code_for
from agentctl.cli.declared import option
from agentctl.cli.options import DiffOption, JsonInto, Planned
from agentctl.cli.report import ReportOption, emit_report, reported
from agentctl.cli.session import Session
from agentctl.errors import Exit
from agentctl.views.look import Detail
from agentctl.views.report import Report


def plan(
    session: Session,
    subject: Planned,
    out: Annotated[
        Path | None, option("--out", "-o", metavar="FILE", help="Also write the changeset to FILE.")
    ] = None,
    diff: DiffOption = Detail.COMPACT,
    detailed_exitcode: Annotated[
        bool, option("--detailed-exitcode", help="Exit with 2 where there are changes.")
    ] = False,
    again: Annotated[
        int, option("--again", least=0, metavar="N", help="Do once more what this plan has done N times.")
    ] = 0,
    format: ReportOption = Report.TERMINAL,
    json_into: JsonInto = None,
) -> Exit:
    """Show what a plan would change, without changing it.

    The changeset is kept under its digest, for `agentctl apply DIGEST`. What was planned or edited before and is stale
    is planned anew by its digest. In CI, sarif, junit and github say at the
    step's line what is denied or waits, and markdown is a summary or a comment.

        agentctl plan plan.yaml
        agentctl plan plan.yaml -o plan.changeset --detailed-exitcode
        agentctl plan plan.yaml --format markdown >> "$GITHUB_STEP_SUMMARY"
    """
    from agentctl.views.document.changeset import changeset as document
    from agentctl.views.document.debts import debts
    from agentctl.views.terminal.changeset import draw_changeset
    from agentctl.workspace import judging
    from agentctl.workspace.consenting import given
    from agentctl.workspace.owing import owed
    from agentctl.workspace.planning import plan_of
    from agentctl.workspace.previewing import preview_plan

    path = Path(subject)
    with reported(format, [path]):
        workspace = session.workspace()
        meant = plan_of(workspace, subject)
        preview = preview_plan(workspace, meant.plan, repeat=again or meant.repeat)
        consent = given(workspace, preview.changeset)
        rulings = judging.judge(workspace, preview, consent)
        workspace.save_changeset(preview, out)
    emit_report(
        document(
            preview.changeset, rulings, workspace.specs, values=preview.hidden, author=preview.author,
            limits=judging.limits(workspace, preview, consent), overrides=consent.overrides,
        ) | {"debts": debts(owed(workspace), workspace.time())},
        draw_changeset,
        session,
        [path],
        format=format,
        into=json_into,
        detail=diff,
    )
    return code_for(preview.changeset, rulings, detailed=detailed_exitcode)
