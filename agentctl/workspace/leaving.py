"""What a reviewed rollback leaves alone, told anew when it is carried out: a changeset holds only what it does."""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.engine.keys import undo_id
from agentctl.engine.rollback import Selection
from agentctl.model.changeset import ChangeSet, Purpose
from agentctl.model.run import Left
from agentctl.workspace.previewing import preview_rollback
from agentctl.workspace.workspace import Workspace


def left_by(workspace: Workspace, changeset: ChangeSet) -> Mapping[str, Left]:
    """Return the steps that ``changeset``, a rollback, cannot put back; nothing where it is no rollback."""
    if changeset.purpose is not Purpose.ROLLBACK:
        return {}
    undone = {step.id for step in changeset.plan.steps}
    left = preview_rollback(workspace, workspace.run(changeset.undoes), Selection()).left
    return {name: item for name, item in left.items() if undo_id(name) not in undone}
