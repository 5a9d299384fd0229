"""``agentctl rollback``: undo a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from agentctl.cli.carry import Asked, carry_out, show
from agentctl.cli.declared import option
from agentctl.cli.options import DiffOption, JsonInto, LockTimeout, RunArgument, seconds
from agentctl.cli.output import emit
from agentctl.cli.session import Session
from agentctl.engine.rollback import Selection
from agentctl.errors import Exit
from agentctl.views.document.untouched import untouched as document
from agentctl.views.look import Detail
from agentctl.views.terminal.untouched import draw_untouched


def rollback(
    session: Session,
    run: RunArgument,
    step: Annotated[
        list[str] | None,
        option("--step", metavar="ID", help="Only this step (repeatable).", offers="steps"),
    ] = None,
    from_: Annotated[
        str, option("--from", metavar="ID", help="This step and all after it.", offers="steps")
    ] = "",
    connector: Annotated[
        str,
        option(
            "--connector", metavar="NAME", help="Only steps on this connector.", offers="connectors"
        ),
    ] = "",
    with_dependents: Annotated[
        bool, option("--with-dependents", help="Also undo later steps that rest on the selected ones.")
    ] = False,
    out: Annotated[
        Path | None,
        option("--out", "-o", metavar="FILE", help="Only preview: write the changeset to FILE and stop."),
    ] = None,
    lock_timeout: LockTimeout = "0s",
    diff: DiffOption = Detail.COMPACT,
    json: Annotated[bool, option("--json", help="Print what happens as JSON, one event a line.")] = False,
    json_into: JsonInto = None,
) -> Exit:
    """Undo a run, or some of its steps: previewed, gated and recorded like every other change.

    What somebody changed since is left as it is and reported. Partial is never called success: it exits with 7.

        agentctl rollback latest
        agentctl rollback 4k2m --step tier --with-dependents
    """
    from agentctl.workspace.previewing import preview_rollback
    from agentctl.workspace.unlocking import await_end

    workspace = session.workspace()
    selection = Selection(
        steps=tuple(step or ()), from_=from_, connector=connector, with_dependents=with_dependents
    )
    await_end(workspace, run, seconds(lock_timeout))
    undoing = preview_rollback(workspace, workspace.run_to_act_on(run), selection)
    asked = Asked(session=session, timeout=seconds(lock_timeout), diff=diff, json=json, into=json_into)
    if undoing.preview is None:
        emit(document(run, undoing.left), draw_untouched, session, into=json_into)
        return Exit.OK if undoing.nothing_needed else Exit.INCOMPLETE
    if out is not None:
        from agentctl.workspace.judging import judge

        workspace.save_changeset(undoing.preview, out)
        show(workspace, undoing.preview, judge(workspace, undoing.preview), asked, undoing.left, asking=False)
        return Exit.OK
    return carry_out(workspace, undoing.preview, asked, undoing.left)
