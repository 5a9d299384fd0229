"""Changes files of a branch in one commit: as many as the step names, or the one that is its target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from agentctl.connectors.base import Call, Found, Located, Location, Receipt, View
from agentctl.connectors.gitfiles import as_bytes, as_value
from agentctl.connectors.github.code import actions, trailer
from agentctl.connectors.github.code.edits import Edit, Restore, becomes, edit, edits, folders, workflows
from agentctl.connectors.github.code.places import Branch, File
from agentctl.connectors.github.code.records import Records
from agentctl.connectors.github.code.store import LARGEST, blob_id, too_large
from agentctl.connectors.github.code.writing import Made, Writer
from agentctl.connectors.rest.connector import RestConnector
from agentctl.errors import Rejected
from agentctl.facts import dataclass
from agentctl.model.action import ActionSpec
from agentctl.model.change import Change, Effect, Inverse, RecordChange, strongest
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, within
from agentctl.model.values import UNKNOWN, Fields, Unknown, Value

_RESTORES = {
    spec.verb: actions.WORKFLOWS_RESTORE.verb for spec in (actions.WORKFLOWS, actions.WORKFLOWS_RESTORE)
}
_POINTER = "version https://git-lfs.github.com/spec/"
_THERE = {actions.FILE_CREATE.verb: False, actions.FILE_UPDATE.verb: True}


@dataclass(frozen=True, kw_only=True)
class Commits:
    """One of the verbs that commit: what they are given differs, what they do is the same."""

    spec: ActionSpec
    rest: RestConnector
    records: Records

    def addresses(self, step: Step) -> tuple[Address, ...]:
        branch, wanted = self._wanted(step)
        places = self.records.places
        return (*(places.address(branch.file(one.path)) for one in wanted), places.address(branch))

    def preview(self, step: Step, view: View) -> Change:
        branch, wanted = self._wanted(step)
        files = self.records.foreseen(branch, view, [one.path for one in wanted])
        self._refuse_in_the_way(branch, view, wanted)
        places = self.records.places
        records = tuple(
            RecordChange(
                address=places.address(branch.file(one.path)), before=(before := files[one.path]),
                after=becomes(one, before, self._restored(branch, one)),
            )
            for one in wanted
        )
        _refuse_large(records)
        return Change(
            step=step.id,
            action=step.action,
            target=step.target,
            effect=(effect := strongest(records)),
            arguments=step.with_,
            records=records,
            reads=(places.address(branch),),
            inverse=self._inverse(step, branch, records),
            notes=() if effect is Effect.NO_OP else self._notes(branch, view, records),
            receipt={} if effect is Effect.NO_OP else {"id": UNKNOWN},
        )

    def execute(self, change: Change, call: Call) -> Receipt:
        places = self.records.places
        changed = {record.address: record for record in change.records if record.effect is not Effect.NO_OP}
        files = {places.file(within(address)).path: record.after for address, record in changed.items()}
        branch = places.file(within(next(iter(changed)))).branch
        parent = _parent(branch, change, call)
        writer = Writer(self.rest, self.records.store, self.spec, call)
        message = trailer.signed(str(change.arguments["message"]), call.key, call.run)
        made = writer.commit(branch, parent, files, message)
        writer.bring(branch, parent, made)
        return _receipt(made)

    def locate(self, change: Change, call: Call) -> Location:
        """Look for a commit that bears our line, on the very commit that ours was made on."""
        branch = self.records.places.file(within(change.records[0].address)).branch
        parents = {one.token for one in call.before.values() if one.address in {r.address for r in change.records}}
        now = self.records.store.head(branch)
        if len(parents) != 1 or None in parents or now is None:
            return Located.CANNOT_TELL
        (parent,) = cast("set[str]", parents)
        for commit in self.records.store.since(branch, parent, now):
            if commit.parents == (parent,) and trailer.bears(commit.message, call.key):
                return Found(receipt=_receipt(Made(id=commit.id, link=commit.link)))
        return Located.CANNOT_TELL

    def _wanted(self, step: Step) -> tuple[Branch, Sequence[Edit]]:
        """Return what a step wants of which branch."""
        places = self.records.places
        wanted: Sequence[Edit]
        if "files" in self.spec.arguments["properties"]:
            branch, wanted = places.branch(step.target), edits(step.with_["files"])
        else:
            one: File = places.file(step.target)
            said = {"delete": True} if self.spec.verb == actions.FILE_DELETE.verb else step.with_
            branch, wanted = one.branch, (edit(one.path, said, there=_THERE.get(self.spec.verb)),)
            places.branch(branch.target)        # of a commit, files are only read
        if self.spec.verb not in _RESTORES and (there := workflows(wanted)):
            raise Rejected(
                "Workflow not meant", f"{there[0]!r} says what GitHub runs; {step.action} does not change it.",
                hint=f"{step.instance}.{actions.WORKFLOWS.verb} does, and takes the permission workflows:write.",
            )
        return branch, wanted

    def _refuse_in_the_way(self, branch: Branch, view: View, wanted: Sequence[Edit]) -> None:
        """Raise Rejected where an earlier step makes a file of what a path leads through."""
        made = {path for path, file in self.records.changed(branch, view).items() if file is not None}
        for one in wanted:
            if way := [folder for folder in folders(one.path) if folder in made]:
                raise Rejected("Not a folder", f"{way[0]!r} is a file by then; {one.path!r} cannot be below it.")

    def _restored(self, branch: Branch, one: Edit) -> Value:
        if not isinstance(one, Restore) or isinstance(one.blob, Unknown):
            return UNKNOWN
        return as_value(self.records.store.blob(branch, one.blob))

    def _inverse(self, step: Step, branch: Branch, records: Sequence[RecordChange]) -> Inverse:
        back = [self._back(record) for record in records if record.effect is not Effect.NO_OP]
        verb = _RESTORES.get(self.spec.verb, actions.RESTORE.verb)
        undo = Step(
            id=step.id, action=f"{step.instance}.{verb}", target=branch.target,
            with_={"files": back, "message": _reverting(step.with_.get("message"))},
        )
        return Inverse(kind=self.spec.reversibility, step=undo, stays=self.spec.stays)

    def _back(self, record: RecordChange) -> Mapping[str, Value]:
        path = self.records.places.file(within(record.address)).path
        if record.before is None:
            return {"path": path, "delete": True}
        content = record.before["content"]
        blob = UNKNOWN if isinstance(content, Unknown) else blob_id(as_bytes(content))
        return {"path": path, "blob": blob, "mode": record.before["mode"]}

    def _notes(self, branch: Branch, view: View, records: Sequence[RecordChange]) -> tuple[str, ...]:
        fields: Fields = view.read(self.records.places.address(branch)).value or {}
        guarded = (f"`{branch.name}` is protected: GitHub may not take the commit",)
        pointers = [
            self.records.places.file(within(record.address)).path for record in records
            if str((record.before or {}).get("content", "")).startswith(_POINTER)
        ]
        return (
            f"one commit, on top of `{branch.name}` as it then is, with last lines {trailer.NAME} and {trailer.RUN}",
            *(guarded if fields.get("protected") is True else ()),
            *(f"what is changed of `{path}` is its pointer: Git LFS keeps the content" for path in pointers),
        )


def _parent(branch: Branch, change: Change, call: Call) -> str:
    """Return the commit that all the files were read at. Raises Rejected where they were not read at one."""
    held = [call.before.get(record.address) for record in change.records]
    tokens = {None if one is None else one.token for one in held}
    if len(tokens) != 1 or None in tokens:
        raise Rejected(
            "Branch moved", f"`{branch.name}` moved while its files were read; nothing was changed.",
            hint="Going on with the run reads them anew.",
        )
    return str(tokens.pop())


def _refuse_large(records: Sequence[RecordChange]) -> None:
    contents = [record.after["content"] for record in records if record.after is not None]
    if (total := sum(len(as_bytes(content)) for content in contents if not isinstance(content, Unknown))) > LARGEST:
        raise too_large("What the commit writes", total)


def _receipt(made: Made) -> Receipt:
    return Receipt(ids={"id": made.id}, links=(made.link,) if made.link else ())


def _reverting(message: object) -> Value:
    if not isinstance(message, str):
        return UNKNOWN
    subject = message.strip().split("\n", 1)[0]
    return f'Revert "{subject}"'
