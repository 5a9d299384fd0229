"""Halts asked for and not yet in the trace: one file each, written without the lock so that nobody has to wait.

They take effect by being there. What the trace has recorded, and what lifts a halt, is not known here.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from agentctl.errors import Unwritable
from agentctl.facts import dataclass
from agentctl.files import sync_folder
from agentctl.model.canonical import canonical
from agentctl.model.halt import Halt, Reach, Scope, halt_from_wire, halt_to_wire
from agentctl.store import atomic
from agentctl.store.layout import Layout

_ENDING = ".json"
_MOST = 64 * 1024


@dataclass(frozen=True)
class Request:
    """A halt that was asked for, and the file that says so (None where there is no telling)."""

    halt: Halt
    path: Path | None


def ask(layout: Layout, halt: Halt) -> None:
    """Ask for ``halt``, durably: on return it is in force. Raises Unwritable, and then it is not."""
    folder = layout.halts
    try:
        folder.mkdir(exist_ok=True)
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(layout.folder_mode)
        sync_folder(layout.root)
    except OSError as error:
        raise Unwritable("The halt could not be written", f"{error.filename}: {error.strerror}.") from error
    atomic.replace(folder / f"{halt.id}{_ENDING}", [canonical(halt_to_wire(halt)), b"\n"], layout.file_mode)


def asked(layout: Layout) -> tuple[Request, ...]:
    """Return what was asked for, oldest first. What cannot be read halts everything: it was meant to stop something."""
    folder = layout.halts
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
    except FileNotFoundError:
        if not folder.is_symlink():
            return ()
        return (Request(_unreadable(folder, "it leads nowhere").halt, None),)
    except OSError as error:
        halt = _unreadable(folder, error.strerror or "it cannot be listed").halt
        return (Request(halt, None),)
    found = [request for name in names if (request := _read(folder / name)) is not None]
    return tuple(sorted(found, key=lambda request: (request.halt.at, request.halt.id)))


def drop(request: Request) -> None:
    """Take a request away that the trace holds now."""
    if request.path is not None:
        # What stays stands under an id that is in the trace, and counts no more. A rollback must not fail for it.
        with suppress(OSError):
            request.path.unlink()


def _read(path: Path) -> Request | None:
    try:
        # Without O_NONBLOCK a pipe laid in its place would keep every run waiting.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            text = file.read(_MOST + 1)
        halt = halt_from_wire(json.loads(text[:_MOST]))
    except FileNotFoundError:
        return None     # another process has just recorded it
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        return _unreadable(path, type(error).__name__)
    if halt.tripped is not None:
        return _unreadable(path, "it says a breaker asked for it, and breakers need no file")
    if path.name != f"{halt.id}{_ENDING}":
        return _unreadable(path, "it is not called after what it holds")
    return Request(halt, path)


def _unreadable(path: Path, why: str) -> Request:
    reason = f"a halt was asked for that cannot be read ({path.name}: {why})"
    halt = Halt(id=path.stem, scope=Scope(Reach.ALL), by="unknown", host="", at="", reason=reason)
    return Request(halt, path)
