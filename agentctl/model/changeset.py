"""What all steps of a plan do together, and the digests consent is bound to."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Any

from agentctl.facts import dataclass, field, replace
from agentctl.model.canonical import digest, digest_bytes, with_part
from agentctl.model.change import Change, change_bytes
from agentctl.model.plan import Plan, plan_to_wire


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
    ``undoes`` names the run a rollback undoes. ``repeat`` is N of ``--again``. ``signed_by`` is the fingerprint of the
    agent's key that signed the plan; ``proof`` is what that is checked by, as it is stored with the changeset.
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
    signed_by: str = ""
    proof: str = field(default="", compare=False, repr=False)

    @cached_property
    def lines(self) -> tuple[bytes, ...]:
        """The canonical bytes of each change: what is digested is what is stored."""
        return tuple(map(change_bytes, self.changes))

    @cached_property
    def effects(self) -> str:
        """Digest of the ordered changes: prose may differ, what is done may not."""
        return digest([digest_bytes(line) for line in self.lines])

    @cached_property
    def digest(self) -> str:
        """What consent is bound to. No time, precondition token or rendered text is in it."""
        return digest_bytes(header(self, {"effects": self.effects}))

    def proven_by(self, proof: str) -> ChangeSet:
        """Return the same with ``proof``, which nothing is digested of: the digests and bytes are not made again."""
        found = replace(self, proof=proof)
        vars(found).update({name: made for name, made in vars(self).items() if name in ("lines", "effects", "digest")})
        return found

    def forget_bytes(self) -> None:
        """Let go of the bytes of plan and changes, which nobody asks for once they are stored: the digests stay."""
        _ = self.digest, self.plan.digest
        vars(self).pop("lines", None)
        vars(self.plan).pop("canonical", None)


def header(changeset: ChangeSet, more: Mapping[str, Any]) -> bytes:
    """Return the canonical bytes of a changeset's header with ``more`` in it. The plan's are made once and put in."""
    return with_part({**_less_plan(changeset), **more}, "plan", changeset.plan.canonical)


def header_to_wire(changeset: ChangeSet) -> dict[str, Any]:
    """Return a changeset's JSON form without its changes: the first line of its file, less the digests."""
    return {**_less_plan(changeset), "plan": plan_to_wire(changeset.plan)}


def _less_plan(changeset: ChangeSet) -> dict[str, Any]:
    return {
        "version": 1,
        "kind": "ChangeSet",
        "lineage": changeset.lineage,
        "tenant": changeset.tenant,
        "environment": changeset.environment,
        "purpose": changeset.purpose.value,
        "policy": changeset.policy,
        "specs": dict(changeset.specs),
        "systems": {name: system_to_wire(system) for name, system in changeset.systems.items()},
        "undoes": changeset.undoes,
        "repeat": changeset.repeat,
        # Left out where there is nothing to say: what was consented to before there was keeps its digest.
        **({"signed_by": changeset.signed_by} if changeset.signed_by else {}),
    }


def system_to_wire(system: SystemIdentity) -> dict[str, str]:
    return {
        "type": system.type,
        "version": system.version,
        "endpoint": system.endpoint,
        "whoami": system.whoami,
        "tenant": system.tenant,
    }
