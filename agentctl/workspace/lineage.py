"""The random id that tells one workspace's history, key and state from another's."""

from __future__ import annotations

import secrets
from pathlib import Path

from agentctl.errors import Tampered, Usage
from agentctl.store import atomic
from agentctl.store.layout import Layout

FOLDER = ".agentctl"
_NAME = "lineage"
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"       # no l, o, 0, 1: ids are read aloud at 2 a.m.
_LENGTH = 16


def new_id(length: int = _LENGTH) -> str:
    """Return a random id, easy to read and to type."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def make(layout: Layout) -> str:
    """Give the folder a lineage, durably, and return it; the one it has stays. Raises Tampered where that is lost."""
    path = layout.root / _NAME
    if path.exists() or any(layout.trace.glob("*.jsonl")):      # a history of another lineage is never taken over
        return read(layout.root)
    lineage = new_id()
    atomic.replace(path, [lineage.encode() + b"\n"], layout.file_mode)
    return lineage


def read(folder: Path) -> str:
    """Return the lineage of the workspace whose ``.agentctl`` this is. Raises Usage where there is none yet."""
    path = folder / _NAME
    try:
        lineage = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        if any(folder.glob("trace/*.jsonl")):
            raise Tampered(
                "The workspace has lost its lineage", f"{path} is not there, but there is a trace.",
                hint="The trace's first record tells the lineage; write it back into that file.",
            ) from None
        raise Usage(
            "The workspace is not initialised",
            f"{folder} has no lineage yet.",
            hint="To give it one, and a key, run:",
            command="agentctl init",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise Tampered("The lineage cannot be read", f"{path}: {error}.") from error
    if len(lineage) != _LENGTH or set(lineage) - set(_ALPHABET):
        raise Tampered("The lineage is not an id", f"{path} does not hold what `agentctl init` wrote.")
    return lineage
