"""Which reviews of broken glass a workspace owes; how one is made is ``reviewing``'s part, which most never need."""

from __future__ import annotations

from agentctl.model.debt import Debt, debts
from agentctl.workspace.lineage import FOLDER
from agentctl.workspace.workspace import Workspace


def owed(workspace: Workspace) -> tuple[Debt, ...]:
    """Return the reviews that are owed; none where this machine has no store to tell of any."""
    return debts(workspace.history()) if (workspace.root / FOLDER).is_dir() else ()
