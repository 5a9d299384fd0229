"""The GitHub connector: a manifest's interpreter, and beside it the verbs that a manifest cannot say, each a Hook."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, cast

from agentctl.connectors.base import Call, Location, Receipt, View
from agentctl.connectors.github import ready, reviewers
from agentctl.connectors.github.access import hooks as access_hooks
from agentctl.connectors.github.access.people import People
from agentctl.connectors.github.code.offered import hooks as code_hooks
from agentctl.connectors.github.code.records import Records
from agentctl.connectors.github.hook import Hook
from agentctl.connectors.github.merge import Merge
from agentctl.connectors.github.open_pull import OpenPull
from agentctl.connectors.github.publish import Publish
from agentctl.connectors.github.rename_label import RenameLabel
from agentctl.connectors.rest.connector import RestConnector, side_by_side
from agentctl.errors import Rejected
from agentctl.model.action import ActionSpec
from agentctl.model.change import Change
from agentctl.model.changeset import SystemIdentity
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, Snapshot
from agentctl.model.values import Value, has_unknown

HOOKS: Final[tuple[Callable[[RestConnector], Hook], ...]] = (
    reviewers.request_reviewers,
    reviewers.remove_reviewers,
    OpenPull,
    Merge,
    Publish,
    RenameLabel,
)
GRAPH_HOOKS: Final[tuple[Callable[[RestConnector, RestConnector], Hook], ...]] = (ready.ready, ready.draft)


class GithubConnector:
    """Passes on to the interpreter all but the verbs that have a hook; those are added to what it offers."""

    def __init__(self, rest: RestConnector, graph: RestConnector) -> None:
        """``graph`` is the same instance where GraphQL is: an Enterprise has it beside its REST API, not below."""
        self.rest = rest
        self._graph = graph
        self._code = Records(rest)
        self._people = People(rest)
        hooks = [
            *(make(rest) for make in HOOKS), *(make(rest, graph) for make in GRAPH_HOOKS),
            *code_hooks(rest, self._code), *access_hooks(rest, self._people),
        ]
        self._hooks: Mapping[str, Hook] = {hook.spec.verb: hook for hook in hooks}
        self.actions: Mapping[str, ActionSpec] = {
            **rest.actions, **{verb: hook.spec for verb, hook in self._hooks.items()},
        }

    def identity(self) -> SystemIdentity:
        return self.rest.identity()

    def addresses(self, step: Step) -> tuple[Address, ...]:
        hook = self._hooks.get(step.verb)
        return self.rest.addresses(step) if hook is None else hook.addresses(step)

    def resource(self, address: Address) -> str:
        return self._code.resource(address) if self._code.owns(address) else self.rest.resource(address)

    def read(self, address: Address) -> Snapshot:
        if self._code.owns(address):
            return self._code.read(address)
        return self._people.read(address) if self._people.owns(address) else self.rest.read(address)

    def read_many(self, addresses: Sequence[Address]) -> Iterable[Snapshot]:
        if all(map(self._code.owns, addresses)):
            return self._code.read_many(addresses)
        if all(map(self._people.owns, addresses)):
            return self._people.read_many(addresses)
        return side_by_side(self.read, addresses)

    def preview(self, step: Step, view: View) -> Change:
        hook = self._hooks.get(step.verb)
        return self.rest.preview(step, view) if hook is None else hook.preview(step, view)

    def execute(self, change: Change, call: Call) -> Receipt:
        hook = self._hooks.get(_verb(change))
        if hook is None:
            return self.rest.execute(change, call)
        known = [value for name, value in change.arguments.items() if name not in call.secrets]
        if any(has_unknown(cast(Value, value)) for value in known):
            raise Rejected("Value still unknown", f"{change.action} was given a value that is not known yet.")
        return hook.execute(change, call)

    def locate(self, change: Change, call: Call) -> Location:
        hook = self._hooks.get(_verb(change))
        return self.rest.locate(change, call) if hook is None else hook.locate(change, call)

    def close(self) -> None:
        self.rest.close()
        self._graph.close()


def _verb(change: Change) -> str:
    return change.action.partition(".")[2]
