"""``state.json`` on disk: written whole, believed only when whole, ours and as new as the trace."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from agentctl import files
from agentctl.errors import Tampered
from agentctl.model.canonical import canonical, digest
from agentctl.model.snapshot import Address
from agentctl.model.state import Head, Known, State
from agentctl.model.values import NotAValue
from agentctl.store import atomic

LARGEST = 1 << 28
"""Bytes; a state of more is not looked at."""

_VERSION = 1
_REBUILD = "agentctl state rebuild"


class Problem(StrEnum):
    """Why a state file cannot be believed. None of them ever means "nothing exists"."""

    MISSING = "missing"
    EMPTY = "empty"
    UNREADABLE = "unreadable"
    TORN = "torn"
    EDITED = "edited"
    FOREIGN = "foreign"
    NEWER = "newer"
    BEHIND = "behind"


class BadState(Tampered):
    """The state cannot be believed; ``problem`` says why. The trace can: ``command`` rebuilds the state from it."""

    def __init__(self, problem: Problem, detail: str) -> None:
        summary, hint, command = _SAID[problem]
        super().__init__(summary, detail, hint=hint, command=command)
        self.problem = problem


_SAID = {
    Problem.MISSING: ("The state is missing", "It can be rebuilt from the trace.", _REBUILD),
    Problem.EMPTY: ("The state is empty", "It can be rebuilt from the trace.", _REBUILD),
    Problem.UNREADABLE: ("The state cannot be read", "It can be rebuilt from the trace.", _REBUILD),
    Problem.TORN: ("The state is damaged", "It can be rebuilt from the trace.", _REBUILD),
    Problem.EDITED: ("The state was edited", "It can be rebuilt from the trace.", _REBUILD),
    Problem.FOREIGN: ("The state is another workspace's", "It can be rebuilt from the trace.", _REBUILD),
    Problem.NEWER: ("The state is of a newer agentctl", "Use the agentctl that wrote it, or a newer one.", ""),
    Problem.BEHIND: ("The state is behind the trace", "It can be rebuilt from the trace.", _REBUILD),
}


def save(path: Path, state: State, mode: int) -> None:
    """Write the state durably, keeping the generation before it as ``state.json.before``."""
    atomic.replace(path, [encode(state)], mode, keep=before(path))


def load(path: Path, *, lineage: str, head: Head | None, earlier: Collection[Head] = ()) -> State:
    """Return the state, which must be of ``lineage`` and told by the trace up to ``head``. Raises BadState.

    Up to one of the ``earlier`` heads will do, too: what the trace tells since then is of no record.
    """
    state = read(path, lineage)
    if state.head != head and state.head not in earlier:
        theirs, ours = _place(state.head), _place(head)
        raise BadState(Problem.BEHIND, f"{path} was made from the trace up to {theirs}; the trace ends with {ours}.")
    return state


def read(path: Path, lineage: str) -> State:
    """Return the state there is of ``lineage``, whenever it was made. Raises BadState."""
    try:
        data = files.read(path, LARGEST)
    except FileNotFoundError as error:
        raise BadState(Problem.MISSING, f"{path} is not there, but the trace tells of this workspace.") from error
    except OSError as error:
        raise BadState(Problem.UNREADABLE, f"{path}: {error.strerror}.") from error
    if not data.strip(b"\0 \n\r\t"):
        raise BadState(Problem.EMPTY, f"{path} holds nothing, but the trace tells of this workspace.")
    state = decode(data, path)
    if state.lineage != lineage:
        raise BadState(Problem.FOREIGN, f"{path} is of lineage {state.lineage}, this workspace is {lineage}.")
    return state


def before(path: Path) -> Path:
    """Return where the generation before the state at ``path`` is kept."""
    return path.with_name(path.name + ".before")


def encode(state: State) -> bytes:
    """Return the file's bytes: canonical JSON with the digest of the rest in it, newline-ended."""
    wire = _to_wire(state)
    return canonical({**wire, "digest": digest(wire)}) + b"\n"


def decode(data: bytes, path: Path) -> State:
    """Return the state whose file this is. Raises BadState where it is torn, edited or newer."""
    try:
        wire = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadState(Problem.TORN, f"{path} is not whole.") from error
    if not isinstance(wire, dict) or wire.get("kind") != "State":
        raise BadState(Problem.TORN, f"{path} holds no state.")
    version = wire.get("version")
    if isinstance(version, int) and version > _VERSION:
        raise BadState(Problem.NEWER, f"{path} has version {version}; this agentctl reads version {_VERSION}.")
    try:
        if wire.pop("digest", None) == digest(wire):
            return _from_wire(wire)
    except (NotAValue, KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadState(Problem.EDITED, f"{path} does not have the form of a state.") from error
    raise BadState(Problem.EDITED, f"{path} does not have the digest it states.")


def _place(head: Head | None) -> str:
    return "nothing" if head is None else f"record {head.seq} in {head.file} ({head.digest[:19]})"


def _to_wire(state: State) -> dict[str, Any]:
    return {
        "version": _VERSION,
        "kind": "State",
        "lineage": state.lineage,
        "serial": state.serial,
        "head": head_to_wire(state.head),
        "records": {
            address: {
                "fields": None if known.fields is None else dict(known.fields),
                "run": known.run,
                "step": known.step,
            }
            for address, known in state.records.items()
        },
    }


def head_to_wire(head: Head | None) -> dict[str, Any] | None:
    return None if head is None else {"digest": head.digest, "seq": head.seq, "file": head.file}


def _from_wire(wire: Mapping[str, Any]) -> State:
    if wire["version"] != _VERSION:
        raise ValueError(wire["version"])
    return State(
        lineage=wire["lineage"],
        serial=wire["serial"],
        head=None if wire["head"] is None else Head(**wire["head"]),
        records={Address(address): Known(**known) for address, known in wire["records"].items()},
    )
