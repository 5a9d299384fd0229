"""What a plan, a stored changeset or a rollback would do now; how that is computed is ``engine``'s part."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agentctl.engine.authoring import authorship
from agentctl.engine.keys import Ledger, ledger
from agentctl.engine.preview import Preview, Setting, preview
from agentctl.engine.protect import concealed
from agentctl.errors import Stale
from agentctl.model.changeset import Purpose
from agentctl.model.plan import Plan
from agentctl.model.run import Run
from agentctl.workspace.workspace import Workspace, is_plan

if TYPE_CHECKING:
    from agentctl.engine.rollback import Selection, Undoing


def preview_plan(workspace: Workspace, plan: Plan, *, repeat: int = 0) -> Preview:
    """Return what ``plan`` would do. Reads live systems and changes nothing. Raises Tampered on a damaged trace."""
    setting = Setting(
        lineage=workspace.lineage,
        tenant=workspace.file.tenant,
        environment=workspace.file.environment,
        now=workspace.now(),
        repeat=repeat,
        ledger=ledger(workspace.whole_history(), plan, workspace.values),
    )
    by = workspace.judge_now(author=authorship(plan, workspace.policy, workspace.catalog))
    return preview(plan, workspace.readable, by, workspace.vault, setting)


def preview_of(workspace: Workspace, subject: str) -> Preview:
    """Return the preview of a plan file, or of a stored changeset: which must come out the same, or is stale."""
    path = Path(subject)
    if is_plan(path):
        return preview_plan(workspace, workspace.load_plan(path))
    from agentctl.engine.again import preview_again

    changeset, hidden = workspace.stored_here(subject)
    try:
        by = workspace.judge_of(changeset, hidden)
        return preview_again(changeset, hidden, workspace.readable, by, workspace.vault)
    except Stale as error:
        if changeset.plan.edited:       # no file holds what a person made of it
            error.command = f"agentctl plan {changeset.digest.removeprefix('sha256:')[:12]}"
        raise


def preview_rollback(workspace: Workspace, run: Run, selection: Selection) -> Undoing:
    """Return what undoing ``selection`` of ``run`` would do, and which steps it would leave alone."""
    from agentctl.engine.rollback import preview_undoing, select
    from agentctl.engine.undone import perhaps_undone, undone
    from agentctl.workspace.missing import why_missing

    values = workspace.values(run)
    setting = Setting(
        lineage=workspace.lineage,
        tenant=workspace.file.tenant,
        environment=workspace.file.environment,
        now=workspace.now(),
        purpose=Purpose.ROLLBACK,
        undoes=run.id,
        ledger=Ledger(),        # an inverse is compared with what is there, not with a key
        concealed=concealed(values),
    )
    return preview_undoing(
        run,
        select(run, selection, workspace.readable),
        undone(workspace.history(), run),
        perhaps_undone(workspace.history(), run, workspace.systems),
        values,
        workspace.readable,
        workspace.judge_now(Purpose.ROLLBACK),
        workspace.vault,
        setting,
        lambda: why_missing(workspace, run),
    )
