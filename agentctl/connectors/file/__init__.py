"""The file connector: files below one root, edited without losing what a step does not mention.

Confined by opening every directory on the way without following links; atomic by writing beside and renaming.
"""

from __future__ import annotations

from collections.abc import Mapping
from os.path import realpath
from pathlib import Path
from typing import cast

from agentctl.connectors.base import ConnectorType, Instance, Setting
from agentctl.connectors.file.confine import Scope
from agentctl.connectors.file.connector import VERSION, FileConnector

__all__ = ["TYPE", "FileConnector", "FileType"]

_DEFAULT_LIMIT = 64 * 1024 * 1024


class FileType:
    """What the registry knows of this connector."""

    type = "file"
    version = VERSION
    settings: Mapping[str, Setting] = {
        "root": Setting(
            schema={"type": "string", "minLength": 1},
            summary="The directory it is confined to.",
            required=True,
        ),
        "max_bytes": Setting(
            schema={"type": "integer", "minimum": 1},
            summary="The size in bytes above which a file is refused; 64 MiB unless said.",
        ),
        "protected": Setting(
            schema={"type": "array", "items": {"type": "string", "minLength": 1}},
            summary="Globs below the root that no step may touch, besides what belongs to agentctl and git.",
        ),
    }

    def open(self, instance: Instance) -> FileConnector:
        settings = instance.settings
        scope = Scope(
            root=realpath(Path(instance.root, cast(str, settings["root"]))),      # ``resolve`` raises on loops
            protected=tuple(cast("list[str]", settings.get("protected", ()))),
            reserved=tuple(realpath(Path(instance.root, path)) for path in instance.reserved),
        )
        return FileConnector(instance.name, scope, cast(int, settings.get("max_bytes", _DEFAULT_LIMIT)))


TYPE: ConnectorType = FileType()
