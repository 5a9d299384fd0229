"""What one step does to which records, and how it is undone. What all steps do together is ``changeset``'s part."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from agentctl.facts import dataclass, field, kept
from agentctl.model.action import Reversibility
from agentctl.model.canonical import encoded
from agentctl.model.plan import (
    Argument,
    Step,
    argument_from_wire,
    arguments_text,
    arguments_to_wire,
    step_from_wire,
    step_text,
    step_to_wire,
)
from agentctl.model.snapshot import Address
from agentctl.model.values import Fields, Unknown, Value, fields_from_wire, same, to_wire
from agentctl.model.written import listed, mapping, text, texts


class Effect(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    NO_OP = "no-op"
    READ = "read"
    SIDE_EFFECT = "side-effect"


@dataclass(frozen=True, kw_only=True)      # without slots: its effect is computed once and kept
class RecordChange:
    """One record before and after; None is absence. Unknown field values stand as Unknown."""

    address: Address
    before: Fields | None
    after: Fields | None

    @kept
    def effect(self) -> Effect:
        if self.before is None:
            return Effect.NO_OP if self.after is None else Effect.CREATE
        if self.after is None:
            return Effect.DELETE
        return Effect.NO_OP if same(self.before, self.after) else Effect.UPDATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverse:
    """How a change is undone: a Step (none where nothing can), and what stays done even then.

    Before apply the step may hold Unknowns; a Receipt's inverse is complete.
    """

    kind: Reversibility
    step: Step | None = None
    stays: str = ""


IRREVERSIBLE = Inverse(kind=Reversibility.NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one step does. ``arguments`` are its ``with``, resolved as far as known.

    ``reads`` are the addresses it looks at without changing them. ``notes`` are the connector's own facts for the
    reader ("hooks are not run"), never the agent's prose. ``receipt`` predicts the receipt's ids.
    """

    step: str
    action: str
    target: str
    effect: Effect
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    records: tuple[RecordChange, ...] = ()
    reads: tuple[Address, ...] = ()
    inverse: Inverse = IRREVERSIBLE
    notes: tuple[str, ...] = ()
    receipt: Mapping[str, Value] = field(default_factory=dict)

    @property
    def instance(self) -> str:
        return self.action.partition(".")[0]


def weaker(one: Inverse, other: Inverse) -> Inverse:
    """Return the inverse that can bring back less."""
    return one if one.kind.rank <= other.kind.rank else other


def strongest(records: tuple[RecordChange, ...]) -> Effect:
    """Return the effect a step with these records has: delete over update over create over no-op."""
    if len(records) == 1:
        return records[0].effect
    effects = {record.effect for record in records}
    for effect in (Effect.DELETE, Effect.UPDATE, Effect.CREATE):
        if effect in effects:
            return effect
    return Effect.NO_OP


def fields_to_wire(fields: Fields | None) -> Any:
    return None if fields is None else to_wire(fields)


def _fields_from_wire(wire: Any) -> Fields | None:
    return None if wire is None else fields_from_wire(wire)


def change_to_wire(change: Change) -> dict[str, Any]:
    """Return the JSON form of a change: one line of a changeset."""
    return {
        "step": change.step,
        "action": change.action,
        "target": change.target,
        "effect": change.effect.value,
        "arguments": arguments_to_wire(change.arguments),
        "records": [
            {
                "address": record.address,
                "before": fields_to_wire(record.before),
                "after": fields_to_wire(record.after),
            }
            for record in change.records
        ],
        "reads": list(change.reads),
        "inverse": inverse_to_wire(change.inverse),
        "notes": list(change.notes),
        "receipt": to_wire(change.receipt),
    }


def change_bytes(change: Change) -> bytes:
    """Return the canonical bytes of ``change_to_wire(change)``: what is digested and stored of a changeset."""
    return encoded(_change_text, change)


def _change_text(change: Change) -> str:
    return (
        f'{{"action":{text(change.action)},"arguments":{arguments_text(change.arguments)},'
        f'"effect":{text(change.effect)},"inverse":{_inverse_text(change.inverse)},'
        f'"notes":{texts(change.notes)},"reads":{texts(change.reads)},"receipt":{_fields_text(change.receipt)},'
        f'"records":{listed(map(_record_text, change.records))},'
        f'"step":{text(change.step)},"target":{text(change.target)}}}'
    )


def _record_text(record: RecordChange) -> str:
    after, before = _fields_text(record.after), _fields_text(record.before)
    return f'{{"address":{text(record.address)},"after":{after},"before":{before}}}'


def _fields_text(fields: Fields | None) -> str:
    return "null" if fields is None else mapping(fields, to_wire, to_wire)


def _inverse_text(inverse: Inverse) -> str:
    step = "null" if inverse.step is None else step_text(inverse.step)
    return f'{{"kind":{text(inverse.kind)},"stays":{text(inverse.stays)},"step":{step}}}'


def change_from_wire(wire: Mapping[str, Any]) -> Change:
    """Return the change whose JSON form is ``wire``."""
    return Change(
        step=wire["step"],
        action=wire["action"],
        target=wire["target"],
        effect=Effect(wire["effect"]),
        arguments={name: argument_from_wire(argument) for name, argument in wire["arguments"].items()},
        records=tuple(
            RecordChange(
                address=Address(record["address"]),
                before=_fields_from_wire(record["before"]),
                after=_fields_from_wire(record["after"]),
            )
            for record in wire["records"]
        ),
        reads=tuple(map(Address, wire["reads"])),
        inverse=inverse_from_wire(wire["inverse"]),
        notes=tuple(wire["notes"]),
        receipt=_fields_from_wire(wire["receipt"]) or {},
    )


def inverse_to_wire(inverse: Inverse) -> dict[str, Any]:
    return {
        "kind": inverse.kind.value,
        "step": None if inverse.step is None else step_to_wire(inverse.step),
        "stays": inverse.stays,
    }


def inverse_from_wire(wire: Mapping[str, Any]) -> Inverse:
    return Inverse(
        kind=Reversibility(wire["kind"]),
        step=None if wire["step"] is None else step_from_wire(wire["step"]),
        stays=wire["stays"],
    )


def unknown_paths(change: Change) -> tuple[str, ...]:
    """Return ``ADDRESS.FIELD`` for every predicted value that is only known after apply."""
    return tuple([
        f"{record.address}.{name}"
        for record in change.records
        for name, value in (record.after or {}).items()
        if isinstance(value, Unknown)
    ])
