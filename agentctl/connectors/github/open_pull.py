"""The opening of a pull request: from a branch that is there, to a branch that is there, as a draft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from agentctl.connectors import gitnames
from agentctl.connectors.base import Call, Location, Receipt, View
from agentctl.connectors.github.code.places import Branch
from agentctl.connectors.github.code.records import Records
from agentctl.connectors.rest.connector import RestConnector
from agentctl.errors import Rejected
from agentctl.facts import replace
from agentctl.model.action import ActionSpec
from agentctl.model.change import Change
from agentctl.model.plan import Argument, Step
from agentctl.model.snapshot import Address
from agentctl.model.values import UNKNOWN, Fields, Value

_ENDS = ("head", "base")


class OpenPull:
    """What the manifest says of ``pull.create``, and besides that both branches are looked at beforehand."""

    def __init__(self, rest: RestConnector) -> None:
        self._rest = rest
        self._branches = Records(rest)
        self.spec: ActionSpec = rest.actions["pull.create"]

    def addresses(self, step: Step) -> tuple[Address, ...]:
        return (*self._rest.addresses(step), *self._addresses(step))

    def preview(self, step: Step, view: View) -> Change:
        if isinstance(step.with_["head"], str) and step.with_["head"] == step.with_["base"]:
            raise Rejected("Nothing to merge", f"Head and base are the same branch, `{step.with_['base']}`.")
        standing: Fields = {}
        for end, branch in self._ends(step).items():
            standing = {**standing, end: self._branches.standing(branch, view)}
        # A branch of a fork is written OWNER:BRANCH and read back without the owner.
        change = self._rest.preview(self._meant(step), view)
        (record,) = change.records
        head = change.arguments["head"]
        after: dict[str, Value] = {**cast(Fields, record.after), "head_sha": standing.get("head", UNKNOWN)}
        if isinstance(head, str):
            after["head"] = head.rpartition(":")[2]
        return replace(change, records=(replace(record, after=after),), reads=self._addresses(step))

    def execute(self, change: Change, call: Call) -> Receipt:
        return self._rest.execute(change, call)

    def locate(self, change: Change, call: Call) -> Location:
        return self._rest.locate(change, call)

    def _meant(self, step: Step) -> Step:
        """Return the step with what it left to us: a draft."""
        given: Mapping[str, Argument] = {"draft": True, **step.with_}
        return replace(step, with_=given)

    def _addresses(self, step: Step) -> tuple[Address, ...]:
        return tuple(map(self._branches.places.address, self._ends(step).values()))

    def _ends(self, step: Step) -> Mapping[str, Branch]:
        """Return the branches of this repository; what is in a fork GitHub alone can look at."""
        named = {end: name for end in _ENDS if isinstance(name := step.with_[end], str)}
        return {
            end: self._branch(step, name)
            for end, name in named.items() if end == "base" or ":" not in name
        }

    def _branch(self, step: Step, name: str) -> Branch:
        place = self._rest.names.target(step.target, self._rest.names.manifest.verbs[self.spec.verb])
        return Branch(owner=place["owner"], repo=place["repo"], name=gitnames.branch(name))
