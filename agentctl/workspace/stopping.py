"""A run stopped from another terminal: its process is signalled as Ctrl-C would."""

from __future__ import annotations

import os
import signal

from agentctl.errors import Usage
from agentctl.model.run import RunStatus
from agentctl.store.owner import show
from agentctl.workspace.workspace import Workspace


def stop(workspace: Workspace, name: str, *, now: bool) -> str:
    """Signal the process of a running run, once or (``now``) twice; return what that means. Raises Usage."""
    run = workspace.run(name)
    owner = show(workspace.layout.lock)
    if run.status is not RunStatus.OPEN or owner is None or owner.run != run.id:
        raise Usage(
            "The run is not running",
            f"Run {run.id} is {run.status}.",
            hint="To see how it ended:",
            command=f"agentctl show {run.id}",
        )
    if owner.alive is not True:
        raise Usage(
            "The run's process is not here",
            f"Run {run.id} was started by process {owner.pid} on {owner.host}"
            + (", which is dead." if owner.alive is False else "; stop it there."),
            command=f"agentctl show {run.id}",
        )
    try:
        os.kill(owner.pid, signal.SIGINT)
        if now:
            os.kill(owner.pid, signal.SIGTERM)      # the same signal twice may arrive as one
    except PermissionError as error:
        raise Usage("The run is another person's", f"{owner.person} runs it; ask them, or their root.") from error
    if now:
        return f"Run {run.id} is stopped; a step in flight is in doubt. See:\n    agentctl show {run.id}"
    return f"Run {run.id} stops after the step in flight. See:\n    agentctl show {run.id}"
