"""By whose signatures a long trace is read in stretches. What becomes of their steps is ``trace/replay``'s part."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from agentctl.errors import AgentctlError
from agentctl.trace.chain import ReadFile

if TYPE_CHECKING:
    from agentctl.workspace.workspace import Workspace


def vouching(workspace: Workspace) -> ReadFile | None:
    """Return what reads by the signatures of keys that this machine knows; None where it knows none that works."""
    from agentctl.trace.stretch import Stretches
    from agentctl.workspace.anchoring import anchored

    with suppress(AgentctlError):       # whoever needs the key or the lineage is told what is wrong with them
        by = anchored(workspace, None)
        if by.check is not None:
            return Stretches(workspace.layout.checkpoints, workspace.lineage, by.check)
    return None
