"""Reads a branch, or a file as a branch or a commit holds it."""

from __future__ import annotations

from agentctl.connectors.base import Call, Located, Location, Receipt, View
from agentctl.connectors.github.code import actions
from agentctl.connectors.github.code.places import Branch, File
from agentctl.connectors.github.code.records import Records
from agentctl.connectors.gitnames import is_sha
from agentctl.errors import Rejected
from agentctl.facts import dataclass
from agentctl.model.action import ActionSpec, Reversibility
from agentctl.model.change import Change, Effect, Inverse, RecordChange
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, within
from agentctl.model.values import Fields


@dataclass(frozen=True, kw_only=True)
class Looking:
    """One of the verbs that read."""

    spec: ActionSpec
    records: Records

    def addresses(self, step: Step) -> tuple[Address, ...]:
        places = self.records.places
        if self.spec.verb == actions.BRANCH_READ.verb:
            return (places.address(places.branch(step.target)),)
        file = places.file(step.target)
        return (places.address(file), *(() if _is_commit(file) else (places.address(file.branch),)))

    def preview(self, step: Step, view: View) -> Change:
        own = self.addresses(step)[0]
        found = self._seen(own, view)
        if found is None:
            raise _nothing(own)
        return Change(
            step=step.id,
            action=step.action,
            target=step.target,
            effect=Effect.READ,
            arguments=step.with_,
            records=(RecordChange(address=own, before=found, after=found),),
            reads=(own,),
            inverse=Inverse(kind=Reversibility.EXACT),
        )

    def execute(self, change: Change, call: Call) -> Receipt:
        (own,) = change.reads
        if (found := self.records.read(own).value) is None:
            raise _nothing(own)
        return Receipt(read={own: found})

    def locate(self, change: Change, call: Call) -> Location:
        return Located.CANNOT_TELL

    def _seen(self, own: Address, view: View) -> Fields | None:
        """Return the record as earlier steps will have left it."""
        place = self.records.places.at(own)
        if isinstance(place, Branch) or _is_commit(place):
            return view.read(own).value
        return self.records.foreseen(place.branch, view, [place.path])[place.path]


def _is_commit(file: File) -> bool:
    return is_sha(file.branch.name)


def _nothing(own: Address) -> Rejected:
    return Rejected("Record absent", f"There is no {within(own)}.", hint="It may be there and the token not see it.")
