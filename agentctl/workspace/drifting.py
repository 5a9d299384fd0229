"""What somebody else changed of what we wrote in this workspace. Comparing is ``engine``'s part."""

from __future__ import annotations

from agentctl.engine.drift import DriftReport
from agentctl.engine.drift import drift as compare
from agentctl.workspace.workspace import Workspace


def drift(workspace: Workspace, run: str = "") -> DriftReport:
    """Compare what we own, or what one run wrote, with the live systems. Raises Tampered on a damaged trace."""
    wanted = workspace.run(run).id if run else ""
    return compare(workspace.whole_history(), workspace.readable, workspace.vault, workspace.now, wanted)
