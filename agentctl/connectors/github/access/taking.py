"""Access taken away from a person: what was accepted, or the invitation that was not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.connectors.base import Call, Located, Location, Receipt, View
from agentctl.connectors.github.access.people import People, pending
from agentctl.connectors.github.asking import ask
from agentctl.connectors.rest.connector import RestConnector
from agentctl.errors import Rejected
from agentctl.facts import replace
from agentctl.model.action import ActionSpec, Fidelity, Precondition, Readback, Reversibility, Settlement, Tier
from agentctl.model.change import Change, Inverse, RecordChange, strongest
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, within
from agentctl.model.values import UNKNOWN, Unknown

_STAYS = (
    "Who is no member of the organisation is invited again and must accept; assigned issues, and forks of a private "
    "repository, do not come back."
)
_NOTHING: Mapping[str, Any] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


class Taking:
    """Takes access away. Its inverse invites again, with the permission there was."""

    def __init__(self, rest: RestConnector, people: People) -> None:
        self._rest = rest
        self._people = people
        self.spec: ActionSpec = replace(
            rest.actions["collaborators.read"],
            verb="collaborator.remove",
            summary="Take a person's access to a repository away, or the invitation to it.",
            target="OWNER/REPO/collaborators/LOGIN",
            arguments=_NOTHING,
            tier=Tier.EXECUTE,
            reversibility=Reversibility.COMPENSATING,
            stays=_STAYS,
            preview=Fidelity.EXACT,
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
        if before is None:
            raise Rejected(
                "Record absent", f"There is no {within(address)}, and no invitation either.",
                hint="Access through a team or the organisation is taken away there.",
            )
        record = RecordChange(address=address, before=before, after=None)
        had = before["permission"]
        back = Step(
            id=step.id, action=f"{step.instance}.collaborator.add", target=step.target,
            with_={"permission": had if isinstance(had, str | Unknown) else UNKNOWN},
        )
        return Change(
            step=step.id, action=step.action, target=step.target, effect=strongest((record,)), arguments=step.with_,
            records=(record,), inverse=Inverse(kind=self.spec.reversibility, step=back, stays=_STAYS),
            notes=(*pending(before), "access through a team or the organisation stays"),
        )

    def execute(self, change: Change, call: Call) -> Receipt:
        (record,) = change.records
        now = self._people.now(record.address, call)
        ask(self._rest, self.spec, call, "DELETE", self._people.path(record.address, now.token))
        return Receipt()

    def locate(self, change: Change, call: Call) -> Location:
        """Who took it away cannot be told from that it is gone."""
        return Located.CANNOT_TELL
