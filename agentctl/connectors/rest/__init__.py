"""Systems of record that speak HTTP, each described by a manifest: data that a workspace holds, never code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentctl.connectors.base import Connector, ConnectorType, Instance, Setting
from agentctl.connectors.rest.settings import SETTINGS
from agentctl.errors import Invalid
from agentctl.files import read

_LARGEST = 4 * 1024 * 1024


class RestType:
    """What the registry knows of this connector. Its parts are imported when an instance is opened."""

    type = "rest"
    version = "1"

    settings: Mapping[str, Setting] = {
        "manifest": Setting(
            schema={"type": "string", "minLength": 1, "maxLength": 1000},
            summary="The file that says what the system holds and can do, relative to the workspace.",
            required=True,
        ),
        **SETTINGS,
    }

    def open(self, instance: Instance) -> Connector:
        from agentctl.connectors.rest.load import load
        from agentctl.connectors.rest.opening import connector

        settings: Mapping[str, Any] = instance.settings
        name = settings["manifest"]
        return connector(instance, load(_read(instance, name), name))


def _read(instance: Instance, name: str) -> bytes:
    """Return the manifest's text: a file of the workspace, however it is written or linked."""
    root = Path(instance.root).resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise Invalid(
            "Manifest outside the workspace", f"`{instance.name}` names {name}, which is not a file of the workspace."
        )
    try:
        return read(path, _LARGEST)
    except OSError as error:
        raise Invalid("Manifest not readable", f"`{instance.name}` names {name}: {error.strerror}.") from error


TYPE: ConnectorType = RestType()
