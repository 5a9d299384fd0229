"""Messages as they lie in a folder: text with headers, which people can read and edit. Sends nothing.

What a draft's file holds and its record could not show would be sent unseen; so there is exactly one file for each
record, and any other is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, cast

from agentctl.connectors.email.mailbox import mailbox
from agentctl.connectors.email.message import OF_SENDING, WRITTEN, address_of_sender, attachment, line, written
from agentctl.errors import Rejected
from agentctl.facts import dataclass, field
from agentctl.model.values import Fields, Value

_HEADERS = {
    "from": "From", "to": "To", "cc": "Cc", "bcc": "Bcc", "reply_to": "Reply-To", "subject": "Subject",
    "attachments": "X-Agentctl-Attachment", "context": "X-Agentctl-Context",
    "message_id": "Message-ID", "date": "Date", "accepted": "X-Agentctl-Accepted",
}
_KEY = "X-Agentctl-Key"
_PLAIN = ("MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit")
_LISTS = {"to", "cc", "bcc"}
_REPEATED = {"attachments", "context"}


@dataclass(frozen=True)
class Filed:
    """A message out of a file. ``key`` is the mark of the call that sent it."""

    fields: Fields
    key: str = field(default="")


def rendered(filed: Filed) -> str:
    """Return the one text that stands for a message."""
    lines = [*_lines(filed.fields), *([f"{_KEY}: {filed.key}"] if filed.key else ()), *_PLAIN]
    return "\n".join([*lines, "", cast(str, filed.fields["body"])])


def parsed(text: str, path: str) -> Filed:
    """Return the message that ``text`` stands for. Raises Rejected for a text that stands for none."""
    head, _, body = text.partition("\n\n")
    try:
        filed = _filed(head, body)
        wanted = rendered(filed)
    except (ValueError, KeyError, TypeError, Rejected) as error:
        why = str(error) if isinstance(error, Rejected) else "A header is missing or malformed."
        raise _strange(path, why) from error
    if wanted != text:
        lines = zip(wanted.split("\n"), text.split("\n"), strict=False)
        number = next((at for at, (ours, theirs) in enumerate(lines, 1) if ours != theirs), 1)
        raise _strange(path, f"Line {number} is not what agentctl writes there.")
    return filed


def _lines(fields: Fields) -> Iterator[str]:
    for name, header in _HEADERS.items():
        value = fields.get(name)
        if not value:
            continue
        if name in _LISTS:
            yield f"{header}: " + ",\n ".join(cast("Sequence[str]", value))
        elif name in _REPEATED:
            yield from (f"{header}: {_item(item)}" for item in cast("Sequence[Value]", value))
        else:
            yield f"{header}: {value}"


def _item(item: Value) -> str:
    return item if isinstance(item, str) else json.dumps(item, ensure_ascii=False, sort_keys=True)


def _filed(head: str, body: str) -> Filed:
    names = {header: name for name, header in _HEADERS.items()}
    found: dict[str, Any] = {
        "to": [], "cc": [], "bcc": [], "reply_to": "", "subject": "", "attachments": [], "context": [],
    }
    key = ""
    for written_line in head.replace(",\n ", ",").split("\n"):
        header, _, value = written_line.partition(": ")
        name = names.get(header, "")
        if header == _KEY:
            key = value
        elif name in _LISTS:
            found[name] = value.split(",")
        elif name == "attachments":
            found[name].append(_attachment(json.loads(value)))
        elif name == "context":
            found[name].append(value)
        elif name:
            found[name] = value
    sender = line("the sender", found.pop("from"))
    mailbox(address_of_sender({"from": sender}))
    fields = written({**{name: found[name] for name in WRITTEN if name in found}, "body": body}, {"from": sender}, {})
    return Filed({**fields, **{name: found[name] for name in OF_SENDING if name in found}}, key)


def _attachment(item: dict[str, Any]) -> dict[str, Value]:
    if not isinstance(item["size"], int) or not isinstance(item["digest"], str):
        raise TypeError("an attachment has a size and a digest")
    return attachment(item["path"], item["name"], item["size"], item["digest"])


def _strange(path: str, why: str) -> Rejected:
    return Rejected(
        "Draft not understood",
        f"{path} was changed by something else than agentctl. {why} What cannot be shown is not sent.",
        hint="The text below the empty line may be edited by hand; for the rest there is message.edit.",
    )

