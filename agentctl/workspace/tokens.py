"""Which environment variables hold the tokens of connectors, or the keys that make them. Reads none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def tokens_in(connectors: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Return the environment variables that hold tokens or keys of Apps."""
    blocks = [wire["credential"] for wire in connectors.values() if isinstance(wire.get("credential"), Mapping)]
    named = [block.get("name") for block in blocks if block.get("provider") == "env"]
    keys = [block["key"].get("env") for block in blocks if isinstance(block.get("key"), Mapping)]
    return frozenset(name for name in (*named, *keys) if isinstance(name, str))
