"""The file connector: addresses, preview and execute for files below one root."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

from agentctl.connectors.base import Call, Located, Location, Receipt, View
from agentctl.connectors.file.actions import SPECS
from agentctl.connectors.file.confine import Scope
from agentctl.connectors.file.disk import Content, Disk, Missing
from agentctl.connectors.file.predict import File, admit, edited, file_of, text_or_bytes, to_bytes, to_mode, written
from agentctl.errors import Indeterminate, Rejected, Unreachable
from agentctl.facts import dataclass
from agentctl.model.action import ActionSpec, Reversibility
from agentctl.model.change import Change, Effect, Inverse, RecordChange, strongest
from agentctl.model.changeset import SystemIdentity
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, Snapshot, within
from agentctl.model.values import Fields, Value, has_unknown

VERSION = "1"
_MOVES = {"file.move", "file.unmove"}
_DELETES = {"file.delete", "file.unmake"}


class FileConnector:
    """Files below one root. Holds nothing open between calls; every call finds its way from the root anew."""

    actions: Mapping[str, ActionSpec] = SPECS

    def __init__(self, name: str, scope: Scope, limit: int) -> None:
        self._name = name
        self._scope = scope
        self._limit = limit
        self._disk = Disk(scope, limit)

    def identity(self) -> SystemIdentity:
        return SystemIdentity(type="file", version=VERSION, endpoint=f"file://{self._scope.root}")

    def addresses(self, step: Step) -> tuple[Address, ...]:
        if step.verb not in SPECS:
            raise Rejected("Unknown action", f"{step.action} is not an action of {self._name}.")
        addresses = (self._address(step.target),)
        return (*addresses, self._address(_destination(step))) if step.verb in _MOVES else addresses

    def resource(self, address: Address) -> str:
        return f"file://{self._scope.path(within(address))}"

    def read(self, address: Address) -> Snapshot:
        found = self._disk.read(self._scope.admit(within(address)))
        return Snapshot(address=address, value=_fields(found), at=datetime.now(UTC), token=found.token)

    def preview(self, step: Step, view: View) -> Change:
        addresses = self.addresses(step)
        seen = _Seen(step, tuple(view.read(address) for address in addresses))
        records = _records(seen, self._limit)
        for record in records:
            self._admit(record)
        reading = step.verb == "text.read"
        return Change(
            step=step.id,
            action=step.action,
            target=step.target,
            effect=Effect.READ if reading else strongest(records),
            arguments=step.with_,
            records=records,
            reads=addresses if reading else (),
            inverse=_inverse(seen, records),
            notes=_notes(seen),
        )

    def execute(self, change: Change, call: Call) -> Receipt:
        verb = change.action.partition(".")[2]
        if verb == "text.read":
            (address,) = change.reads
            return Receipt(read={address: _present(change.target, self.read(address).value)})
        paths = [self._scope.admit(within(record.address)) for record in change.records]
        prune = [self._scope.admit(path) for path in cast("list[str]", change.arguments.get("prune", ()))]
        expected = [_token(call, record.address) for record in change.records]
        if verb in _MOVES:
            self._disk.move(paths[0], paths[1], expected[0], expected[1])
        elif verb in _DELETES:
            self._disk.delete(paths[0], expected[0])
        else:
            self._disk.write(paths[0], _content(change.records[0]), expected[0])
        try:
            self._disk.prune(prune)
        except (Rejected, Unreachable) as error:
            raise Indeterminate("Directory not removed", f"The file is dealt with; then: {error}.") from error
        return Receipt()

    def locate(self, change: Change, call: Call) -> Location:
        """A file carries no mark of who wrote it: what is there decides, and reading shows that."""
        return Located.CANNOT_TELL

    def close(self) -> None:
        """Nothing is held open between calls."""

    def _address(self, target: str) -> Address:
        self._scope.admit(target)
        return Address(f"{self._name}/{target}")

    def _admit(self, record: RecordChange) -> None:
        path = within(record.address)
        before, after = file_of(record.before), file_of(record.after)
        if record.effect is not Effect.NO_OP:
            admit(path, before)
            admit(path, after)
        if after is not None and not has_unknown(after.content) and len(to_bytes(after.content)) > self._limit:
            raise Rejected("File too large", f"{path!r} would be larger than `max_bytes` allows ({self._limit}).")


@dataclass(frozen=True)
class _Seen:
    """A step and the files it names, as its view shows them."""

    step: Step
    snapshots: tuple[Snapshot, ...]

    @property
    def before(self) -> File | None:
        return file_of(self.snapshots[0].value)


def _records(seen: _Seen, limit: int) -> tuple[RecordChange, ...]:
    step, here = seen.step, seen.snapshots[0]
    if step.verb in {"file.write", "file.create"}:
        return (_record(here, written(step, seen.before).fields),)
    before = _present(step.target, here.value)
    if step.verb in _MOVES:
        there = seen.snapshots[1]
        if there.address == here.address:
            raise Rejected("Path is the same", f"{step.target!r} would be moved onto itself.")
        if there.value is not None:
            raise Rejected("File exists", f"{within(there.address)!r} exists already and is not overwritten.")
        return _record(here, None), _record(there, before)
    if step.verb in _DELETES:
        return (_record(here, None),)
    if step.verb == "text.read":
        return (_record(here, before),)
    return (_record(here, edited(step, File(before["content"], before["mode"]), limit).fields),)


def _inverse(seen: _Seen, records: tuple[RecordChange, ...]) -> Inverse:
    step, before = seen.step, seen.before

    def exact(verb: str, target: str, **with_: Value) -> Inverse:
        undo = Step(id=step.id, action=f"{step.instance}.{verb}", target=target, with_=with_)
        return Inverse(kind=Reversibility.EXACT, step=undo, stays=SPECS[step.verb].stays)

    match step.verb:
        case "text.read":
            return Inverse(kind=Reversibility.EXACT)
        case "file.move":
            prune = _directories_made(seen.snapshots[1])
            return exact("file.unmove", _destination(step), to=step.target, prune=prune)
        case "file.unmove":
            return exact("file.move", _destination(step), to=step.target)
    if before is None:
        return exact("file.unmake", step.target, prune=_directories_made(seen.snapshots[0]))
    match step.verb:
        case "file.delete" | "file.unmake":
            return exact("file.create", step.target, content=before.content, mode=before.mode)
        case "file.mode":
            return exact("file.mode", step.target, mode=before.mode)
        case "file.write" if (records[0].after or {}).get("mode") != before.mode:
            return exact("file.write", step.target, content=before.content, mode=before.mode)
    return exact("file.write", step.target, content=before.content)


def _directories_made(absent: Snapshot) -> list[str]:
    """Return the directories that writing an absent file makes; its token tells how many are missing."""
    kind, _, count = (absent.token or "").partition(":")
    if kind != "absent":
        return []
    above = within(absent.address).split("/")[:-1]
    return ["/".join(above[:depth]) for depth in range(len(above), len(above) - int(count), -1)]


def _notes(seen: _Seen) -> tuple[str, ...]:
    token = seen.snapshots[0].token or ""
    links = int(token.rpartition("links:")[2] or 1) if "links:" in token else 1
    if links == 1 or seen.step.verb in {"text.read", "file.mode", *_MOVES, *_DELETES}:
        return ()
    return (f"the file has {links} hard links; the others keep the content they have",)


def _record(snapshot: Snapshot, after: Fields | None) -> RecordChange:
    return RecordChange(address=snapshot.address, before=snapshot.value, after=after)


def _present(target: str, fields: Fields | None) -> Fields:
    if fields is None:
        raise Rejected("File absent", f"There is no {target!r}.")
    return fields


def _fields(found: Content | Missing) -> Fields | None:
    if isinstance(found, Missing):
        return None
    return File(text_or_bytes(found.data), format(found.mode, "04o")).fields


def _content(record: RecordChange) -> Content:
    file = file_of(record.after)
    if file is None or has_unknown(file.content) or has_unknown(file.mode):
        raise Rejected("Value still unknown", f"What {within(record.address)!r} will hold is not known yet.")
    return Content(to_bytes(file.content), to_mode(file.mode))


def _token(call: Call, address: Address) -> str:
    snapshot = call.before.get(address)
    if snapshot is None or snapshot.token is None:
        raise Rejected("File not read", f"{within(address)!r} was not read just before; nothing proves what it holds.")
    return snapshot.token


def _destination(step: Step) -> str:
    destination = step.with_["to"]
    if not isinstance(destination, str):
        raise Rejected("Path not known", "Where a file is moved to must be known when it is planned.")
    return destination
