"""The reference connector: addresses, preview and execute over a World of records."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from agentctl.connectors.base import Call, Located, Location, Receipt, View
from agentctl.connectors.memory.actions import SPECS
from agentctl.connectors.memory.world import World, load, locked, save
from agentctl.errors import Rejected
from agentctl.facts import replace
from agentctl.model.action import ActionSpec, Reversibility
from agentctl.model.change import IRREVERSIBLE, Change, Effect, Inverse, RecordChange, strongest
from agentctl.model.changeset import SystemIdentity
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, Snapshot, new_address, within
from agentctl.model.values import UNKNOWN, Fields, Value, differing, has_unknown
from agentctl.patterns import regex

VERSION = "1"
_CONTROL = regex(r"[\x00-\x1f\x7f]")


class MemoryConnector:
    """Records of one process, or of one file; a lock makes each execute compare and act at once."""

    def __init__(
        self, name: str, world: World, *, store: Path | None, actions: Mapping[str, ActionSpec], tenant: str = ""
    ) -> None:
        self._name = name
        self._tenant = tenant
        self._world = world
        self._store = store
        self._lock = threading.RLock()
        self.actions = actions

    @property
    def outbox(self) -> tuple[Fields, ...]:
        """The notes sent so far, oldest first."""
        with self._held() as world:
            return tuple(world.outbox)

    @property
    def records(self) -> Mapping[str, Fields]:
        """Every record by COLLECTION/KEY."""
        with self._held() as world:
            return {name: dict(fields) for name, fields in sorted(world.fields.items())}

    def put(self, name: str, fields: Fields | None) -> None:
        """Change a record from outside, as another user of the system would; None deletes it."""
        with self._held(writing=True) as world:
            if fields is None:
                world.drop(name)
            else:
                world.put(name, fields)

    def identity(self) -> SystemIdentity:
        endpoint = "memory:" if self._store is None else f"memory:{self._store}"
        return SystemIdentity(type="memory", version=VERSION, endpoint=endpoint, tenant=self._tenant)

    def addresses(self, step: Step) -> tuple[Address, ...]:
        return self._addresses(step, self._spec(step))

    def _addresses(self, step: Step, spec: ActionSpec) -> tuple[Address, ...]:
        match spec.verb, segments(step.target):
            case "note.send", ["outbox"]:
                return ()
            case "record.create", [collection]:
                return (new_address(self._name, collection, step.id),)
            case "record.create", [_, key] if key.startswith("new:"):
                raise Rejected("Key reserved", f"A key may not begin with `new:`, as in {step.target}.")
            case verb, [_, _] if verb != "note.send":
                return (Address(f"{self._name}/{step.target}"),)
        raise Rejected("Target malformed", f"{step.action} takes {spec.target}; not {step.target!r}.")

    def resource(self, address: Address) -> str:
        return address

    def read(self, address: Address) -> Snapshot:
        with self._held() as world:
            name = within(address)
            version = world.versions.get(name)
            return Snapshot(
                address=address,
                value=dict(world.fields[name]) if name in world.fields else None,
                at=datetime.now(UTC),
                token=None if version is None else str(version),
            )

    def preview(self, step: Step, view: View) -> Change:
        spec = self._spec(step)
        verb = spec.verb
        if verb == "note.send":
            return Change(
                step=step.id, action=step.action, target=step.target, effect=Effect.SIDE_EFFECT, arguments=step.with_,
                inverse=replace(IRREVERSIBLE, stays=SPECS[verb].stays),
            )
        (address,) = self._addresses(step, spec)
        before = view.read(address).value
        record = RecordChange(address=address, before=before, after=_after(step, verb, before))
        reading = verb == "record.read"
        return Change(
            step=step.id,
            action=step.action,
            target=step.target,
            effect=Effect.READ if reading else strongest((record,)),
            arguments=step.with_,
            records=(record,),
            reads=(address,) if reading else (),
            inverse=_inverse(step, verb, record),
            receipt={"id": UNKNOWN} if verb == "record.create" and "/" not in step.target else {},
        )

    def execute(self, change: Change, call: Call) -> Receipt:
        if any(has_unknown(cast(Value, argument)) for argument in change.arguments.values()):
            raise Rejected("Value still unknown", f"{change.action} was given a value that is not known yet.")
        verb = change.action.partition(".")[2]
        with self._held(writing=verb != "record.read") as world:
            match verb:
                case "note.send":
                    note = {name: cast(Value, change.arguments[name]) for name in ("to", "text")}
                    world.outbox.append(note)
                    return Receipt()
                case "record.read":
                    return Receipt(read={change.reads[0]: dict(_present(world, within(change.reads[0])))})
                case "record.create":
                    return self._create(world, change, call)
            (record,) = change.records
            name = _current(world, record.address, call)
            world.keys[call.key] = name
            if record.after is None:
                world.drop(name)
            else:
                world.put(name, record.after)
            return Receipt()

    def locate(self, change: Change, call: Call) -> Location:
        with self._held() as world:
            name = world.keys.get(call.key)
            if name is None:
                creates = change.action.partition(".")[2] == "record.create"
                return Located.ABSENT if creates else Located.CANNOT_TELL
            return self.read(Address(f"{self._name}/{name}"))

    def close(self) -> None:
        """Nothing is held open between calls."""

    def _create(self, world: World, change: Change, call: Call) -> Receipt:
        (record,) = change.records
        name = world.keys.get(call.key)
        if name is None:
            name = change.target if "/" in change.target else f"{change.target}/{world.serial + 1}"
            if name in world.fields:
                raise Rejected("Record exists", f"{name} exists already.")
            world.put(name, cast(Fields, change.arguments))
            world.keys[call.key] = name
        step = change.inverse.step
        return Receipt(
            ids={"id": name.partition("/")[2]},
            inverse=replace(change.inverse, step=step and replace(step, target=name)),
            addresses={record.address: Address(f"{self._name}/{name}")},
        )

    def _spec(self, step: Step) -> ActionSpec:
        if (spec := self.actions.get(step.verb)) is None:
            raise Rejected("Unknown action", f"{step.action} is not an action of {self._name}.")
        return spec

    @contextmanager
    def _held(self, *, writing: bool = False) -> Iterator[World]:
        """Hold the records, read from the file where there is one; what was changed is kept only on a normal end."""
        with self._lock:
            if self._store is None:
                yield self._world
            elif writing:
                with locked(self._store):
                    world = load(self._store, self._world)
                    yield world
                    save(self._store, world)
            else:
                yield load(self._store, self._world)


def segments(target: str) -> list[str]:
    parts = target.split("/")
    return parts if all(parts) and (target.isprintable() or _CONTROL.search(target) is None) else []


def _after(step: Step, verb: str, before: Fields | None) -> Fields | None:
    given = cast(Fields, step.with_)
    match verb:
        case "record.create":
            if before is not None:
                raise Rejected("Record exists", f"{step.target} exists already.")
            return dict(given)
        case _ if before is None:
            raise Rejected("Record absent", f"There is no {step.target}.")
        case "record.read":
            return before
        case "record.update":
            return {**before, **given}
        case "record.restore":
            if has_unknown(given):
                raise Rejected("Value still unknown", f"What {step.target} is restored to is not known yet.")
            absent = cast(list[str], given["absent"])
            return {**{key: item for key, item in before.items() if key not in absent}, **cast(Fields, given["fields"])}
    return None


def _inverse(step: Step, verb: str, record: RecordChange) -> Inverse:
    instance, before = step.instance, record.before

    def exact(action: str, with_: Fields) -> Inverse:
        undo = Step(id=step.id, action=f"{instance}.{action}", target=within(record.address), with_=with_)
        return Inverse(kind=Reversibility.EXACT, step=undo, stays=SPECS[verb].stays)

    match verb:
        case "record.create":
            return exact("record.delete", {})
        case "record.delete":
            return exact("record.create", before or {})
        case "record.update" | "record.restore":
            old, new = before or {}, record.after or {}
            touched = differing(old, new)
            return exact("record.restore", {
                "fields": {key: old[key] for key in touched if key in old},
                "absent": [key for key in touched if key not in old],
            })
    return Inverse(kind=Reversibility.EXACT)


def _present(world: World, name: str) -> Fields:
    if name not in world.fields:
        raise Rejected("Record absent", f"There is no {name}.")
    return world.fields[name]


def _current(world: World, address: Address, call: Call) -> str:
    """Return the record's name where it still is what the call's read saw."""
    name = within(address)
    read = call.before.get(address)
    version = world.versions.get(name)
    if read is None or version is None or read.token != str(version):
        raise Rejected("Record changed", f"{name} is not what it was when it was read just now.")
    return name
