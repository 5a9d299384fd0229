"""A third party's connector for the office: one action for each way in which a lost reply can be settled.

``marks: false`` keeps it from looking for the mark an update leaves, as systems that keep none would.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from agentctl.connectors.base import Found, Located, Receipt, Setting
from agentctl.errors import Indeterminate, Rejected, Unreachable
from agentctl.model.action import ActionSpec, Fidelity, Precondition, Readback, Reversibility, Settlement, Tier
from agentctl.model.change import IRREVERSIBLE, Change, Effect, Inverse, RecordChange, strongest
from agentctl.model.changeset import SystemIdentity
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, Snapshot, new_address, within
from agentctl.model.values import UNKNOWN

ANY = {"type": "object", "additionalProperties": True}
NOTHING = {"type": "object", "additionalProperties": False}
UPDATE = ActionSpec(
    verb="record.update",
    summary="Set fields of a record.",
    target="records/NAME",
    arguments=ANY,
    record=ANY,
    tier=Tier.WRITE,
    reversibility=Reversibility.EXACT,
    preview=Fidelity.EXACT,
    precondition=Precondition.ENFORCED,
    settlement=Settlement.CONDITIONAL,
    readback=Readback.RECORD,
)
RESTORE = replace(UPDATE, verb="record.restore", summary="Put fields back.", inverse_only=True)
REMOVE = replace(
    UPDATE, verb="thing.remove", summary="Take away what was made.", target="tickets/ID or notes/ID", arguments=NOTHING,
    reversibility=Reversibility.NONE, stays="What is removed is gone.", inverse_only=True,
)
TICKET = replace(
    UPDATE, verb="ticket.create", summary="Open a ticket.", target="tickets", settlement=Settlement.KEYED,
    key_lifetime=86400,
)
NOTE = replace(UPDATE, verb="note.create", summary="Write a note.", target="notes", settlement=Settlement.FIND)
MAIL = replace(
    UPDATE, verb="mail.send", summary="Send a mail.", target="mails", tier=Tier.EXECUTE, settlement=Settlement.ASK,
    reversibility=Reversibility.NONE, stays="A mail that was sent has been read.", precondition=Precondition.NONE,
    readback=Readback.NONE,
)
DROP = replace(
    UPDATE, verb="note.drop", summary="Take a note away.", target="notes/ID", arguments=NOTHING,
    reversibility=Reversibility.COMPENSATING, stays="It comes back under another number.",
)
SPECS = {spec.verb: spec for spec in (UPDATE, RESTORE, REMOVE, TICKET, NOTE, DROP, MAIL)}


_PATIENCE = 30.0        # seconds for what nothing is done to: only a reply to what was sent is kept back or lost


class Clerk:
    """The connector."""

    def __init__(self, name, url, *, marks=True, timeout=0.8, key_lifetime=86400):
        self._name, self._url, self._marks, self._timeout = name, urlsplit(url), marks, timeout
        self.actions = {**SPECS, "ticket.create": replace(TICKET, key_lifetime=key_lifetime)}

    def identity(self):
        return SystemIdentity(type="office", version="1", endpoint=self._url.geturl())

    def addresses(self, step):
        match step.verb:
            case "mail.send":
                return ()
            case "ticket.create" | "note.create":
                return (new_address(self._name, step.target, step.id),)
        return (Address(f"{self._name}/{step.target}"),)

    def resource(self, address):
        return address

    def read(self, address):
        shown = None if "/new:" in address else self._ask(within(address))
        return Snapshot(
            address=address, at=datetime.now(UTC),
            value=shown and shown["value"], token=shown and str(shown["version"]),
        )

    def preview(self, step, view):
        common = {"step": step.id, "action": step.action, "target": step.target, "arguments": step.with_}
        if step.verb == "mail.send":
            inverse = replace(IRREVERSIBLE, stays=MAIL.stays)
            return Change(effect=Effect.SIDE_EFFECT, inverse=inverse, **common)
        (address,) = self.addresses(step)
        before, given = view.read(address).value, dict(step.with_)
        receipt = {}
        match step.verb:
            case "record.update" | "record.restore":
                if before is None:
                    raise Rejected("Record absent", f"There is no {step.target}.")
                after = {**before, **given}
                inverse = self._undo(step, "record.restore", {key: before.get(key) for key in given})
            case "note.drop":
                if before is None:
                    raise Rejected("Note absent", f"There is no {step.target}.")
                back = Step(id=step.id, action=f"{step.instance}.note.create", target="notes", with_=before)
                after, inverse = None, Inverse(kind=Reversibility.COMPENSATING, step=back, stays=DROP.stays)
            case "thing.remove":
                after, inverse = None, replace(IRREVERSIBLE, stays=REMOVE.stays)
            case _:
                after, receipt = given, {"id": UNKNOWN}
                inverse = self._undo(replace(step, target=within(address)), "thing.remove", {})
        record = RecordChange(address=address, before=before, after=after)
        return Change(effect=strongest((record,)), records=(record,), inverse=inverse, receipt=receipt, **common)

    def execute(self, change, call):
        verb = change.action.partition(".")[2]
        if verb in {"ticket.create", "note.create", "mail.send"}:
            made = self._send("POST", change.target, dict(change.arguments), call.key)
            return Receipt() if verb == "mail.send" else self._made(change, made["id"])
        (record,) = change.records
        method = "DELETE" if record.after is None else "PUT"
        self._send(method, change.target, record.after, call.key, call.before[record.address].token)
        return Receipt()

    def locate(self, change, call):
        match change.action.partition(".")[2]:
            case "note.create":
                found = self._ask(f"{change.target}?mark={call.key}")
                return Found(receipt=self._made(change, found[0].rpartition("/")[2])) if found else Located.ABSENT
            case "record.update" | "record.restore" if self._marks:
                (record,) = change.records
                shown = self._ask(within(record.address))
                if shown and shown["mark"] == call.key:
                    return self.read(record.address)
        return Located.CANNOT_TELL

    def close(self):
        """Each request has a connection of its own."""

    def _undo(self, step, verb, with_):
        inverse = Step(id=step.id, action=f"{step.instance}.{verb}", target=step.target, with_=with_)
        return Inverse(kind=Reversibility.EXACT, step=inverse)

    def _made(self, change, identifier):
        (record,) = change.records
        name = f"{change.target}/{identifier}"
        return Receipt(
            ids={"id": identifier},
            inverse=replace(change.inverse, step=replace(change.inverse.step, target=name)),
            addresses={record.address: Address(f"{self._name}/{name}")},
        )

    def _ask(self, path):
        connection = http.client.HTTPConnection(self._url.netloc, timeout=_PATIENCE)
        try:
            connection.request("GET", f"/{path}")
            reply = connection.getresponse()
            text = reply.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable("Office out of reach", f"{error!r}") from error
        finally:
            connection.close()
        return json.loads(text) if reply.status == 200 else None

    def _send(self, method, path, body, key, match=""):
        connection = http.client.HTTPConnection(self._url.netloc, timeout=_PATIENCE)
        try:
            try:
                connection.connect()
                connection.sock.settimeout(self._timeout)
            except OSError as error:
                raise Unreachable("Office out of reach", f"{error!r}") from error
            headers = {"Idempotency-Key": key, "If-Match": match or ""}
            try:
                connection.request(method, f"/{path}", json.dumps(body), headers)
                reply = connection.getresponse()
                text = reply.read()
            except (OSError, http.client.HTTPException) as error:
                raise Indeterminate("Reply lost", f"the office did not answer: {type(error).__name__}") from error
        finally:
            connection.close()
        if reply.status >= 400:
            raise Rejected("Office refused", f"it said {reply.status}")
        return json.loads(text)


class OfficeType:
    """What the registry knows of it."""

    type = "office"
    version = "1"
    settings = {    # noqa: RUF012
        "url": Setting(schema={"type": "string"}, summary="Where it is.", required=True),
        "marks": Setting(schema={"type": "boolean"}, summary="Whether an update leaves a mark."),
        "timeout": Setting(schema={"type": "number"}, summary="Seconds to wait for a reply."),
        "key_lifetime": Setting(schema={"type": "integer"}, summary="How long keys are remembered."),
    }

    def open(self, instance):
        return Clerk(instance.name, **instance.settings)


TYPE = OfficeType()
