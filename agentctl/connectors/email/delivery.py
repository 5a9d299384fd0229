"""Sending one draft, so that it is always known, or known not to be known, whether it went out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from time import monotonic
from typing import Any, cast

from agentctl.connectors.base import Found, Located, Location, Receipt
from agentctl.connectors.email.draftfile import Filed
from agentctl.connectors.email.folder import SENT, Folder, Mark, key_mark
from agentctl.connectors.email.mailbox import domain_of
from agentctl.connectors.email.message import LARGEST, address_of_sender, envelope
from agentctl.connectors.email.server import Server
from agentctl.connectors.email.wire import Attached, composed
from agentctl.connectors.file.confine import Scope
from agentctl.connectors.file.disk import Content, Disk
from agentctl.errors import Indeterminate, Rejected, Unreachable
from agentctl.facts import dataclass
from agentctl.model.values import Fields

_SPARE = 2.0            # seconds before our caller gives up in which we come to an end ourselves


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A message and everything it takes to send it."""

    name: str
    fields: Fields
    attached: Sequence[Attached]
    key: str
    deadline: float


def deliver(delivery: Delivery, folder: Folder, server: Server, clock: Callable[[], datetime]) -> Receipt:
    """Send, and file what was sent. Raises Unreachable, Rejected and Indeterminate as the port says.

    A mark stands from before the end of the message is sent until it is known how that ended. Who is killed meanwhile
    leaves it, and only the very call that left it may send again.
    """
    from agentctl.connectors.email.smtp import send

    until = monotonic() + max(delivery.deadline - _SPARE, delivery.deadline / 2)
    mark = _mark(delivery, folder, clock)
    sender = address_of_sender(delivery.fields)
    data = composed(delivery.fields, delivery.attached, message_id=mark.message_id, date=mark.date)

    def leave_mark() -> None:
        folder.leave_mark(delivery.name, mark)
        # Whoever sent it since we looked has taken the mark away, and filed what was sent before that.
        if folder.read(SENT, delivery.name).filed is not None:
            raise Rejected("Sent already", f"drafts/{delivery.name} was sent meanwhile; it is not sent twice.")

    try:
        said = send(server, sender, envelope(delivery.fields), data, until, leave_mark)
    except (Unreachable, Rejected):
        folder.take_mark(delivery.name, mark)
        raise
    except Indeterminate as error:
        detail = f"{error.detail} The server's log knows it as {mark.message_id}."
        raise Indeterminate(error.summary, detail) from error
    return _filed(delivery, folder, mark, said)


def whereabouts(name: str, key: str, folder: Folder) -> Location:
    """Say whether the message ``name`` went out under ``key``."""
    filed = folder.read(SENT, name).filed
    if filed is not None and filed.key == key_mark(key):
        return Found(receipt=_receipt(filed.fields))
    mark = folder.mark(name)
    # Without a mark its last line was never sent, and a message without that is none.
    return Located.CANNOT_TELL if mark is not None and mark.key == key_mark(key) else Located.ABSENT


def attached(items: Sequence[Mapping[str, Any]], files: Files) -> list[Attached]:
    """Read the attachments. Raises Rejected where one is not what was drafted."""
    found = []
    for item in items:
        data = files.read(item["path"])
        if data is None or digest_of(data) != item["digest"]:
            raise Rejected(
                "Attachment changed",
                f"{item['path']!r} {'is gone' if data is None else 'holds something else'} since it was drafted.",
                hint="To send it as it is now, give `attachments` to message.edit and plan again.",
            )
        found.append(Attached(item["name"], item["type"], data))
    return found


class Files:
    """The folder attachments come from. ``root`` is absolute and real; empty where there is none."""

    def __init__(self, root: str, reserved: tuple[str, ...] = ()) -> None:
        self._scope = Scope(root=root, reserved=reserved) if root else None

    def admit(self, path: str) -> tuple[str, ...]:
        """Raise Rejected where nothing may be attached from ``path``."""
        if self._scope is None:
            raise Rejected(
                "No folder of attachments", f"{path!r} cannot be attached.",
                hint="Name the folder files are taken from: `attachments` in the connector's block of agentctl.yaml.",
            )
        return self._scope.admit(path)

    def content(self, path: str) -> Content | None:
        """Return the file at ``path``, or None where there is none."""
        segments = self.admit(path)
        found = Disk(cast(Scope, self._scope), LARGEST).read(segments)
        return found if isinstance(found, Content) else None

    def read(self, path: str) -> bytes | None:
        content = self.content(path)
        return None if content is None else content.data

    def resource(self, path: str) -> str:
        self.admit(path)
        return f"file://{cast(Scope, self._scope).path(path)}"


def digest_of(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


def _mark(delivery: Delivery, folder: Folder, clock: Callable[[], datetime]) -> Mark:
    """Return what this sending is known by: what it was known by before, where it began once."""
    from email.utils import format_datetime

    key = key_mark(delivery.key)
    left = folder.mark(delivery.name)
    if left is not None and left.key != key:
        raise Rejected(
            "Sending in doubt",
            f"A sending of drafts/{delivery.name} began at {left.date} and nobody knows how it ended: it may have "
            "arrived. Only the run that began it can go on with it.",
            hint="Find out, tell agentctl with `resolve`, then go on with that run; or write another draft.",
        )
    if left is not None:
        return left
    domain = domain_of(address_of_sender(delivery.fields))
    return Mark(key=key, message_id=f"<{key}@{domain}>", date=format_datetime(clock()))


def _filed(delivery: Delivery, folder: Folder, mark: Mark, accepted: str) -> Receipt:
    fields = {**delivery.fields, "message_id": mark.message_id, "date": mark.date, "accepted": accepted}
    try:
        # What lies there by now is somebody else's; that folders were made meanwhile is no matter.
        now = folder.read(SENT, delivery.name)
        if now.filed is not None:
            raise Rejected("File exists", f"sent/{delivery.name}.eml exists already and is not overwritten.")
        folder.write(SENT, delivery.name, Filed(fields, mark.key), now.token)
        folder.take_mark(delivery.name, mark)
    except (Rejected, Unreachable) as error:
        raise Indeterminate(
            "Sent, and not filed",
            f"The server took it ({accepted}), and sent/{delivery.name}.eml could not be written: {error}.",
        ) from error
    return _receipt(fields)


def _receipt(fields: Fields) -> Receipt:
    return Receipt(ids={"message_id": fields["message_id"], "accepted": fields["accepted"]})
