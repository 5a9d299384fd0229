"""The workspace key handed to a colleague or a runner, and taken in there."""

from __future__ import annotations

from pathlib import Path

from agentctl.errors import Usage
from agentctl.identity import keys
from agentctl.workspace.workspace import Workspace


def exported(workspace: Workspace) -> str:
    """Return the key file's text. Raises NoKey where this machine has none."""
    return keys.text(workspace.key)


def take_in(workspace: Workspace, file: Path) -> Path:
    """Store the key in ``file`` as this workspace's and return where. Raises Tampered for another lineage's, Usage
    where there is a key already."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise Usage("The key cannot be read", f"{file}: {error.strerror}.") from error
    keys.take_in(workspace.key_path, data, workspace.lineage)
    return workspace.key_path
