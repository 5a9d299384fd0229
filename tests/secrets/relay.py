"""A third party's connector: mail accounts in a JSON file, made and removed with a password, and told in many ways.

``tells`` names where it lets the password slip out, as real systems do: in errors, ids, links, records, exceptions.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from agentctl.connectors.base import Located, Receipt, Setting
from agentctl.errors import Indeterminate, Rejected
from agentctl.model.action import ActionSpec, Fidelity, Precondition, Readback, Reversibility, Settlement, Tier
from agentctl.model.change import Change, Inverse, RecordChange, strongest
from agentctl.model.changeset import SystemIdentity
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, Snapshot, within

RECORD = {"type": "object", "additionalProperties": {"type": ["string", "null"]}}
SECRET = {"type": "string", "minLength": 8}
CREATE = ActionSpec(
    verb="account.create",
    summary="Make a mail account.",
    target="accounts/NAME",
    arguments={
        "type": "object",
        "properties": {"password": SECRET, "quota": {"type": "string"}},
        "required": ["password"],
        "additionalProperties": False,
    },
    record=RECORD,
    tier=Tier.WRITE,
    reversibility=Reversibility.EXACT,
    preview=Fidelity.EXACT,
    precondition=Precondition.ENFORCED,
    settlement=Settlement.KEYED,
    readback=Readback.RECORD,
    secret=frozenset({"password"}),
)
UPDATE = ActionSpec(
    verb="account.update",
    summary="Change an account's quota.",
    target="accounts/NAME",
    arguments={
        "type": "object", "properties": {"quota": {"type": "string"}, "note": {"type": "string"}},
        "additionalProperties": False,
    },
    record=RECORD,
    tier=Tier.WRITE,
    reversibility=Reversibility.EXACT,
    preview=Fidelity.EXACT,
    precondition=Precondition.CHECKED,
    settlement=Settlement.LOCAL,
    readback=Readback.RECORD,
)
DELETE = ActionSpec(
    verb="account.delete",
    summary="Remove a mail account, by whoever knows its password.",
    target="accounts/NAME",
    arguments={
        "type": "object", "properties": {"password": SECRET}, "required": ["password"], "additionalProperties": False,
    },
    record=RECORD,
    tier=Tier.WRITE,
    reversibility=Reversibility.COMPENSATING,
    stays="The mail it held is gone.",
    preview=Fidelity.EXACT,
    precondition=Precondition.CHECKED,
    settlement=Settlement.LOCAL,
    readback=Readback.RECORD,
    secret=frozenset({"password"}),
    inverse_only=True,
)


class Relay:
    """The connector. ``passwords`` in its file is what the system of record holds."""

    actions: ClassVar = {spec.verb: spec for spec in (CREATE, UPDATE, DELETE)}

    def __init__(self, name: str, path: Path, tells: frozenset[str]) -> None:
        self._name, self._path, self._tells = name, path, tells

    def identity(self):
        return SystemIdentity(type="relay", version="1", endpoint=f"relay:{self._path.name}")

    def addresses(self, step):
        if not step.target.startswith("accounts/"):
            raise Rejected("Target malformed", f"{step.target} is no account.")
        return (Address(f"{self._name}/{step.target}"),)

    def resource(self, address):
        return address

    def read(self, address):
        value = self._load()["accounts"].get(within(address))
        return Snapshot(address=address, value=value, at=datetime.now(UTC), token=None)

    def preview(self, step, view):
        (address,) = self.addresses(step)
        before = view.read(address).value
        match step.verb:
            case "account.create":
                if before is not None:
                    raise Rejected("Account exists", f"{step.target} exists.")
                after = {"quota": step.with_.get("quota", "1")}
            case "account.update":
                after = {**(before or {}), **step.with_}
            case _:
                after = None
        record = RecordChange(address=address, before=before, after=after)
        return Change(
            step=step.id, action=step.action, target=step.target, effect=strongest((record,)), arguments=step.with_,
            records=(record,), inverse=self._inverse(step, before),
        )

    def execute(self, change, call):
        world = self._load()
        password = call.secrets.get("password", "")
        if world.get("broken"):
            raise Rejected("Login refused", f"535 {password} is not the password; sent Basic {self._basic(password)}")
        if "exception" in self._tells and password:
            raise ValueError(f"login failed for {password}")
        name = change.target
        (record,) = change.records
        match change.action.partition(".")[2]:
            case "account.create":
                world["passwords"][name] = password
                world["accounts"][name] = {**record.after, **self._slip(password)}
                world["keys"][call.key] = name
            case "account.update":
                world["accounts"][name] = {**record.after, **self._slip(world["passwords"].get(name, ""))}
            case _:
                if world["passwords"].get(name) != password:
                    raise Rejected("Login refused", f"`{password[:20]}…` is wrong.")
                del world["passwords"][name], world["accounts"][name]
        self._path.write_text(json.dumps(world))
        if "doubt" in self._tells and password:
            raise Indeterminate("No reply", f"after {json.dumps({'password': password})}")
        ids = {"id": name, "session": password} if "ids" in self._tells else {"id": name}
        links = (f"https://relay.example/{name}?p={quote(password, safe='')}",) if "links" in self._tells else ()
        return Receipt(ids=ids, links=links)

    def locate(self, change, call):
        name = self._load()["keys"].get(call.key)
        return self.read(Address(f"{self._name}/{name}")) if name else Located.CANNOT_TELL

    def close(self):
        pass

    def _inverse(self, step, before):
        if step.verb == "account.create":
            undo = Step(id=step.id, action=f"{self._name}.account.delete", target=step.target,
                        with_={"password": step.with_["password"]})
            return Inverse(kind=Reversibility.EXACT, step=undo)
        if step.verb == "account.update" and before is not None:
            undo = Step(id=step.id, action=step.action, target=step.target, with_={"quota": before["quota"]})
            return Inverse(kind=Reversibility.EXACT, step=undo)
        return Inverse(kind=Reversibility.NONE, stays="gone")

    def _slip(self, password):
        if "deviate" in self._tells:
            return {"quota": password}
        return {"dsn": f"smtp://user:{quote(password, safe='')}@host"} if "record" in self._tells else {}

    def _basic(self, password):
        return base64.b64encode(f"user:{password}".encode()).decode()

    def _load(self):
        if not self._path.exists():
            return {"accounts": {}, "passwords": {}, "keys": {}}
        return json.loads(self._path.read_text())


class TYPE:
    type, version = "relay", "1"
    settings: ClassVar = {
        "path": Setting(schema={"type": "string"}, summary="The file.", required=True),
        "tells": Setting(schema={"type": "array", "items": {"type": "string"}}, summary="Where the password slips out."),
    }

    @staticmethod
    def open(instance):
        settings = instance.settings
        if "crash" in settings.get("tells", ()):
            password = Path(instance.root, settings["path"]).read_text()    # a local name, and the words of the error
            raise ZeroDivisionError(password)
        return Relay(instance.name, Path(instance.root, settings["path"]), frozenset(settings.get("tells", ())))
