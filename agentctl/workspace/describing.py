"""The configured connectors as they are told of: name, type and actions. Nothing is connected to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from agentctl.errors import Usage
from agentctl.model.action import ActionSpec
from agentctl.workspace.workspace import Workspace


class Described(NamedTuple):
    name: str
    type: str
    actions: Mapping[str, ActionSpec]


def connectors(workspace: Workspace) -> list[Described]:
    """Return each configured connector."""
    return [
        Described(name, str(workspace.file.connectors[name]["type"]), connector.actions)
        for name, connector in workspace.systems.connectors.items()
    ]


def connector(workspace: Workspace, name: str) -> Described:
    """Return one of them. Raises Usage where there is none of that name."""
    for found in connectors(workspace):
        if found.name == name:
            return found
    known = ", ".join(workspace.file.connectors)
    raise Usage("No such connector", f"There is no `{name}`; there are {known}.")
