"""The programs that hold a workspace's lock on after the one that started them has died: whom to wait for, or end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from agentctl.facts import dataclass
from agentctl.store.owner import show


@dataclass(frozen=True)
class Heir:
    """A program that a dead owner started, and that holds the lock on for as long as it lives."""

    pid: int
    name: str


def heirs(path: Path) -> tuple[Heir, ...]:
    """Return who holds the lock while its owner is gone, as far as this system lets us see; else nobody."""
    owner = show(path)
    return tuple(_holders(path)) if owner is None or owner.alive is False else ()


def _holders(path: Path) -> Iterator[Heir]:
    with suppress(OSError):      # no /proc, or no such file
        status = path.stat()
        for process in Path("/proc").iterdir():
            if process.name.isdigit() and _holds(process, status):
                with suppress(OSError):      # it has ended meanwhile
                    yield Heir(int(process.name), (process / "comm").read_text(errors="replace").strip())


def _holds(process: Path, status: os.stat_result) -> bool:
    """Whether one of the process's descriptors holds a lock on that file; those who wait have it open, too."""
    with suppress(OSError):      # another person's, or gone
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):
                if os.path.samestat(descriptor.stat(), status):
                    return "FLOCK" in (process / "fdinfo" / descriptor.name).read_text()
    return False
