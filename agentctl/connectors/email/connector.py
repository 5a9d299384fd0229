"""The email connector: addresses, preview and execute for drafts, and for what is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from agentctl.connectors.base import Call, Located, Location, Receipt, View
from agentctl.connectors.email.actions import SPECS
from agentctl.connectors.email.delivery import Delivery, Files, attached, deliver, digest_of, whereabouts
from agentctl.connectors.email.draftfile import Filed
from agentctl.connectors.email.folder import DRAFTS, SENT, Folder
from agentctl.connectors.email.mailbox import domain_of, oddities
from agentctl.connectors.email.message import OF_SENDING, WRITTEN, attachment, envelope, people, reckoned, written
from agentctl.connectors.email.settings import Configured
from agentctl.connectors.file.predict import text_or_bytes, to_bytes
from agentctl.errors import Rejected
from agentctl.facts import replace
from agentctl.model.action import ActionSpec, Reversibility
from agentctl.model.change import IRREVERSIBLE, Change, Effect, Inverse, RecordChange, strongest
from agentctl.model.changeset import SystemIdentity
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, Snapshot, within
from agentctl.model.values import UNKNOWN, Fields, Unknown, Value, has_unknown, same

VERSION = "1"
_FILES = "files"
_TARGET = re.compile(r"(drafts|sent)/([a-z0-9][a-z0-9._-]{0,99})", re.ASCII)
_MAKES = {"message.draft", "message.edit"}
_NAMES_FILES = {*_MAKES, "message.restore"}


class EmailConnector:
    """Drafts in a folder, and the way from there to a mail server. Holds nothing open between calls."""

    def __init__(
        self, name: str, configured: Configured, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._name = name
        self._configured = configured
        self._clock = clock
        self._folder = Folder(configured.folder, configured.reserved)
        self._files = Files(configured.attachments, configured.reserved)
        self.actions: Mapping[str, ActionSpec] = {
            verb: replace(spec, sealed=configured.sealed) for verb, spec in SPECS.items()
        }

    def identity(self) -> SystemIdentity:
        return SystemIdentity(type="email", version=VERSION, endpoint=self._configured.endpoint)

    def addresses(self, step: Step) -> tuple[Address, ...]:
        if step.verb not in SPECS:
            raise Rejected("Unknown action", f"{step.action} is not an action of {self._name}.")
        place, name = _place(step)
        self._folder.admit(place, name)
        own = Address(f"{self._name}/{place}/{name}")
        if step.verb == "message.read":
            return (own,)
        files = [self._file(path) for path in _paths(step)] if step.verb in _NAMES_FILES else []
        return (own, Address(f"{self._name}/{SENT}/{name}"), *dict.fromkeys(files))

    def resource(self, address: Address) -> str:
        place, _, path = within(address).partition("/")
        return self._files.resource(path) if place == _FILES else address

    def read(self, address: Address) -> Snapshot:
        place, _, name = within(address).partition("/")
        if place == _FILES:
            content = self._files.content(name)
            if content is None:
                return Snapshot(address=address, value=None, at=self._clock())
            value = {"content": text_or_bytes(content.data), "mode": format(content.mode, "04o")}
            return Snapshot(address=address, value=value, at=self._clock(), token=content.token)
        found = self._folder.read(place, name)
        fields = None if found.filed is None else dict(found.filed.fields)
        if fields is not None and place == DRAFTS:
            fields["changed"] = self._changed(fields)
        return Snapshot(address=address, value=fields, at=self._clock(), token=found.token)

    def preview(self, step: Step, view: View) -> Change:
        own, *others = self.addresses(step)
        before = view.read(own).value
        if step.verb == "message.read":
            record = RecordChange(address=own, before=_present(own, before), after=before)
            return replace(self._change(step, (record,), Effect.READ, _exact(None)), reads=(own,))
        sent = view.read(others[0]).value
        if step.verb == "message.send":
            return self._sending(step, _present(own, before), others[0], sent)
        if sent is not None and step.verb in _MAKES:
            raise Rejected(
                "Sent already",
                f"{within(others[0])} was sent at {sent.get('date')}; its draft is what was reviewed, and stays that.",
                hint="Write another draft, under another name.",
            )
        after = self._after(step, own, before, view)
        record = RecordChange(address=own, before=before, after=after)
        notes = () if after is None else _notes(after)
        return self._change(step, (record,), strongest((record,)), _inverse(step, before), notes)

    def execute(self, change: Change, call: Call) -> Receipt:
        verb = change.action.partition(".")[2]
        place, name = change.target.split("/")
        address = Address(f"{self._name}/{change.target}")
        if verb == "message.read":
            return Receipt(read={address: _present(address, self.read(address).value)})
        expected = _token(call, address)
        if verb == "message.send":
            return self._send(change, call, name, expected)
        after = change.records[0].after
        if after is None:
            self._folder.delete(place, name, expected)
        elif any(map(has_unknown, after.values())):
            raise Rejected("Value still unknown", f"What {change.target} will say is not known yet.")
        else:
            for item in cast("Sequence[Mapping[str, Any]]", after["attachments"]) if verb in _MAKES else ():
                attached([item], self._files)
            self._folder.write(place, name, Filed(_without(after, "changed")), expected)
        return Receipt()

    def locate(self, change: Change, call: Call) -> Location:
        """What was sent is filed with the mark of its call; what may have been has left it. Drafts bear none."""
        if change.action.partition(".")[2] != "message.send":
            return Located.CANNOT_TELL
        return whereabouts(change.target.partition("/")[2], call.key, self._folder)

    def close(self) -> None:
        """Nothing is held open between calls."""

    def _file(self, path: str) -> Address:
        self._files.admit(path)
        return Address(f"{self._name}/{_FILES}/{path}")

    def _changed(self, fields: Fields) -> list[Value]:
        changed: list[Value] = []
        for item in cast("Sequence[Mapping[str, Any]]", fields["attachments"]):
            data = self._files.read(item["path"])
            if data is None or digest_of(data) != item["digest"]:
                changed.append(item["path"])
        return changed

    def _moved(self, fields: Fields, view: View) -> list[Value]:
        """Return what ``_changed`` would, out of what was read."""
        moved: list[Value] = []
        for item in cast("Sequence[Mapping[str, Any]]", fields["attachments"]):
            found = view.read(self._file(item["path"])).value
            content = None if found is None else found["content"]
            if content is None or (not has_unknown(content) and digest_of(to_bytes(content)) != item["digest"]):
                moved.append(item["path"])
        return moved

    def _after(self, step: Step, own: Address, before: Fields | None, view: View) -> Fields | None:
        given = cast("Mapping[str, Value]", step.with_)
        match step.verb:
            case "message.delete":
                _present(own, before)
                return None
            case "message.restore":
                return {**reckoned({name: given[name] for name in WRITTEN}), "changed": self._moved(given, view)}
            case "message.draft" if before is not None:
                raise Rejected("Draft exists", f"There is {step.target} already.", hint="Change it by message.edit.")
            case "message.edit":
                before = _present(own, before)
        if "attachments" in given and not has_unknown(given["attachments"]):
            given = {**given, "attachments": self._pinned(given["attachments"], view)}
        changed = before["changed"] if before is not None and "attachments" not in given else []
        return {**written(given, before, self._configured.senders), "changed": changed}

    def _pinned(self, items: Value, view: View) -> list[Value]:
        pinned: list[Value] = []
        for item in cast("Sequence[Mapping[str, str]]", items):
            path = item["path"]
            found = view.read(self._file(path)).value
            if found is None:
                raise Rejected("Attachment absent", f"There is no {path!r} below the folder of attachments.")
            content = found["content"]
            data = None if has_unknown(content) else to_bytes(content)
            size, digest = (UNKNOWN, UNKNOWN) if data is None else (len(data), digest_of(data))
            pinned.append(attachment(path, item.get("name") or path.rpartition("/")[2], size, digest))
        return pinned

    def _sending(self, step: Step, draft: Fields, filed: Address, sent: Fields | None) -> Change:
        if sent is not None:
            raise Rejected("Sent already", f"{step.target} was sent at {sent.get('date')}; it is not sent twice.")
        if self._configured.server is None:
            raise Rejected(
                "No server configured", f"`{self._name}` names no `smtp` in agentctl.yaml: it only writes drafts."
            )
        if not has_unknown(draft["changed"]) and draft["changed"]:
            paths = ", ".join(map(repr, cast("Sequence[str]", draft["changed"])))
            raise Rejected(
                "Attachment changed",
                f"{paths} is not what it was when {step.target} was written.",
                hint="Give `attachments` to message.edit to take it as it is now.",
            )
        if not has_unknown(draft["from"]) and draft["from"] not in self._configured.senders.values():
            raise Rejected("Sender not allowed", f"{step.target} is from {draft['from']!r}, not in `from`.")
        _check_recipients(step, draft)
        after = {**_without(draft, "changed"), **dict.fromkeys(OF_SENDING, UNKNOWN)}
        record = RecordChange(address=filed, before=None, after=after)
        change = self._change(
            step, (record,), Effect.SIDE_EFFECT, replace(IRREVERSIBLE, stays=SPECS[step.verb].stays),
            _notes(draft),
        )
        return replace(change, receipt={"message_id": UNKNOWN, "accepted": UNKNOWN})

    def _send(self, change: Change, call: Call, name: str, expected: str) -> Receipt:
        (record,) = change.records
        if self._configured.server is None or record.after is None:
            raise Rejected("No server configured", f"`{self._name}` names no `smtp` in agentctl.yaml.")
        fields = _without(record.after, *OF_SENDING)
        live = self._folder.read(DRAFTS, name)
        if live.filed is None or live.token != expected or not same(dict(live.filed.fields), fields):
            raise Rejected("Draft changed", f"{change.target} is not what it was when it was read just now.")
        if self._folder.read(SENT, name).filed is not None:
            raise Rejected("Sent already", f"{change.target} was sent; it is not sent twice.")
        recipients = people(cast(Value, change.arguments["recipients"]))
        if not same(recipients, [*envelope(fields)]):
            raise Rejected("Recipients differ", f"{change.target} does not go to those who were named.")
        delivery = Delivery(
            name=name,
            fields=fields,
            attached=attached(cast("Sequence[Mapping[str, Any]]", fields["attachments"]), self._files),
            key=call.key,
            deadline=call.deadline,
        )
        return deliver(delivery, self._folder, self._configured.server(), self._clock)

    def _change(
        self, step: Step, records: tuple[RecordChange, ...], effect: Effect, inverse: Inverse,
        notes: tuple[str, ...] = (),
    ) -> Change:
        return Change(
            step=step.id, action=step.action, target=step.target, effect=effect, arguments=step.with_, records=records,
            inverse=inverse, notes=notes,
        )


def _place(step: Step) -> tuple[str, str]:
    found = _TARGET.fullmatch(step.target)
    if found is None or (found[1] == SENT and step.verb != "message.read"):
        raise Rejected(
            "Target malformed",
            f"{step.action} takes {SPECS[step.verb].target}; not {step.target!r}.",
            hint="A name is of small letters, digits and . _ -, and begins with a letter or digit.",
        )
    return found[1], found[2]


def _notes(fields: Fields) -> tuple[str, ...]:
    """Say what a reader would look past: names that look like others, and which files go along."""
    domains, sender, reply_to, items = (fields[name] for name in ("domains", "from", "reply_to", "attachments"))
    odd: Iterable[str] = ()
    if not has_unknown(domains) and isinstance(sender, str):
        answers = [domain_of(reply_to)] if isinstance(reply_to, str) and reply_to else []
        odd = oddities([*cast("Sequence[str]", domains), *answers], domain_of(sender.strip(">")))
    listed = () if isinstance(items, Unknown) else cast("Sequence[Mapping[str, Any]]", items)
    return (*odd, *map(_along, listed))


def _along(item: Mapping[str, Any]) -> str:
    path, name, kind = (cast(str, item[part]) for part in ("path", "name", "type"))
    unknown = has_unknown(item["digest"]) or has_unknown(item["size"])
    what = "known after apply" if unknown else f"{item['size']:,} bytes, {cast(str, item['digest'])[:19]}"
    renamed = "" if name == path.rpartition("/")[2] else f" as {name}"
    return f"attaches {path}{renamed} ({kind}, {what})"


def _paths(step: Step) -> list[str]:
    items = step.with_.get("attachments", [])
    if not isinstance(items, list | tuple):
        return []
    paths = [item.get("path") if isinstance(item, Mapping) else None for item in items]
    if not all(isinstance(path, str) for path in paths):
        raise Rejected("Path not known", "Which file is attached must be known when it is planned.")
    return cast("list[str]", paths)


def _check_recipients(step: Step, draft: Fields) -> None:
    given = cast(Value, step.with_["recipients"])
    if has_unknown(given) or has_unknown(draft["recipient_count"]):
        return
    named, wanted = people(given), envelope(draft)
    if not same(named, [*wanted]):
        missing = [one for one in wanted if one not in named]
        extra = [one for one in cast("list[str]", named) if one not in wanted]
        said = [f"{', '.join(missing)} missing"] if missing else []
        said += [f"{', '.join(extra)} not among them"] if extra else []
        raise Rejected(
            "Recipients differ",
            f"{step.target} goes to {', '.join(wanted)}; of `recipients`, {' and '.join(said) or 'one stands twice'}.",
        )


def _inverse(step: Step, before: Fields | None) -> Inverse:
    if before is None:
        return _exact(Step(id=step.id, action=f"{step.instance}.message.delete", target=step.target))
    with_ = {name: before[name] for name in WRITTEN}
    return _exact(Step(id=step.id, action=f"{step.instance}.message.restore", target=step.target, with_=with_))


def _exact(step: Step | None) -> Inverse:
    return Inverse(kind=Reversibility.EXACT, step=step)


def _present(address: Address, fields: Fields | None) -> Fields:
    if fields is None:
        raise Rejected("Message absent", f"There is no {within(address)}.")
    return fields


def _without(fields: Fields, *names: str) -> dict[str, Value]:
    return {name: value for name, value in fields.items() if name not in names}


def _token(call: Call, address: Address) -> str:
    snapshot = call.before.get(address)
    if snapshot is None or snapshot.token is None:
        raise Rejected("Message not read", f"{within(address)} was not read just before; nothing proves what it says.")
    return snapshot.token
