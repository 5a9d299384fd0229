"""A branch made or deleted: a name for a commit comes or goes; no commit and no file changes."""

from __future__ import annotations

from agentctl.connectors import gitnames
from agentctl.connectors.base import Call, Located, Location, Receipt, View
from agentctl.connectors.github.code import actions
from agentctl.connectors.github.code.places import Branch
from agentctl.connectors.github.code.records import Records, absent
from agentctl.connectors.github.code.writing import Writer
from agentctl.connectors.rest.connector import RestConnector
from agentctl.errors import Rejected
from agentctl.facts import dataclass, replace
from agentctl.model.action import ActionSpec
from agentctl.model.change import Change, Effect, Inverse, RecordChange
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, within
from agentctl.model.values import UNKNOWN, Unknown, Value, same


@dataclass(frozen=True, kw_only=True)
class Creation:
    rest: RestConnector
    records: Records
    spec: ActionSpec = actions.BRANCH_CREATE

    def addresses(self, step: Step) -> tuple[Address, ...]:
        places = self.records.places
        source = self._source(step)
        own = (places.address(places.branch(step.target)),)
        return own if source is None else (*own, places.address(source))

    def preview(self, step: Step, view: View) -> Change:
        places = self.records.places
        branch, source = places.branch(step.target), self._source(step)
        address = places.address(branch)
        if view.read(address).value is not None:
            raise Rejected("Branch exists", f"`{branch.name}` of {branch.owner}/{branch.repo} is there already.")
        head = self._given(branch, step) if source is None else self.records.standing(source, view)
        record = RecordChange(
            address=address, before=None, after={"head": head, "protected": UNKNOWN, "default": False}
        )
        undo = Step(
            id=step.id, action=f"{step.instance}.{actions.BRANCH_UNMAKE.verb}", target=branch.target,
            with_={"from": UNKNOWN if isinstance(head, Unknown) else head},
        )
        return Change(
            step=step.id,
            action=step.action,
            target=step.target,
            effect=Effect.CREATE,
            arguments=step.with_,
            records=(record,),
            reads=() if source is None else (places.address(source),),
            inverse=Inverse(kind=self.spec.reversibility, step=undo, stays=self.spec.stays),
            receipt={"id": head},
        )

    def execute(self, change: Change, call: Call) -> Receipt:
        (record,) = change.records
        head = str((record.after or {})["head"])
        branch = self.records.places.branch(within(record.address))
        Writer(self.rest, self.records.store, self.spec, call).make(branch, head)
        return Receipt(ids={"id": head})

    def locate(self, change: Change, call: Call) -> Location:
        """A name for a commit bears no mark: who made it cannot be told."""
        return Located.CANNOT_TELL

    def _source(self, step: Step) -> Branch | None:
        """Return the branch to begin at, or None where a commit is named, or not known yet."""
        said = step.with_["from"]
        if not isinstance(said, str) or gitnames.is_sha(said):
            return None
        return replace(self.records.places.branch(step.target), name=gitnames.branch(said))

    def _given(self, branch: Branch, step: Step) -> Value:
        said = step.with_["from"]
        if isinstance(said, str):
            self.records.store.tree(branch, said)       # there is such a commit; that never changes
            return said
        return UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """Of a branch as it stands; or, to undo its making, of one that holds nothing more than it was made with."""

    rest: RestConnector
    records: Records
    spec: ActionSpec

    def addresses(self, step: Step) -> tuple[Address, ...]:
        places = self.records.places
        return (places.address(places.branch(step.target)),)

    def preview(self, step: Step, view: View) -> Change:
        (address,) = self.addresses(step)
        branch = self.records.places.branch(step.target)
        before = view.read(address).value
        if before is None:
            raise absent(branch, step.instance)
        if before["default"] is not False:
            raise Rejected(
                "Default branch", f"`{branch.name}` is the default branch of {branch.owner}/{branch.repo}; it stays."
            )
        if before["protected"] is True:
            raise Rejected(
                "Branch protected", f"A rule of {branch.owner}/{branch.repo} protects `{branch.name}`.",
                hint="Who looks after the repository can lift it.",
            )
        head: Value = UNKNOWN if self.records.changed(branch, view) else before["head"]
        if "from" in step.with_:
            self._refuse_more(branch, view, str(before["head"]), str(step.with_["from"]))
        back: Value = UNKNOWN if isinstance(head, Unknown) else head
        undo = Step(
            id=step.id, action=f"{step.instance}.{actions.BRANCH_CREATE.verb}", target=branch.target,
            with_={"from": back},
        )
        return Change(
            step=step.id,
            action=step.action,
            target=step.target,
            effect=Effect.DELETE,
            arguments=step.with_,
            records=(RecordChange(address=address, before={**before, "head": head}, after=None),),
            inverse=Inverse(kind=self.spec.reversibility, step=undo, stays=self.spec.stays),
        )

    def execute(self, change: Change, call: Call) -> Receipt:
        (record,) = change.records
        branch = self.records.places.branch(within(record.address))
        held = call.before.get(record.address)
        if held is None or held.token is None:
            raise Rejected("Branch moved", f"Where `{branch.name}` stands was not read; nothing was changed.")
        Writer(self.rest, self.records.store, self.spec, call).remove(branch, held.token)
        return Receipt()

    def locate(self, change: Change, call: Call) -> Location:
        """That a branch is gone says nothing of who took it away."""
        return Located.CANNOT_TELL

    def _refuse_more(self, branch: Branch, view: View, head: str, made_at: str) -> None:
        """Raise Rejected where a branch will hold other files than the commit it was made at."""
        changed = self.records.changed(branch, view)
        began = self.records.files(branch, made_at, changed)
        more = self.records.differing(branch, made_at, head) - changed.keys()
        more |= {path for path, file in changed.items() if not same(file, began[path])}
        if more:
            others = f" and {len(more) - 1} more" if len(more) > 1 else ""
            raise Rejected(
                "Branch holds more", f"{min(more)!r}{others} on `{branch.name}` is not as when the branch was made.",
                hint="Somebody works on it: ask them, and delete it in a plan of its own.",
            )
