"""The plan somebody means: a file's, or that of a changeset which is stored and may be planned anew."""

from __future__ import annotations

from pathlib import Path

from agentctl.engine.protect import reveal_plan
from agentctl.errors import Usage
from agentctl.facts import dataclass
from agentctl.model.changeset import Purpose
from agentctl.model.plan import Plan
from agentctl.workspace.workspace import Workspace, is_plan


@dataclass(frozen=True, kw_only=True)
class Meant:
    """A plan in clear; of a changeset's also its digest and N of its ``--again``."""

    plan: Plan
    digest: str = ""
    repeat: int = 0


def plan_of(workspace: Workspace, subject: str) -> Meant:
    """Return the plan that ``subject``, a plan file or a changeset's digest or file, means.

    Raises Usage for a rollback: it does exactly what a run recorded, and is made by `rollback` alone. Raises Invalid
    where the workspace has changed so that the plan is none any more.
    """
    path = Path(subject)
    stored = workspace.changesets.has(subject) if not path.exists() else path.is_file() and not is_plan(path)
    if not stored:      # a pipe, too, is a plan, and can be read but once
        return Meant(plan=workspace.load_plan(path))
    changeset, hidden = workspace.stored_here(subject)
    if changeset.purpose is Purpose.ROLLBACK:
        raise Usage(
            "A rollback is not planned anew or edited",
            "It does exactly what a run recorded as its way back.",
            hint="To undo what can be undone now, or only some steps (--step):",
            command=f"agentctl rollback {changeset.undoes}",
        )
    from agentctl.engine.edit import judged

    plan = reveal_plan(changeset.plan, hidden)
    judged(plan, workspace.catalog, "The plan is not valid here any more")
    return Meant(plan=plan, digest=changeset.digest, repeat=changeset.repeat)
