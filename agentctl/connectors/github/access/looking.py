"""The reading of what access one person was given."""

from __future__ import annotations

from agentctl.connectors.base import Call, Located, Location, Receipt, View
from agentctl.connectors.github.access.people import People
from agentctl.connectors.rest.connector import RestConnector
from agentctl.errors import Rejected
from agentctl.facts import replace
from agentctl.model.action import ActionSpec, Reversibility
from agentctl.model.change import Change, Effect, Inverse, RecordChange
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, within


class Looking:
    """Reads one person; who was given nothing by name may still come in through a team or the organisation."""

    def __init__(self, rest: RestConnector, people: People) -> None:
        self._people = people
        self.spec: ActionSpec = replace(
            rest.actions["collaborators.read"],
            verb="collaborator.read",
            summary="Read what access one person was given by name.",
            target="OWNER/REPO/collaborators/LOGIN",
            scopes=("administration:read",),
        )

    def addresses(self, step: Step) -> tuple[Address, ...]:
        return (self._people.address(step),)

    def preview(self, step: Step, view: View) -> Change:
        (address,) = self.addresses(step)
        value = view.read(address).value
        if value is None:
            raise _nobody(address)
        return Change(
            step=step.id, action=step.action, target=step.target, effect=Effect.READ, arguments=step.with_,
            records=(RecordChange(address=address, before=value, after=value),), reads=(address,),
            inverse=Inverse(kind=Reversibility.EXACT),
        )

    def execute(self, change: Change, call: Call) -> Receipt:
        (address,) = change.reads
        value = self._people.read(address).value
        if value is None:
            raise _nobody(address)
        return Receipt(read={address: value})

    def locate(self, change: Change, call: Call) -> Location:
        return Located.CANNOT_TELL


def _nobody(address: Address) -> Rejected:
    return Rejected("Record absent", f"There is no {within(address)}, and no invitation either.")
