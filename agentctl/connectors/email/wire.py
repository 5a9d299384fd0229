"""The bytes a server is given for a message: seven bits, short lines, nothing that a receiver could read otherwise."""

from __future__ import annotations

import base64
import re
from binascii import b2a_qp
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import cast
from urllib.parse import quote

from agentctl.facts import dataclass
from agentctl.model.values import Fields

_ENCODED = 45           # bytes of UTF-8 in one encoded word, which may have 75 characters
_RAW_NAME = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)
_RAW_PHRASE = re.compile(r"[A-Za-z0-9 _-]+", re.ASCII)
_RAW_SUBJECT = re.compile(r"[\x20-\x7e]*", re.ASCII)


@dataclass(frozen=True)
class Attached:
    """A file that goes along."""

    name: str
    type: str
    data: bytes


def composed(fields: Fields, attached: Sequence[Attached], *, message_id: str, date: str) -> bytes:
    """Return the message as it is sent, each line ended by CR LF. Who is in ``bcc`` stands nowhere in it."""
    text = _text(cast(str, fields["body"]))
    lines = [*_headers(fields, message_id, date), "MIME-Version: 1.0"]
    if not attached:
        # The line break that ends the text ends the message as well; without one it gets one.
        return "\r\n".join([*lines, *text, *([""] if text[-1] else [])]).encode("ascii")
    parts = [text, *map(_part, attached)]
    boundary = "=_" + sha256("".join(line for part in parts for line in part).encode()).hexdigest()[:40]
    lines += [f'Content-Type: multipart/mixed; boundary="{boundary}"', ""]
    for part in parts:
        lines += [f"--{boundary}", *part]
    return "\r\n".join([*lines, f"--{boundary}--", ""]).encode("ascii")


def _headers(fields: Fields, message_id: str, date: str) -> Iterator[str]:
    yield f"Date: {date}"
    yield f"From: {_sender(cast(str, fields['from']))}"
    for header, name in (("To", "to"), ("Cc", "cc")):
        if people := cast("Sequence[str]", fields[name]):
            yield f"{header}: " + ",\r\n ".join(people)
    if fields["reply_to"]:
        yield f"Reply-To: {fields['reply_to']}"
    yield f"Subject: {_unstructured(cast(str, fields['subject']))}"
    yield f"Message-ID: {message_id}"


def _sender(text: str) -> str:
    name, _, address = text.rpartition(" ")
    if not name:
        return text
    phrase = '"' + name + '"' if _RAW_PHRASE.fullmatch(name) else _words(name)
    return f"{phrase} {address}"


def _unstructured(text: str) -> str:
    # What looks like an encoded word is one to the receiver, who would then read another text than was reviewed.
    return text if _RAW_SUBJECT.fullmatch(text) and "=?" not in text else _words(text)


def _words(text: str) -> str:
    chunks, chunk = [], ""
    for character in text:
        if len((chunk + character).encode()) > _ENCODED:
            chunks.append(chunk)
            chunk = ""
        chunk += character
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(chunk.encode()).decode()}?=" for chunk in [*chunks, chunk])


def _text(body: str) -> list[str]:
    encoded = [b2a_qp(line.encode(), istext=True).decode("ascii") for line in body.split("\n")]
    lines = "\n".join(encoded).split("\n")      # soft breaks are lines of their own
    return [
        "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable", "", *lines,
    ]


def _part(attached: Attached) -> list[str]:
    name = attached.name
    named = f'filename="{name}"' if _RAW_NAME.fullmatch(name) else f"filename*=utf-8''{quote(name, safe='')}"
    encoded = base64.b64encode(attached.data).decode("ascii")
    return [
        f"Content-Type: {attached.type}",
        f"Content-Disposition: attachment; {named}",
        "Content-Transfer-Encoding: base64",
        "",
        *(encoded[at : at + 76] for at in range(0, len(encoded), 76)),
    ]
