"""Access given to a person, and changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.connectors.base import Call, Located, Location, Receipt, View
from agentctl.connectors.github.access.people import People, given_as, pending, permission
from agentctl.connectors.github.asking import ask
from agentctl.connectors.rest.connector import RestConnector
from agentctl.errors import Rejected
from agentctl.facts import replace
from agentctl.model.action import ActionSpec, Fidelity, Precondition, Readback, Reversibility, Settlement, Tier
from agentctl.model.change import Change, Effect, Inverse, RecordChange, strongest
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, within
from agentctl.model.values import UNKNOWN, Unknown, Value, has_unknown

_PERMISSION: Mapping[str, Any] = {
    "type": "string", "minLength": 1, "maxLength": 100,
    "description": "read, triage, write, maintain, admin, or a role of the organisation's own.",
}
_GAVE = "Who was invited was mailed, and what was read or done until it is taken back stays."
_INVITES = "who is no member of the organisation is mailed an invitation, and has no access until it is accepted"
_CHANGED = "What was done with it in between stays."


class Giving:
    """Gives access to who has none by name (``new``), or changes what was given, accepted or not."""

    def __init__(self, rest: RestConnector, people: People, *, new: bool) -> None:
        self._rest = rest
        self._people = people
        self._new = new
        self.spec: ActionSpec = replace(
            rest.actions["collaborators.read"],
            verb="collaborator.add" if new else "collaborator.update",
            summary="Give a person access to a repository." if new else "Change what a person may do in a repository.",
            target="OWNER/REPO/collaborators/LOGIN",
            arguments={
                "type": "object", "properties": {"permission": _PERMISSION}, "required": ["permission"],
                "additionalProperties": False,
            },
            tier=Tier.EXECUTE,
            reversibility=Reversibility.EXACT,
            stays=_GAVE if new else _CHANGED,
            preview=Fidelity.PARTIAL if new else Fidelity.EXACT,
            precondition=Precondition.CHECKED,
            settlement=Settlement.ASK,
            readback=Readback.RECORD,
            consistency=10,
            scopes=("administration:write",),
        )

    def addresses(self, step: Step) -> tuple[Address, ...]:
        return (self._people.address(step),)

    def preview(self, step: Step, view: View) -> Change:
        (address,) = self.addresses(step)
        before = view.read(address).value
        if self._new and before is not None:
            raise Rejected(
                "Record exists", f"{within(address)} has access, or an invitation.",
                hint=f"Change it with {step.instance}.collaborator.update.",
            )
        if not self._new and before is None:
            raise Rejected(
                "Record absent", f"There is no {within(address)}, and no invitation either.",
                hint=f"Give access with {step.instance}.collaborator.add.",
            )
        wanted = step.with_["permission"]
        after: dict[str, Value] = dict(before or {"invited": UNKNOWN})
        after["permission"] = permission(wanted) if isinstance(wanted, str) else UNKNOWN
        record = RecordChange(address=address, before=before, after=after)
        open_ = not isinstance(wanted, str) or (before is not None and has_unknown(before["permission"]))
        return Change(
            step=step.id, action=step.action, target=step.target, arguments=step.with_, records=(record,),
            effect=Effect.UPDATE if open_ and not self._new else strongest((record,)),
            inverse=Inverse(kind=self.spec.reversibility, step=self._back(step, before), stays=self.spec.stays),
            notes=(_INVITES,) if before is None else pending(before),
        )

    def execute(self, change: Change, call: Call) -> Receipt:
        (record,) = change.records
        wanted = str(change.arguments["permission"])
        now = self._people.now(record.address, call)
        if now.token is None:
            told = self._send(call, "PUT", self._people.path(record.address, None), {"permission": given_as(wanted)})
        else:
            told = self._send(call, "PATCH", self._people.path(record.address, now.token), {"permissions": wanted})
        url = told.get("html_url") if isinstance(told, Mapping) else None
        return Receipt(links=(url,) if isinstance(url, str) and url.startswith(("https://", "http://")) else ())

    def locate(self, change: Change, call: Call) -> Location:
        """Who gave somebody access cannot be told from that they have it."""
        return Located.CANNOT_TELL

    def _send(self, call: Call, method: str, path: str, content: Mapping[str, str]) -> Any:
        return ask(self._rest, self.spec, call, method, path, content)

    def _back(self, step: Step, before: Mapping[str, Value] | None) -> Step:
        if before is None:
            return Step(id=step.id, action=f"{step.instance}.collaborator.remove", target=step.target)
        had = before["permission"]
        return Step(
            id=step.id, action=step.action, target=step.target,
            with_={"permission": had if isinstance(had, str | Unknown) else UNKNOWN},
        )
