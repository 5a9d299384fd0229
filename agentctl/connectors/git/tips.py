"""What stands on a branch when a step's turn comes, the commits that earlier steps will make included. Pure reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agentctl.connectors.base import View
from agentctl.connectors.git import objects
from agentctl.connectors.git.site import Site
from agentctl.errors import Rejected
from agentctl.facts import dataclass, field
from agentctl.model.change import RecordChange
from agentctl.model.values import Fields, Unknown, Value


@dataclass(frozen=True, kw_only=True)
class Tip:
    """``head`` is a commit id, None where there is no commit yet, or Unknown.

    An unknown head stands on ``base``, which is known, and differs from it by ``edits``.
    """

    branch: str
    head: str | Unknown | None
    base: str | None
    edits: Mapping[str, Fields | None] = field(default_factory=dict)

    @property
    def record(self) -> Fields | None:
        return None if self.head is None else {"head": self.head}

    def files(self, site: Site, paths: Iterable[str]) -> dict[str, Fields | None]:
        """Return the records of ``paths`` as they stand on the branch."""
        wanted = list(paths)
        stored = [path for path in wanted if path not in self.edits]
        entries = objects.entries(site.git, self.base, stored) if self.base else {}
        found = objects.fields(site.git, entries)
        return {path: self.edits[path] if path in self.edits else found.get(path) for path in wanted}

    def becomes(self, site: Site, head: Value) -> RecordChange:
        """Return the change of the branch's own record."""
        after = None if head is None else {"head": head}
        return RecordChange(address=site.address("branches", self.branch), before=self.record, after=after)

    def next(self, step: str) -> Unknown:
        """Return the head that a commit of ``step`` on this branch will be."""
        return Unknown({"commit": step, "on": self.base})


def tip(site: Site, view: View, branch: str) -> Tip:
    """Return the tip of ``branch``; without commits where there is no such branch."""
    fields = view.read(site.address("branches", branch)).value
    head = None if fields is None else fields["head"]
    if not isinstance(head, Unknown):
        return Tip(branch=branch, head=None if head is None else str(head), base=None if head is None else str(head))
    expression = head.expression
    if not isinstance(expression, dict) or "on" not in expression:
        raise Rejected("Value still unknown", f"Where `{branch}` stands is only known after an earlier step is done.")
    prefix = site.address("files", f"{branch}:")
    edits = {snapshot.address.removeprefix(prefix): snapshot.value for snapshot in view.predicted(prefix)}
    return Tip(branch=branch, head=head, base=expression["on"], edits=edits)


def existing(site: Site, view: View, branch: str) -> Tip:
    found = tip(site, view, branch)
    if found.head is None:
        raise Rejected(
            "Branch absent",
            f"There is no branch `{branch}`.",
            hint=f"Make it in an earlier step, with {site.name}.branch.create.",
        )
    return found
