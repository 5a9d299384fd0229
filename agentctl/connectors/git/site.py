"""One configured repository as the verbs see it: its name and its records by address. Changes nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

from agentctl.connectors.base import View
from agentctl.connectors.git import names, objects
from agentctl.connectors.git.index import local
from agentctl.connectors.git.program import Git
from agentctl.connectors.git.repository import Checkout, Repository
from agentctl.connectors.git.worktree import Worktree
from agentctl.errors import Rejected
from agentctl.facts import dataclass, replace
from agentctl.model.snapshot import Address, Snapshot
from agentctl.model.values import Fields, Value, has_unknown


@dataclass(frozen=True, kw_only=True)
class Site:
    """``name`` is the connector instance's; ``reserved`` are absolute paths no checkout may write.

    ``until`` is the moment (monotonic) after which nothing may begin any more, ``lifeline`` what git programs inherit.
    """

    name: str
    repository: Repository
    reserved: tuple[str, ...] = ()
    until: float | None = None
    lifeline: tuple[int, ...] = ()

    def bounded(self, seconds: float, lifeline: tuple[int, ...]) -> Site:
        """Return the same site, on which nothing begins or lasts beyond ``seconds`` from now."""
        return replace(self, until=time.monotonic() + seconds, lifeline=lifeline)

    @property
    def git(self) -> Git:
        return replace(self.repository.git, until=self.until, lifeline=self.lifeline)

    @property
    def worktree(self) -> Worktree:
        if self.git.work_tree is None:
            raise Rejected("No working tree", f"{self.repository.path} is a bare repository.")
        return Worktree(self.git.work_tree, self.reserved)

    def address(self, *parts: str) -> Address:
        return names.address(self.name, *parts)

    def resource(self, address: Address) -> str:
        """Return ``file://…`` for a file of the working tree: the name other connectors know it by."""
        collection, name = names.kind(address)
        return f"file://{self.repository.path.resolve() / name}" if collection == "worktree" else address

    def read(self, address: Address) -> Snapshot:
        """Read one record as it is now."""
        value: Fields | None
        token: str | None = None
        members: tuple[Snapshot, ...] = ()
        match names.kind(address):
            case "branches", name:
                token = self.repository.branch(name)
                value = None if token is None else {"head": token}
            case "files", target:
                value, token = self._file(*names.file_at(target))
            case "worktree", path:
                value, token = self.worktree.read(path)
            case "index", path:
                value = self._local(path)
            case "checkout", "":
                value = self._checkout()
            case "commits", _:
                value = self._commit(names.kind(address)[1])
            case "refs", name:
                found = objects.commit(self.git, f"refs/{name}") if self.repository.head(f"refs/{name}") else None
                value = None if found is None else {"head": found.id}
            case "changed", condition:
                value, members = None, self._changed(condition)
            case _:
                raise Rejected("Address unknown", f"{address} is not a record of a git repository.")
        return Snapshot(address=address, value=value, at=datetime.now(UTC), token=token, members=members)

    def resolve(self, revision: str) -> str | None:
        """Return the commit a branch, tag, remote branch or commit id means now."""
        if revision.endswith("^"):
            found = objects.commit(self.git, revision.removesuffix("^"))
            return self.resolve(found.parents[0]) if found and found.parents else None
        if names.is_sha(revision):
            found = objects.commit(self.git, revision)
            return None if found is None else found.id
        if revision.startswith("refs/"):
            found = objects.commit(self.git, revision) if self.repository.head(revision) else None
            return None if found is None else found.id
        return self.repository.branch(revision)

    def _file(self, revision: str, path: str) -> tuple[Fields | None, str | None]:
        commit = self.resolve(revision)
        found = objects.entries(self.git, commit, [path]) if commit else {}
        return (objects.fields(self.git, found)[path], str(found[path])) if found else (None, None)

    def _local(self, path: str) -> Fields:
        seen = local(self.git, path)
        return {
            "entry": None if seen.entry is None else str(seen.entry),
            "fault": seen.fault,
            "ignored": seen.ignored,
            "line_ends": seen.line_ends,
        }

    def _checkout(self) -> Fields:
        now = self.repository.checkout()
        return {
            "branch": now.branch,
            "bare": now.bare,
            "operation": now.operation,
            "elsewhere": list(now.elsewhere),
        }

    def _commit(self, id_: str) -> Fields | None:
        found = objects.commit(self.git, id_)
        if found is None:
            return None
        published = self.git.run("for-each-ref", "--count=1", f"--contains={found.id}", "refs/remotes").out
        return {
            "id": found.id,
            "parents": list(found.parents),
            "subject": found.subject,
            "published": bool(published),
            "shallow": self.repository.is_shallow_at(found.id),
        }

    def _changed(self, condition: str) -> tuple[Snapshot, ...]:
        """Return the newer of two revisions (``OLD..NEW``), and the working files of all paths by which they differ."""
        old, _, new = condition.partition("..")
        ends = self.resolve(old), self.resolve(new)
        if ends[1] is None:
            return ()
        commit = self.read(self.address("commits", ends[1]))
        beginning = old.endswith("^") and not self.repository.is_shallow_at(ends[1])
        if self.git.work_tree is None or (ends[0] is None and not beginning):
            return (commit,)
        paths = [item.path for item in objects.differences(self.git, *ends)]
        return commit, *(
            self.read(self.address(collection, names.path(path)))
            for path in paths
            for collection in ("worktree", "index")
        )


def known(fields: Mapping[str, Value], name: str) -> Value:
    """Return a value a decision rests on. Raises Rejected where only an earlier step will tell it."""
    value = fields[name]
    if has_unknown(value):
        raise Rejected("Value still unknown", f"`{name}` is only known after an earlier step is done.")
    return value


def said(arguments: Mapping[str, object], name: str) -> str:
    """Return an argument that is text."""
    return str(known(cast(Mapping[str, Value], arguments), name))


def checkout(site: Site, view: View) -> Checkout:
    """Return what is checked out, as the view shows it."""
    fields = view.read(site.address("checkout")).value or {}
    branch = known(fields, "branch")
    return Checkout(
        branch=None if branch is None else str(branch),
        bare=bool(known(fields, "bare")),
        operation=str(known(fields, "operation")),
        elsewhere=tuple(map(str, cast(list[str], known(fields, "elsewhere")))),
    )
