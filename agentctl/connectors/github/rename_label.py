"""A label that is given another name: one request, after which one address is gone and another is there."""

from __future__ import annotations

from agentctl.connectors.base import Call, Located, Location, Receipt, View
from agentctl.connectors.github.asking import ask
from agentctl.connectors.github.unmoved import unmoved
from agentctl.connectors.rest.connector import RestConnector
from agentctl.errors import Rejected
from agentctl.facts import replace
from agentctl.model.action import ActionSpec
from agentctl.model.change import Change, Inverse, RecordChange, strongest
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, within

_NAME = {"description": "The new name; nothing may have it yet.", "type": "string", "minLength": 1, "maxLength": 50}
_ARGUMENTS = {"type": "object", "properties": {"to": _NAME}, "required": ["to"], "additionalProperties": False}


class RenameLabel:
    """``label.rename``. What has the label keeps it; its inverse renames it back."""

    def __init__(self, rest: RestConnector) -> None:
        self._rest = rest
        self._verb = rest.names.manifest.verbs["label.update"]
        self.spec: ActionSpec = replace(
            rest.actions["label.update"],
            verb="label.rename",
            summary="Give a label another name; what has it keeps it.",
            arguments=_ARGUMENTS,
        )

    def addresses(self, step: Step) -> tuple[Address, ...]:
        return self._rest.names.of_step(step, self._verb), self._rest.names.of_step(self._back(step), self._verb)

    def preview(self, step: Step, view: View) -> Change:
        old, new = self.addresses(step)
        if old == new:
            raise Rejected("Name is the same", f"{within(old)} has that name already.")
        before, there = view.read(old).value, view.read(new).value
        if before is None:
            raise Rejected("Record absent", f"There is no {within(old)}.", hint="The token may not see it.")
        if there is not None:
            raise Rejected("Record exists", f"There is {within(new)} already.")
        gone = RecordChange(address=old, before=before, after=None)
        records = gone, RecordChange(address=new, before=None, after=before)
        return Change(
            step=step.id, action=step.action, target=step.target, effect=strongest(records), arguments=step.with_,
            records=records,
            inverse=Inverse(kind=self.spec.reversibility, step=self._back(step), stays=self.spec.stays),
        )

    def execute(self, change: Change, call: Call) -> Receipt:
        unmoved(self._rest, self.spec, change, call)
        path = self._verb.record.path.path(self._rest.names.target(change.target, self._verb))
        ask(self._rest, self.spec, call, "PATCH", path, {"new_name": change.arguments["to"]})
        return Receipt()

    def locate(self, change: Change, call: Call) -> Location:
        """A label bears no mark of who named it."""
        return Located.CANNOT_TELL

    def _back(self, step: Step) -> Step:
        """Return the step that undoes ``step``: its target is the new name."""
        name, to = self._rest.names.target(step.target, self._verb), step.with_["to"]
        if not isinstance(to, str):
            raise Rejected("Name not known", "What a label will be called must be known when it is planned.")
        target = self._verb.record.address.format({**name, "name": to})
        return replace(step, target=target, with_={"to": name["name"]}, because="", evidence=(), needs=(), span=None)
