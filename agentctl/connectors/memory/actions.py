"""What the memory connector offers: its ActionSpecs, and nothing that acts."""

from __future__ import annotations

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

_RECORD = {"type": "object", "additionalProperties": True}
_FIELDS = {"type": "object", "additionalProperties": True}
_NOTHING = {"type": "object", "additionalProperties": False}

_READ = ActionSpec(
    verb="record.read",
    summary="Read one record.",
    target="COLLECTION/KEY, as in customers/42",
    arguments=_NOTHING,
    record=_RECORD,
    tier=Tier.READ,
    reversibility=Reversibility.EXACT,
    preview=Fidelity.EXACT,
    settlement=Settlement.LOCAL,
    readback=Readback.NONE,
)
_CREATE = ActionSpec(
    verb="record.create",
    summary="Create a record; without a key in the target the system assigns one.",
    target="COLLECTION or COLLECTION/KEY, as in customers or customers/42",
    arguments=_FIELDS,
    record=_RECORD,
    tier=Tier.WRITE,
    reversibility=Reversibility.EXACT,
    stays="An assigned key is not assigned again.",
    preview=Fidelity.EXACT,
    precondition=Precondition.ENFORCED,
    settlement=Settlement.KEYED,
    readback=Readback.RECORD,
)
_UPDATE = ActionSpec(
    verb="record.update",
    summary="Set the given fields of a record; other fields stay.",
    target="COLLECTION/KEY, as in customers/42",
    arguments={**_FIELDS, "minProperties": 1},
    record=_RECORD,
    tier=Tier.WRITE,
    reversibility=Reversibility.EXACT,
    preview=Fidelity.EXACT,
    precondition=Precondition.ENFORCED,
    settlement=Settlement.CONDITIONAL,
    readback=Readback.RECORD,
)
_DELETE = replace(_UPDATE, verb="record.delete", summary="Delete a record.", arguments=_NOTHING)
_RESTORE = replace(
    _UPDATE,
    verb="record.restore",
    summary="Put fields back as they were; fields that were absent are taken away.",
    arguments={
        "type": "object",
        "properties": {
            "fields": {"type": "object"},
            "absent": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["fields", "absent"],
        "additionalProperties": False,
    },
    inverse_only=True,
)
_SEND = ActionSpec(
    verb="note.send",
    summary="Send a note to somebody.",
    target="outbox",
    arguments={
        "type": "object",
        "properties": {
            "to": {"type": "string", "minLength": 1},
            "text": {"type": "string"},
            "password": {"type": "string"},
        },
        "required": ["to", "text"],
        "additionalProperties": False,
    },
    record=_RECORD,
    tier=Tier.EXECUTE,
    reversibility=Reversibility.NONE,
    stays="A note that was sent has been read.",
    preview=Fidelity.EXACT,
    precondition=Precondition.NONE,
    settlement=Settlement.ASK,
    readback=Readback.NONE,
    secret=frozenset({"password"}),
    recipients=("to",),
)
SPECS = {spec.verb: spec for spec in (_READ, _CREATE, _UPDATE, _DELETE, _RESTORE, _SEND)}
