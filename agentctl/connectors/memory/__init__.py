"""The reference connector: records in memory, or in one JSON file where a run and its rollback are two processes.

It enforces preconditions, keeps idempotency keys and assigns ids as a good system of record does.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from agentctl.connectors.base import ConnectorType, Instance, Setting
from agentctl.connectors.memory.actions import SPECS
from agentctl.connectors.memory.connector import VERSION, MemoryConnector, segments
from agentctl.connectors.memory.world import World
from agentctl.errors import Invalid
from agentctl.facts import replace

__all__ = ["TYPE", "MemoryConnector", "MemoryType"]


class MemoryType:
    """What the registry knows of this connector."""

    type = "memory"
    version = VERSION
    settings: Mapping[str, Setting] = {
        "records": Setting(
            schema={"type": "object", "additionalProperties": {"type": "object"}},
            summary="The records there are at first, by COLLECTION/KEY.",
        ),
        "path": Setting(
            schema={"type": "string", "minLength": 1},
            summary="A JSON file that keeps the records; without it they end with the process.",
        ),
        "tenant": Setting(schema={"type": "string", "minLength": 1}, summary="Whom the system says that it serves."),
        **{
            kind: Setting(
                schema={"type": "array", "items": {"type": "string"}}, summary=f"Record fields that are {what}."
            )
            for kind, what in {
                "sensitive": "never shown",
                "sealed": "kept only in packs",
                "volatile": "left out of fingerprints",
            }.items()
        },
    }

    def open(self, instance: Instance) -> MemoryConnector:
        settings = cast(Mapping[str, Any], instance.settings)
        world = World()
        for name, fields in settings.get("records", {}).items():
            if len(segments(name)) != 2:
                raise Invalid("Record name malformed", f"`{instance.name}` has a record {name!r}; not COLLECTION/KEY.")
            world.put(name, fields)
        return MemoryConnector(
            instance.name,
            world,
            tenant=settings.get("tenant", ""),
            store=Path(instance.root, settings["path"]) if "path" in settings else None,
            actions={
                verb: replace(
                    spec,
                    sensitive=frozenset(settings.get("sensitive", ())),
                    sealed=frozenset(settings.get("sealed", ())),
                    volatile=frozenset(settings.get("volatile", ())),
                )
                for verb, spec in SPECS.items()
            },
        )


TYPE: ConnectorType = MemoryType()
