"""The git connector: one repository, its records by address, and a module for each verb."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from agentctl.connectors.base import Call, Located, Location, Receipt, View
from agentctl.connectors.git import branches, commits, files, merges, reverts, undoing
from agentctl.connectors.git.actions import SPECS
from agentctl.connectors.git.landing import expected, landed
from agentctl.connectors.git.repository import Repository
from agentctl.connectors.git.site import Site
from agentctl.errors import Rejected
from agentctl.model.action import ActionSpec
from agentctl.model.change import Change
from agentctl.model.changeset import SystemIdentity
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, Snapshot

VERSION = "1"
_SHARE = 0.9


class Verb(Protocol):
    """What a verb's module offers: the port's own three methods, given the site."""

    def addresses(self, site: Site, step: Step) -> tuple[Address, ...]: ...

    def preview(self, site: Site, step: Step, view: View) -> Change: ...

    def execute(self, site: Site, change: Change, call: Call, /) -> Receipt: ...


_VERBS: Mapping[str, Verb] = {
    "branch.create": branches,
    "branch.delete": branches,
    "branch.merge": merges,
    "branch.undo": undoing,
    "branch.move": undoing,
    "commit.create": commits,
    "commit.revert": reverts,
    "file.read": files,
}


class GitConnector:
    """One repository. Reads start git programs that change nothing; every effect is one compare-and-swap of a ref."""

    def __init__(
        self, name: str, path: Path, *, reserved: tuple[str, ...], author: tuple[str, str], hooks: bool
    ) -> None:
        repository = Repository(path, hooks=hooks, author=author)
        self._site = Site(name=name, repository=repository, reserved=reserved)
        self._author = author

    @property
    def actions(self) -> Mapping[str, ActionSpec]:
        return SPECS

    def identity(self) -> SystemIdentity:
        repository = self._site.repository
        name, mail = self._author
        return SystemIdentity(
            type="git", version=VERSION, endpoint=f"file://{repository.path}", whoami=f"{name} <{mail}>"
        )

    def addresses(self, step: Step) -> tuple[Address, ...]:
        return _verb(step.verb).addresses(self._site, step)

    def resource(self, address: Address) -> str:
        return self._site.resource(address)

    def read(self, address: Address) -> Snapshot:
        return self._site.read(address)

    def preview(self, step: Step, view: View) -> Change:
        return _verb(step.verb).preview(self._site, step, view)

    def execute(self, change: Change, call: Call) -> Receipt:
        # Less than the caller waits: once nobody listens any more, nothing may happen any more.
        site = self._site.bounded(call.deadline * _SHARE, call.lifeline)
        return _verb(change.action.partition(".")[2]).execute(site, change, call)

    def locate(self, change: Change, call: Call) -> Location:
        """Say where the branch went under ``call.key``, as its reflog tells."""
        if change.action.endswith(".file.read"):
            return Located.CANNOT_TELL
        address = self._site.address("branches", change.target)
        if landed(self._site, change.target, expected(self._site, change.target, call), call) is None:
            return Located.CANNOT_TELL
        return self._site.read(address)

    def close(self) -> None:
        self._site.repository.close()


def _verb(name: str) -> Verb:
    if name not in _VERBS:
        raise Rejected("Unknown action", f"{name} is not an action of a git repository.")
    return _VERBS[name]
