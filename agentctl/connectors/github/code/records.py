"""Reads branches and files as records. Sends what has no effect, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import assert_never

from agentctl.connectors import gitnames
from agentctl.connectors.base import View
from agentctl.connectors.gitfiles import MODES, as_value
from agentctl.connectors.github.code.places import Branch, File, Places
from agentctl.connectors.github.code.store import Entry, Store
from agentctl.connectors.rest.connector import RestConnector, side_by_side
from agentctl.errors import Rejected
from agentctl.model.snapshot import Address, Snapshot, within
from agentctl.model.values import UNKNOWN, Fields, Value

ABSENT = "absent"       # the token of a branch that is not there: what is compared is that it still isn't


class Records:
    """The branches and files of one instance."""

    def __init__(self, rest: RestConnector) -> None:
        self.places = Places(names=rest.names)
        self.store = Store(rest)
        self._rest = rest

    def owns(self, address: Address) -> bool:
        """Whether ``address`` is a branch's or a file's."""
        return self.places.owns(address)

    def resource(self, address: Address) -> str:
        """Return the name under which every instance that reaches it knows a branch or a file."""
        return f"{self._rest.reader.endpoint.url}/repos/{within(address)}"

    def read_many(self, addresses: Sequence[Address]) -> Iterable[Snapshot]:
        """Read many at once; where a branch stands, and what is in a folder, is asked once for all files there."""
        files = [place for place in map(self.places.at, addresses) if isinstance(place, File)]
        heads = {branch: self._commit(branch) for branch in dict.fromkeys(file.branch for file in files)}
        for file in files:      # one after the other: each finds what the one before it brought
            if (head := heads[file.branch]) is not None:
                self.store.entry(file.branch, self.store.tree(file.branch, head), file.path)
        return side_by_side(lambda address: self._read(address, heads), addresses)

    def read(self, address: Address) -> Snapshot:
        """Return a branch, its token where it stands; or a file, its token where its branch stands."""
        return self._read(address, {})

    def _read(self, address: Address, heads: Mapping[Branch, str | None]) -> Snapshot:
        place = self.places.at(address)
        match place:
            case Branch():
                return self._branch(address, place)
            case File():
                head = heads[place.branch] if place.branch in heads else self._commit(place.branch)
                value = None if head is None else self.files(place.branch, head, (place.path,))[place.path]
                return Snapshot(address=address, value=value, at=datetime.now(UTC), token=head)
            case _:
                assert_never(place)

    def files(self, branch: Branch, commit: str, paths: Iterable[str]) -> dict[str, Fields | None]:
        """Return the files a commit holds at ``paths``, None where there is none."""
        tree = self.store.tree(branch, commit)
        found = {path: self.store.entry(branch, tree, path) for path in paths}
        return {path: None if entry is None else self._file(branch, entry) for path, entry in found.items()}

    def differing(self, branch: Branch, one: str, other: str) -> set[str]:
        """Return the paths at which two commits hold something else."""
        if one == other:
            return set()
        return set(self.store.differing(branch, self.store.tree(branch, one), self.store.tree(branch, other)))

    def standing(self, branch: Branch, view: View) -> Value:
        """Return where a branch will stand, unknown where earlier steps commit to it; Rejected where it won't be."""
        value = view.read(self.places.address(branch)).value
        if value is None:
            raise absent(branch, self.places.names.instance)
        return UNKNOWN if self.changed(branch, view) else value["head"]

    def foreseen(self, branch: Branch, view: View, paths: Iterable[str]) -> dict[str, Fields | None]:
        """Return files as earlier steps will have left them. Raises Rejected where the branch won't be there.

        Of a branch that an earlier step makes there is nothing to read yet: its files are those of the commit it is to
        be made at, which never change.
        """
        own = view.read(self.places.address(branch))
        if own.value is None:
            raise absent(branch, self.places.names.instance)
        begins = None if own.token is not None else _known(branch, own.value["head"])
        changed = self.changed(branch, view)
        found: dict[str, Fields | None] = {}
        for path in paths:
            if path in changed:
                found[path] = changed[path]
            elif begins is None:
                found[path] = view.read(self.places.address(branch.file(path))).value
            else:
                found |= self.files(branch, begins, (path,))
        return found

    def changed(self, branch: Branch, view: View) -> dict[str, Fields | None]:
        """Return the files of a branch that earlier steps are predicted to change."""
        prefix = f"{self.places.address(branch.file(''))}"
        return {
            self.places.file(within(snapshot.address)).path: snapshot.value for snapshot in view.predicted(prefix)
        }

    def _branch(self, address: Address, branch: Branch) -> Snapshot:
        standing = self.store.standing(branch)
        value: Fields | None = None
        if standing is not None:
            default = self.store.default(branch) == branch.name
            value = {"head": standing[0], "protected": standing[1], "default": default}
        token = ABSENT if standing is None else standing[0]
        return Snapshot(address=address, value=value, at=datetime.now(UTC), token=token)

    def _commit(self, branch: Branch) -> str | None:
        return branch.name if gitnames.is_sha(branch.name) else self.store.head(branch)

    def _file(self, branch: Branch, entry: Entry) -> Fields:
        content = entry.id.encode() if entry.mode == "160000" else self.store.blob(branch, entry.id, entry.size)
        return {"content": as_value(content), "mode": MODES.get(entry.mode, entry.mode)}


def absent(branch: Branch, instance: str) -> Rejected:
    return Rejected(
        "Branch absent", f"There is no branch `{branch.name}` in {branch.owner}/{branch.repo}.",
        hint=f"Make it in an earlier step, with {instance}.branch.create, or look whether the token may see it.",
    )


def _known(branch: Branch, head: Value) -> str:
    if not isinstance(head, str):
        raise Rejected(
            "Value still unknown", f"Where `{branch.name}` stands is known only once an earlier step is done."
        )
    return head
