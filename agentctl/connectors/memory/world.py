"""What the memory connector's system holds, and the JSON file it may be kept in."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agentctl.errors import Indeterminate, Rejected, Unreachable
from agentctl.facts import dataclass, field
from agentctl.files import sync_folder
from agentctl.model.values import Fields, Value, fields_from_wire, to_wire


@dataclass
class World:
    """Everything the system holds: fields and version per record, keys already used, notes sent."""

    serial: int = 0
    fields: dict[str, dict[str, Value]] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    outbox: list[dict[str, Value]] = field(default_factory=list)

    def put(self, name: str, fields: Fields) -> None:
        self.serial += 1
        self.fields[name], self.versions[name] = dict(fields), self.serial

    def drop(self, name: str) -> None:
        del self.fields[name], self.versions[name]


def load(store: Path, first: World) -> World:
    """Return what ``store`` holds, or a copy of ``first`` where there is no such file yet."""
    try:
        return _decoded(json.loads(store.read_bytes()))
    except FileNotFoundError:
        return _decoded(_encoded(first))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreachable("Records out of reach", f"{store} cannot be read: {error}.") from error


@contextmanager
def locked(store: Path) -> Iterator[None]:
    try:
        handle = os.open(store.with_name(store.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unreachable("Records out of reach", f"{store} cannot be locked: {error.strerror}.") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _decoded(wire: Any) -> World:
    return World(
        serial=wire["serial"],
        fields={name: dict(fields_from_wire(fields)) for name, fields in wire["records"].items()},
        versions=wire["versions"],
        keys=wire["keys"],
        outbox=[dict(fields_from_wire(note)) for note in wire["outbox"]],
    )


def _encoded(world: World) -> dict[str, Any]:
    return {
        "serial": world.serial,
        "records": {name: to_wire(fields) for name, fields in world.fields.items()},
        "versions": dict(world.versions),
        "keys": dict(world.keys),
        "outbox": [to_wire(note) for note in world.outbox],
    }


def save(store: Path, world: World) -> None:
    temporary = store.with_name(f"{store.name}.new")       # under the lock: what a dead writer left is overwritten
    try:
        with temporary.open("w") as file:
            json.dump(_encoded(world), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(store)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise Rejected("Records not kept", f"{store} cannot be written: {error.strerror}.") from error
    try:
        sync_folder(store.parent)
    except OSError as error:
        raise Indeterminate(
            "Not known to be durable", f"{store} was written, but syncing failed: {error.strerror}."
        ) from error
