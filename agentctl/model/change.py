"""What one step does to which records, what all steps do together, and the digests consent is bound to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from agentctl.model.action import Reversibility
from agentctl.model.canonical import canonical, digest, digest_bytes
from agentctl.model.plan import (
    Argument,
    Plan,
    Step,
    argument_from_wire,
    argument_to_wire,
    plan_to_wire,
    step_from_wire,
    step_to_wire,
)
from agentctl.model.snapshot import Address
from agentctl.model.values import Fields, Unknown, Value, from_wire, same, to_wire


class Effect(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    NO_OP = "no-op"
    READ = "read"
    SIDE_EFFECT = "side-effect"


class FieldChange(NamedTuple):
    """One path that really differs. ``path`` is dotted (``address.city``); absent is None on its side."""

    path: str
    before: Value
    after: Value


@dataclass(frozen=True, kw_only=True)      # without slots: its effect is computed once and kept
class RecordChange:
    """One record before and after; None is absence. Unknown field values stand as Unknown."""

    address: Address
    before: Fields | None
    after: Fields | None

    @cached_property
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemIdentity:
    """Which system answers: never a credential in ``endpoint``; ``whoami`` and ``tenant`` where the system can tell."""

    type: str
    version: str
    endpoint: str
    whoami: str = ""
    tenant: str = ""


class Purpose(StrEnum):
    APPLY = "apply"
    ROLLBACK = "rollback"


@dataclass(frozen=True, kw_only=True)      # without slots: its digests are computed once and kept
class ChangeSet:
    """Everything a plan would do: what people consent to and ``apply`` executes.

    ``specs`` maps each used action to its ActionSpec's digest, ``systems`` each used instance to its identity.
    ``undoes`` names the run a rollback undoes. ``repeat`` is N of ``--again``.
    """

    lineage: str
    tenant: str
    environment: str
    purpose: Purpose
    plan: Plan
    policy: str
    specs: Mapping[str, str]
    systems: Mapping[str, SystemIdentity]
    changes: tuple[Change, ...]
    undoes: str = ""
    repeat: int = 0

    @cached_property
    def lines(self) -> tuple[bytes, ...]:
        """The canonical bytes of each change: what is digested is what is stored."""
        return tuple(canonical(change_to_wire(change)) for change in self.changes)

    @cached_property
    def effects(self) -> str:
        """Digest of the ordered changes: prose may differ, what is done may not."""
        return digest([digest_bytes(line) for line in self.lines])

    @cached_property
    def digest(self) -> str:
        """What consent is bound to. No time, precondition token or rendered text is in it."""
        return digest({**header_to_wire(self), "effects": self.effects})


def strongest(records: tuple[RecordChange, ...]) -> Effect:
    """Return the effect a step with these records has: delete over update over create over no-op."""
    effects = {record.effect for record in records}
    for effect in (Effect.DELETE, Effect.UPDATE, Effect.CREATE):
        if effect in effects:
            return effect
    return Effect.NO_OP


def field_changes(before: Fields | None, after: Fields | None, prefix: str = "") -> Iterator[FieldChange]:
    """Yield the paths that really differ, mappings entered, everything else compared whole."""
    left, right = before or {}, after or {}
    for key in [*left, *(key for key in right if key not in left)]:
        old, new = left.get(key), right.get(key)
        if key in left and key in right and same(old, new):
            continue
        path = f"{prefix}{key}"
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from field_changes(old, new, path + ".")
        else:
            yield FieldChange(path, old, new)


def bound_fields(record: RecordChange, reads: frozenset[str] | None) -> frozenset[str] | None:
    """Return the top-level fields consent to ``record`` is about, or None for the whole record less volatile ones.

    ``reads`` are the fields the deciding rules read; None where that can't be told.
    """
    if reads is None or record.before is None or record.after is None:
        return None
    return frozenset(change.path.partition(".")[0] for change in field_changes(record.before, record.after)) | reads


def project(change: Change, reads: frozenset[str] | None, volatile: frozenset[str]) -> Change:
    """Return ``change`` with its records cut to what consent is about: what is stored, shown, judged and digested.

    A read brings values but consent to it is about the address, so its records are left out. Of the inverse stay its
    kind, action and target: what it puts back is the records' own ``before``.
    """
    records = () if change.effect is Effect.READ else change.records
    step = change.inverse.step and replace(change.inverse.step, with_={})
    return replace(
        change,
        records=tuple(_cut(record, reads, volatile) for record in records),
        inverse=Inverse(kind=change.inverse.kind, step=step, stays=change.inverse.stays),
    )


def _cut(record: RecordChange, reads: frozenset[str] | None, volatile: frozenset[str]) -> RecordChange:
    bound = bound_fields(record, reads)

    def keep(fields: Fields | None) -> Fields | None:
        if fields is None:
            return None
        return {
            name: value for name, value in fields.items() if (name not in volatile if bound is None else name in bound)
        }

    return RecordChange(address=record.address, before=keep(record.before), after=keep(record.after))


def fingerprint(change: Change) -> str:
    """Return the digest of the values a projected change's consent is about: its records' ``before``."""
    return digest([[record.address, _fields_to_wire(record.before)] for record in change.records])


def _fields_to_wire(fields: Fields | None) -> Any:
    return None if fields is None else to_wire(fields)


def _fields_from_wire(wire: Any) -> Fields | None:
    return None if wire is None else from_wire(wire)  # type: ignore[return-value]  # an object decodes to a mapping


def change_to_wire(change: Change) -> dict[str, Any]:
    """Return the JSON form of a change: one line of a changeset."""
    return {
        "step": change.step,
        "action": change.action,
        "target": change.target,
        "effect": change.effect.value,
        "arguments": {name: argument_to_wire(argument) for name, argument in change.arguments.items()},
        "records": [
            {
                "address": record.address,
                "before": _fields_to_wire(record.before),
                "after": _fields_to_wire(record.after),
            }
            for record in change.records
        ],
        "reads": list(change.reads),
        "inverse": inverse_to_wire(change.inverse),
        "notes": list(change.notes),
        "receipt": to_wire(change.receipt),
    }


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


def header_to_wire(changeset: ChangeSet) -> dict[str, Any]:
    """Return a changeset's JSON form without its changes: the first line of its file, less the digests."""
    return {
        "version": 1,
        "kind": "ChangeSet",
        "lineage": changeset.lineage,
        "tenant": changeset.tenant,
        "environment": changeset.environment,
        "purpose": changeset.purpose.value,
        "plan": plan_to_wire(changeset.plan),
        "policy": changeset.policy,
        "specs": dict(changeset.specs),
        "systems": {name: system_to_wire(system) for name, system in changeset.systems.items()},
        "undoes": changeset.undoes,
        "repeat": changeset.repeat,
    }


def system_to_wire(system: SystemIdentity) -> dict[str, str]:
    return {
        "type": system.type,
        "version": system.version,
        "endpoint": system.endpoint,
        "whoami": system.whoami,
        "tenant": system.tenant,
    }


def unknown_paths(change: Change) -> tuple[str, ...]:
    """Return ``ADDRESS.FIELD`` for every predicted value that is only known after apply."""
    return tuple(
        f"{record.address}.{name}"
        for record in change.records
        for name, value in (record.after or {}).items()
        if isinstance(value, Unknown)
    )
