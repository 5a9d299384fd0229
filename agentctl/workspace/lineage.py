"""The random id that tells one workspace's history, key and state from another's."""

from __future__ import annotations

import json
from pathlib import Path

from agentctl import files
from agentctl.errors import Tampered, Usage
from agentctl.store import atomic
from agentctl.store.layout import Layout

FOLDER = ".agentctl"
_NAME = "lineage"
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"       # no l, o, 0, 1: ids are read aloud at 2 a.m.
_LENGTH = 16
_LARGEST = 1 << 16


def new_id(length: int = _LENGTH) -> str:
    """Return a random id, easy to read and to type."""
    import secrets

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
        lineage = files.read(path, _LARGEST).decode("ascii").strip()
    except FileNotFoundError:
        if any(folder.glob("trace/*.jsonl")):
            raise _lost(path, "The workspace has lost its lineage", "it is not there, but there is a trace") from None
        raise Usage(
            "The workspace is not initialised",
            f"{folder} has no lineage yet.",
            hint="To give it one, and a key, run:",
            command="agentctl init",
        ) from None
    except OSError as error:
        raise _lost(path, "The lineage cannot be read", str(error.strerror)) from error
    except UnicodeDecodeError as error:
        raise _lost(path, "The lineage is not an id", "it does not hold what `agentctl init` wrote") from error
    if not _is_id(lineage):
        raise _lost(path, "The lineage is not an id", "it does not hold what `agentctl init` wrote")
    if (told := _told(folder / "trace")) not in ("", lineage):
        raise Tampered(
            "The lineage and the trace are of two workspaces",
            f"{path} says {lineage}, and the trace begins with {told}: one of the two does not belong here.",
            hint="The key's file is called after the right one. If that is the trace's, write it back; else put the "
            "trace back from a copy.",
            command=_written_back(told, path),
        )
    return lineage


def _lost(path: Path, summary: str, why: str) -> Tampered:
    told = _told(path.parent / "trace")
    if not told:
        return Tampered(
            summary,
            f"{path}: {why}. The trace does not tell it either.",
            hint="Put it back from a copy; the workspace's key file is called after it.",
        )
    return Tampered(
        summary,
        f"{path}: {why}. The trace begins with lineage {told}.",
        hint="To write it back (move away first what stands in its place, if it is no file):",
        command=_written_back(told, path),
    )


def _written_back(lineage: str, path: Path) -> str:
    import shlex

    return f"echo {lineage} > {shlex.quote(str(path))}"


def _told(trace: Path) -> str:
    """Return the lineage that the first record of the trace tells, or nothing."""
    for path in sorted(trace.glob("000001-init-*.jsonl")):
        try:
            with files.opened(path) as file:
                lineage = json.loads(file.readline(_LARGEST))["body"]["lineage"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(lineage, str) and _is_id(lineage):
            return lineage
    return ""


def _is_id(text: str) -> bool:
    return len(text) == _LENGTH and not set(text) - set(_ALPHABET)
