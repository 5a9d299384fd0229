"""Why hidden values of a run cannot be read, in words: dropped by retention, lost, or not for this machine."""

from __future__ import annotations

from agentctl.model.retention import dropped
from agentctl.model.run import Run
from agentctl.store import packs
from agentctl.workspace.workspace import Workspace


def why_missing(workspace: Workspace, run: Run) -> str:
    """Return what is to be said of the values that ``run`` and the runs it carries don't give; it is asked where some
    don't."""
    gone, lost = dropped(workspace.history().acts), ""
    for name in sorted({run.id, *run.carried.values()}):
        if (workspace.layout.packs / name).exists():
            if hidden := packs.read(workspace.layout.packs, name, workspace.vault_if_any).hidden:
                return f"cannot be read: {hidden.removeprefix('hidden: ')}"
        elif name in gone:
            return gone[name].why
        else:       # which is as it should be where the run has nothing to hide
            lost = lost or f"cannot be read: the pack of run {name} is gone, and no gc dropped it"
    return lost
