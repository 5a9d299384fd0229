"""``agentctl apply``: carry out what was consented to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from agentctl.cli.carry import Asked, carry_out, watch
from agentctl.cli.declared import option
from agentctl.cli.options import AutoApprove, DiffOption, JsonInto, LockTimeout, Subject, seconds
from agentctl.cli.session import Session
from agentctl.errors import Exit, Usage
from agentctl.views.look import Detail


def apply(
    session: Session,
    subject: Subject = "",
    resume: Annotated[
        str,
        option("--resume", metavar="RUN", help="Go on with a run that stopped.", offers="runs"),
    ] = "",
    approval: Annotated[
        list[Path] | None,
        option("--approval", metavar="FILE", help="A signed approval (or rejection) sent here (repeatable)."),
    ] = None,
    override: Annotated[
        list[Path] | None,
        option("--override", metavar="FILE", help="A signed override that was sent here (repeatable)."),
    ] = None,
    auto_approve: AutoApprove = False,
    lock_timeout: LockTimeout = "0s",
    diff: DiffOption = Detail.COMPACT,
    json: Annotated[bool, option("--json", help="Print what happens as JSON, one event a line.")] = False,
    json_into: JsonInto = None,
) -> Exit:
    """Carry out a plan, or a changeset that was reviewed.

    A plan is previewed and shown first, and you are asked. A digest or a changeset file is carried out if it still
    comes out the same. A run that stopped goes on under the same consent with --resume.

    What signed approvals cover, those made here and those brought with --approval, needs nobody to answer. Soft rules
    are passed under overrides, those recorded here and those brought with --override.

        agentctl apply plan.yaml
        agentctl apply 3f9a1c2b77de
        agentctl apply reviewed.changeset --approval lead.approval
        agentctl apply --resume latest
    """
    from agentctl.workspace import approving, overriding, rejecting, running
    from agentctl.workspace.leaving import left_by
    from agentctl.workspace.previewing import preview_of

    if bool(subject) == bool(resume):
        raise Usage("Wrong usage", "Name either a plan or changeset, or a run to --resume.")
    workspace = session.workspace()
    asked = Asked(
        session=session,
        timeout=seconds(lock_timeout),
        diff=diff,
        json=json,
        into=json_into,
        auto_approve=auto_approve,
        approvals=tuple(approval or ()),
        overrides=tuple(override or ()),
    )
    if resume:
        approving.take_in_for(workspace, resume, rejecting.take_in_for(workspace, resume, asked.approvals))
        overriding.take_in_for(workspace, resume, asked.overrides)
        return watch(workspace, asked, lambda control: running.resume(workspace, resume, control))
    preview = preview_of(workspace, subject)
    return carry_out(workspace, preview, asked, left_by(workspace, preview.changeset))
