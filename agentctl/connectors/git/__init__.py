"""The git connector: branches, commits and files of one repository, without running anything the repository brings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from agentctl.connectors.base import ConnectorType, Instance, Setting
from agentctl.connectors.git.connector import VERSION, GitConnector

__all__ = ["TYPE", "GitConnector", "GitType"]

_NAME = {"type": "string", "pattern": r"^[^<>\x00-\x1f]*[^<>\x00-\x20][^<>\x00-\x1f]*$"}


class GitType:
    """What the registry knows of this connector."""

    type = "git"
    version = VERSION
    settings: Mapping[str, Setting] = {
        "path": Setting(
            schema={"type": "string", "minLength": 1}, summary="The top of the repository.", required=True
        ),
        "author": Setting(
            schema={
                "type": "object",
                "properties": {"name": _NAME, "email": _NAME},
                "required": ["name", "email"],
                "additionalProperties": False,
            },
            summary="Who commits; agentctl <agentctl@localhost> where nobody is named.",
        ),
        "hooks": Setting(
            schema={"type": "boolean"}, summary="Run the repository's hooks. They are programs; off unless set."
        ),
    }

    def open(self, instance: Instance) -> GitConnector:
        settings = cast(Mapping[str, Any], instance.settings)
        author = settings.get("author", {"name": "agentctl", "email": "agentctl@localhost"})
        return GitConnector(
            instance.name,
            Path(instance.root, settings["path"]).resolve(),
            reserved=tuple(str(Path(instance.root, path).resolve()) for path in instance.reserved),
            author=(author["name"], author["email"]),
            hooks=settings.get("hooks", False),
        )


TYPE: ConnectorType = GitType()
