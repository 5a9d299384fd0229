"""Makes the commit a change consists of and lands it on its branch. Decides nothing: the change says what is in it."""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.connectors.base import Call
from agentctl.connectors.git import objects
from agentctl.connectors.git.hooks import ask
from agentctl.connectors.git.landing import Landing, complete, expected, land, landed, refuse_moved
from agentctl.connectors.git.objects import Entry
from agentctl.connectors.git.site import Site
from agentctl.connectors.git.worktree import Wanted
from agentctl.connectors.gitfiles import as_bytes, git_mode
from agentctl.errors import Rejected
from agentctl.model.change import Change
from agentctl.model.values import Fields


def commit(
    site: Site, change: Change, call: Call, *, message: str, staged: Mapping[str, Entry | None] | None = None
) -> str:
    """Commit the files of ``change`` on its branch and return the commit's id; once, however often the key is sent.

    ``staged`` are the index entries that must stand there first; without it, those of the branch.
    """
    verb, branch = change.action.partition(".")[2], change.target
    old = expected(site, branch, call)
    stored = stored_files(site, change)
    made = landed(site, branch, old, call)
    if made is None:
        refuse_moved(site, branch, old)
        entries = {path: entry(site, fields) for path, fields in stored.items()}
        tree = objects.write_tree(site.git, old, entries)
        _refuse_more(site, old, tree, entries)
        if site.repository.hooks:
            ask(site.git, tree, message)
        new = objects.write_commit(site.git, tree, [old] if old else [], message)
    else:
        new = made
        there = objects.entries(site.git, new, stored)
        entries = {path: there.get(path) for path in stored}
    if staged is None:
        before = objects.entries(site.git, old, stored) if old else {}
        staged = {path: before.get(path) for path in stored}
    landing = Landing(
        verb=verb, branch=branch, old=old, new=new, index=entries, staged=staged, files=working_files(site, change),
    )
    if made is None:
        land(site, landing, call)
    else:
        complete(site, landing, call)
    return new


def stored_files(site: Site, change: Change) -> dict[str, Fields | None]:
    """Return what the change puts at each path of its branch."""
    prefix = site.address("files", f"{change.target}:")
    return {
        record.address.removeprefix(prefix): record.after
        for record in change.records if record.address.startswith(prefix)
    }


def working_files(site: Site, change: Change) -> dict[str, Wanted]:
    """Return what the change does to files of the working tree."""
    prefix = site.address("worktree", "")
    return {
        path: Wanted(path=path, before=record.before, after=record.after)
        for record in change.records
        if record.address.startswith(prefix) and (path := record.address.removeprefix(prefix))
    }


def _refuse_more(site: Site, old: str | None, tree: str, entries: Mapping[str, Entry | None]) -> None:
    """A file that takes a folder's place takes the folder's files with it: those must have been named as well."""
    for item in objects.differences(site.git, old, tree):
        if item.path not in entries:
            raise Rejected("Other paths would change", f"{item.path!r} would go as well, and is not among the paths.")


def entry(site: Site, fields: Fields | None) -> Entry | None:
    """Store a record's content and return its place in a tree."""
    if fields is None:
        return None
    mode, content = git_mode(str(fields["mode"])), as_bytes(fields["content"])
    return Entry(mode, content.decode() if mode == "160000" else objects.write_blob(site.git, content))
