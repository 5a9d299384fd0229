"""What a message is: the fields of its record, out of a step's arguments. Knows no file and no server."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import cast

from agentctl.connectors.email.mailbox import domain_of, mailbox
from agentctl.errors import Rejected
from agentctl.model.values import UNKNOWN, Fields, Unknown, Value, has_unknown

MOST_RECIPIENTS = 100           # what every server must take in one go
MOST_ATTACHMENTS = 20
LARGEST = 20 * 1024 * 1024      # bytes of a body and its attachments
LONGEST_LINE = 255              # characters of a subject, a name, a source
# In the order people read them: views show the first ones only where there is little room.
WRITTEN = ("to", "subject", "from", "cc", "bcc", "reply_to", "attachments", "context", "body")
OF_SENDING = ("message_id", "date", "accepted")
_PEOPLE = ("to", "cc", "bcc")
# Line breaks in whatever spelling end a header; what turns the direction of writing or has no width makes one text
# look like another.
_NOT_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_NOT_IN_A_BODY = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_TYPES = {
    ".csv": "text/csv", ".gif": "image/gif", ".ics": "text/calendar", ".jpeg": "image/jpeg", ".jpg": "image/jpeg",
    ".json": "application/json", ".md": "text/markdown", ".pdf": "application/pdf", ".png": "image/png",
    ".txt": "text/plain", ".xml": "application/xml", ".zip": "application/zip",
}


def written(arguments: Mapping[str, Value], before: Fields | None, senders: Mapping[str, str]) -> dict[str, Value]:
    """Return the record that ``arguments`` make of ``before`` (None: of nothing). Raises Rejected.

    ``arguments`` hold ``attachments`` as they stand in a record. ``senders`` are the addresses that may be written
    from, each with how it stands in a header. What is Unknown stays so, and so does what is reckoned from it.
    """
    kept: Fields = before or {
        "to": [], "cc": [], "bcc": [], "reply_to": "", "subject": "", "body": "", "attachments": [], "context": [],
    }
    fields = {name: kept[name] for name in WRITTEN if name in kept}
    fields.update({name: _checked(name, value, senders) for name, value in arguments.items()})
    return reckoned({name: fields[name] for name in WRITTEN})


def reckoned(fields: Fields) -> dict[str, Value]:
    """Return what was written with what follows from it. Raises Rejected where nobody, or one twice, is written to."""
    _check_size(fields)
    if any(has_unknown(fields[name]) for name in _PEOPLE):
        return {**fields, "domains": UNKNOWN, "recipient_count": UNKNOWN}
    everybody = envelope(fields)
    if not everybody:
        raise Rejected("Nobody to write to", "The message names no recipient in `to`, `cc` or `bcc`.")
    if len(everybody) > MOST_RECIPIENTS:
        raise Rejected("Too many recipients", f"One message goes to {MOST_RECIPIENTS} at most, not {len(everybody)}.")
    if twice := sorted({one for one in everybody if everybody.count(one) > 1}):
        raise Rejected("Recipient named twice", f"{twice[0]} stands in `to`, `cc` and `bcc` more than once.")
    domains: list[Value] = [*sorted({domain_of(one) for one in everybody})]
    return {**fields, "domains": domains, "recipient_count": len(everybody)}


def envelope(fields: Fields) -> list[str]:
    """Return everybody a message goes to, sorted; who stands twice is there twice."""
    return sorted(one for name in _PEOPLE for one in cast("Sequence[str]", fields[name]))


def address_of_sender(fields: Fields) -> str:
    """Return the address in ``from``, without the name before it."""
    return cast(str, fields["from"]).rpartition(" ")[2].strip("<>")


def people(value: Value) -> list[Value]:
    """Return a list of addresses, sorted: their order means nothing. Raises Rejected."""
    if not isinstance(value, list | tuple):
        raise Rejected("Recipients malformed", f"Recipients are a list of addresses, not a {type(value).__name__}.")
    return [*sorted(map(mailbox, value))]


def attachment(path: str, name: str, size: Value, digest: Value) -> dict[str, Value]:
    """Return how an attachment stands in a record. Raises Rejected where its name could mislead."""
    line("the name of an attachment", name)
    if not name or "/" in name or "\\" in name or name.startswith("."):
        raise Rejected("Attachment's name not allowed", f"{name!r} is not a plain name of a file.")
    kind = _TYPES.get(PurePosixPath(name).suffix.lower(), "application/octet-stream")
    return {"path": path, "name": name, "type": kind, "size": size, "digest": digest}


def line(what: str, value: Value) -> str:
    """Return ``value`` where it is a text of one line that looks like what it is. Raises Rejected."""
    if not isinstance(value, str):
        raise Rejected("Text malformed", f"{what.capitalize()} is a text, not a {type(value).__name__}.")
    if found := _NOT_IN_A_LINE.search(value) or _SURROGATE.search(value):
        raise Rejected(
            "Character not allowed",
            f"{what.capitalize()} holds U+{ord(found.group()):04X}, which breaks lines, turns their direction or is "
            "not seen.",
        )
    if len(value) > LONGEST_LINE or value != value.strip():
        why = f"is longer than {LONGEST_LINE} characters" if len(value) > LONGEST_LINE else "begins or ends with space"
        raise Rejected("Text not allowed", f"{what.capitalize()} {why}.")
    return value


def _checked(name: str, value: Value, senders: Mapping[str, str]) -> Value:
    if has_unknown(value):
        return value if isinstance(value, Unknown) or name not in _PEOPLE else UNKNOWN
    match name:
        case "from":
            return _sender(value, senders)
        case "to" | "cc" | "bcc":
            return people(value)
        case "reply_to":
            return "" if value == "" else mailbox(value)
        case "subject":
            return line("the subject", value)
        case "body":
            return _body(value)
        case "context":
            return [line("a source in `context`", item) for item in cast("Sequence[Value]", value)]
    return value


def _check_size(fields: Fields) -> None:
    body, items = fields["body"], cast("Sequence[Mapping[str, Value]]", fields["attachments"])
    sizes = [] if has_unknown(items) else [cast(int, item["size"]) for item in items]
    size = sum(sizes) + (len(body.encode()) if isinstance(body, str) else 0)
    if size > LARGEST:
        raise Rejected("Message too large", f"Body and attachments have {size:,} bytes, of {LARGEST:,} at most.")


def _sender(value: Value, senders: Mapping[str, str]) -> str:
    address = mailbox(value)
    if address not in senders:
        raise Rejected(
            "Sender not allowed",
            f"This instance does not write as {address}.",
            hint=f"Its `from` in agentctl.yaml allows {', '.join(sorted(senders))}.",
        )
    return senders[address]


def _body(value: Value) -> str:
    if not isinstance(value, str):
        raise Rejected("Text malformed", f"The body is a text, not a {type(value).__name__}.")
    if found := _NOT_IN_A_BODY.search(value) or _SURROGATE.search(value):
        raise Rejected(
            "Character not allowed",
            f"The body holds U+{ord(found.group()):04X}, which is no text or makes it look like another.",
        )
    return value
