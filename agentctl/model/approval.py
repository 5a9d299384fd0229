"""A person's signed consent to one changeset: what it says, in one byte form. Who signed is ``identity``'s part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentctl.model.canonical import canonical, digest_bytes

ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a person signs. Times are RFC 3339 UTC texts of whole seconds; ``steps`` empty means all of them.

    ``irreversible`` counts the changes consented to that cannot be undone, by action. ``group`` empty means every group
    the person is in. ``shown`` is the digest of the document the person was shown.
    """

    digest: str
    effects: str
    lineage: str
    person: str
    from_: str
    until: str
    shown: str
    steps: tuple[str, ...] = ()
    group: str = ""
    reason: str = ""
    irreversible: Mapping[str, int]

    @property
    def text(self) -> bytes:
        """The signed bytes: canonical JSON and a newline."""
        return canonical(statement_to_wire(self)) + b"\n"

    @property
    def id(self) -> str:
        """What names the approval wherever it is used up: the same words signed twice are one approval."""
        return digest_bytes(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A statement with the armored signature somebody made of it; who that was is not known before it is checked."""

    statement: Statement
    signature: str

    @property
    def text(self) -> bytes:
        """The file that travels: the statement's line, then the signature."""
        return self.statement.text + self.signature.encode()


def statement_to_wire(statement: Statement) -> dict[str, Any]:
    return {
        "version": 1,
        "kind": "Approval",
        "digest": statement.digest,
        "effects": statement.effects,
        "lineage": statement.lineage,
        "steps": list(statement.steps) or ALL,
        "person": statement.person,
        "group": statement.group,
        "reason": statement.reason,
        "from": statement.from_,
        "until": statement.until,
        "shown": statement.shown,
        "irreversible": dict(statement.irreversible),
    }


def statement_from_wire(wire: Mapping[str, Any]) -> Statement:
    """Return the statement of a JSON form that fits ``approval.schema.json``."""
    return Statement(
        digest=wire["digest"],
        effects=wire["effects"],
        lineage=wire["lineage"],
        steps=() if wire["steps"] == ALL else tuple(wire["steps"]),
        person=wire["person"],
        group=wire["group"],
        reason=wire["reason"],
        from_=wire["from"],
        until=wire["until"],
        shown=wire["shown"],
        irreversible=wire["irreversible"],
    )
