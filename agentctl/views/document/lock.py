"""Who holds the workspace, as a document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol


class Owner(Protocol):
    """What the lock says of its owner; ``alive`` is None where that cannot be told from here."""

    @property
    def run(self) -> str: ...

    @property
    def person(self) -> str: ...

    @property
    def host(self) -> str: ...

    @property
    def pid(self) -> int: ...

    @property
    def since(self) -> str: ...

    @property
    def alive(self) -> bool | None: ...


class Heir(Protocol):
    """A program that a dead owner started and that holds the lock on."""

    @property
    def pid(self) -> int: ...

    @property
    def name(self) -> str: ...


def lock(holder: Owner | None, heirs: Iterable[Heir] = ()) -> dict[str, Any]:
    """Return the document of ``lock show``."""
    return {
        "version": 1,
        "kind": "LockDocument",
        "holder": holder and {
            "run": holder.run,
            "person": holder.person,
            "host": holder.host,
            "pid": holder.pid,
            "since": holder.since,
            "alive": holder.alive,
        },
        "heirs": [{"pid": heir.pid, "name": heir.name} for heir in heirs],
    }
