"""Connectors and what their actions can do, as documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agentctl.model.action import ActionSpec, spec_to_wire


def connectors(configured: Iterable[tuple[str, str, Mapping[str, ActionSpec]]], types: Iterable[str]) -> dict[str, Any]:
    """Return the configured instances (name, type, actions by verb) and the types there are."""
    return {
        "version": 1,
        "kind": "ConnectorsDocument",
        "connectors": [
            {"name": name, "type": type_, "actions": [f"{name}.{verb}" for verb in actions]}
            for name, type_, actions in configured
        ],
        "types": sorted(types),
    }


def connector(name: str, type_: str, actions: Mapping[str, ActionSpec]) -> dict[str, Any]:
    """Return one instance with everything its ActionSpecs say."""
    return {
        "version": 1,
        "kind": "ConnectorDocument",
        "name": name,
        "type": type_,
        "actions": [
            {"action": f"{name}.{verb}", "digest": spec.digest, **spec_to_wire(spec)} for verb, spec in actions.items()
        ],
    }
