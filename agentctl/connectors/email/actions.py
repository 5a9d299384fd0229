"""What the email connector offers: its ActionSpecs, and nothing that acts."""

from __future__ import annotations

from typing import Any

from agentctl.connectors.email.message import LONGEST_LINE, MOST_ATTACHMENTS, MOST_RECIPIENTS
from agentctl.facts import replace
from agentctl.model.action import (
    ActionSpec,
    Fidelity,
    Precondition,
    Readback,
    Reversibility,
    Settlement,
    Tier,
)

_LINE = {"type": "string", "maxLength": LONGEST_LINE}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_PEOPLE = {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": MOST_RECIPIENTS}
_WRITTEN: dict[str, Any] = {
    "from": {"description": "One of the addresses this instance may write as.", "type": "string"},
    "to": {**_PEOPLE, "description": "Plain addresses, as in ada@acme.example."},
    "cc": _PEOPLE,
    "bcc": {**_PEOPLE, "description": "Written to without the others being told."},
    "reply_to": {"description": "Where answers go, if not to the sender.", "type": "string"},
    "subject": _LINE,
    "body": {"description": "Plain text.", "type": "string"},
}
_CONTEXT = {
    "description": "What the text rests on, for those who read the draft. Never sent.",
    "type": "array", "items": _LINE, "maxItems": 20,
}
_ATTACHMENT = {
    "path": {"description": "A file below the folder of attachments.", "type": "string", "minLength": 1},
    "name": {"description": "What it is called in the mail; its own name unless said.", **_LINE},
}
_PINNED = {"type": {"type": "string"}, "size": {"type": "integer"}, "digest": {"type": "string"}}


def _attachments(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    item = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {"type": "array", "items": item, "maxItems": MOST_ATTACHMENTS}


def _object(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


_PINNED_ATTACHMENTS = _attachments({**_ATTACHMENT, **_PINNED}, ["path", "name", "type", "size", "digest"])
_RECORD = _object(
    **_WRITTEN,
    attachments=_PINNED_ATTACHMENTS,
    context=_TEXTS,
    domains={"description": "The domains written to.", **_TEXTS},
    recipient_count={"type": "integer"},
    changed={"description": "Attachments whose file is not what it was when drafted.", **_TEXTS},
    message_id={"description": "Of what was sent, as are the next two.", "type": "string"},
    date={"type": "string"},
    accepted={"description": "What the server said when it took it.", "type": "string"},
)
_GIVEN: dict[str, Any] = {**_WRITTEN, "attachments": _attachments(_ATTACHMENT, ["path"]), "context": _CONTEXT}

_DRAFT = ActionSpec(
    verb="message.draft",
    summary="Write a draft: a file that people can read and edit. Nothing is sent.",
    target="drafts/NAME, as in drafts/welcome-42",
    arguments=_object(("from", "to", "subject", "body"), **_GIVEN),
    record=_RECORD,
    tier=Tier.DRAFT,
    reversibility=Reversibility.EXACT,
    preview=Fidelity.EXACT,
    precondition=Precondition.CHECKED,
    settlement=Settlement.LOCAL,
    readback=Readback.RECORD,
    volatile=frozenset({"changed"}),
    recipients=("to", "cc", "bcc", "reply_to"),
)
_EDIT = replace(
    _DRAFT,
    verb="message.edit",
    summary="Change a draft; what is not given stays.",
    arguments={**_object(**_GIVEN), "minProperties": 1},
)
_DELETE = replace(
    _DRAFT, verb="message.delete", summary="Delete a draft.", arguments=_object(), tier=Tier.WRITE, recipients=()
)
_RESTORE = replace(
    _DRAFT,
    verb="message.restore",
    summary="Put a draft back as it was.",
    arguments=_object(
        (*_WRITTEN, "attachments", "context"), **_WRITTEN, attachments=_PINNED_ATTACHMENTS, context=_TEXTS
    ),
    inverse_only=True,
)
_READ = replace(
    _DRAFT,
    verb="message.read",
    summary="Read a draft, or what was sent.",
    target="drafts/NAME or sent/NAME, as in drafts/welcome-42",
    arguments=_object(),
    tier=Tier.READ,
    precondition=Precondition.NONE,
    readback=Readback.NONE,
    recipients=(),
)
_SEND = ActionSpec(
    verb="message.send",
    summary="Send a draft, once, to everybody it names.",
    target=_DRAFT.target,
    arguments=_object(
        ("recipients",),
        recipients={
            **_PEOPLE,
            "description": "Everybody it goes to: exactly those in `to`, `cc` and `bcc` of the draft.",
            "minItems": 1,
        },
    ),
    record=_RECORD,
    tier=Tier.EXECUTE,
    reversibility=Reversibility.NONE,
    stays="A mail that was sent is with its recipients; nobody can take it back.",
    preview=Fidelity.EXACT,
    precondition=Precondition.CHECKED,
    settlement=Settlement.ASK,
    readback=Readback.NONE,
    volatile=frozenset({"changed"}),
    recipients=("recipients",),
)
SPECS = {spec.verb: spec for spec in (_READ, _DRAFT, _EDIT, _DELETE, _SEND, _RESTORE)}
