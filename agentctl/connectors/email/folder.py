"""The folder a mail instance keeps: drafts, what was sent, and the mark of a sending whose end nobody knows yet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import PurePath
from typing import Any

from agentctl.connectors.email.draftfile import Filed, parsed, rendered
from agentctl.connectors.email.message import LARGEST, line
from agentctl.connectors.file.confine import Scope
from agentctl.connectors.file.disk import Content, Disk, Missing
from agentctl.errors import Indeterminate, Rejected
from agentctl.facts import dataclass

_PRIVATE = 0o600
_OVERHEAD = 1 << 20             # bytes of headers
DRAFTS, SENT, SENDING = "drafts", "sent", "sending"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Says that a message may have gone out under ``key``: left just before the line that ends it, taken away after."""

    key: str
    message_id: str
    date: str


@dataclass(frozen=True)
class Found:
    """A message's file, with the token of what it held, or its absence."""

    filed: Filed | None
    token: str


class Folder:
    """The files below ``path``, which is absolute and real. Each message is one file, private to its owner."""

    def __init__(self, path: str, reserved: tuple[str, ...] = ()) -> None:
        self.path = path
        self._name = PurePath(path).name
        self._scope = Scope(root=str(PurePath(path).parent), reserved=reserved)
        self._disk = Disk(self._scope, LARGEST + _OVERHEAD)

    def admit(self, place: str, name: str) -> None:
        """Raise Rejected where the file of a message would lie where no step may write."""
        self._segments(place, name)

    def read(self, place: str, name: str) -> Found:
        """Return the message ``name`` of drafts or sent. Raises Rejected where the file is none of ours."""
        found = self._disk.read(self._segments(place, name))
        if isinstance(found, Missing):
            return Found(None, found.token)
        try:
            text = found.data.decode()
        except UnicodeDecodeError as error:
            raise Rejected("Draft not understood", f"{place}/{name}.eml is not UTF-8 text.") from error
        return Found(parsed(text, f"{place}/{name}.eml"), found.token)

    def write(self, place: str, name: str, filed: Filed, expected: str) -> None:
        """Make the file hold ``filed``. Raises Rejected where it is not what ``expected`` says."""
        self._disk.write(self._segments(place, name), Content(rendered(filed).encode(), _PRIVATE), expected)

    def delete(self, place: str, name: str, expected: str) -> None:
        self._disk.delete(self._segments(place, name), expected)

    def mark(self, name: str) -> Mark | None:
        """Return the mark that a sending of ``name`` left, if one did."""
        found = self._disk.read(self._mark(name))
        return None if isinstance(found, Missing) else _mark_of(found.data, name)

    def leave_mark(self, name: str, mark: Mark) -> None:
        """Make the mark durable. Raises Rejected, nothing sent, where that fails, or another run has been here."""
        path = self._mark(name)
        found = self._disk.read(path)
        if isinstance(found, Content) and _mark_of(found.data, name) == mark:
            return
        wire = {"date": mark.date, "key": mark.key, "message_id": mark.message_id}
        absent = found.token if isinstance(found, Missing) else Missing(0).token
        try:
            self._disk.write(path, Content(f"{json.dumps(wire)}\n".encode(), _PRIVATE), absent)
        except Indeterminate as error:
            raise Rejected("Mark not durable", f"{error.detail} Nothing was sent.") from error

    def take_mark(self, name: str, mark: Mark) -> None:
        """Take ``mark`` away, where it is still there: it is known how its sending ended. Another's stays."""
        found = self._disk.read(self._mark(name))
        if isinstance(found, Content) and _mark_of(found.data, name) == mark:
            # A mark that outlives a power cut keeps others from sending, and lets this call go on: it does no harm.
            with suppress(Indeterminate):
                self._disk.delete(self._mark(name), found.token)

    def _mark(self, name: str) -> tuple[str, ...]:
        return self._scope.admit(f"{self._name}/{SENDING}/{name}.json")

    def _segments(self, place: str, name: str) -> tuple[str, ...]:
        return self._scope.admit(f"{self._name}/{place}/{name}.eml")


def key_mark(key: str) -> str:
    """Return what stands for an idempotency key in files."""
    return sha256(f"agentctl mail {key}".encode()).hexdigest()[:32]


def _mark_of(data: bytes, name: str) -> Mark:
    try:
        wire: Mapping[str, Any] = json.loads(data)
        key, message_id, date = (line("a mark", wire[name]) for name in ("key", "message_id", "date"))
        return Mark(key=key, message_id=message_id, date=date)
    except (ValueError, KeyError, TypeError, Rejected) as error:
        raise Rejected(
            "Mark not understood",
            f"{SENDING}/{name}.json is not what agentctl writes, so nobody knows whether {name} went out.",
        ) from error
