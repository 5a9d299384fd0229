"""Makes a commit and lets a branch stand on it: everything before the last request is invisible to anybody."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from time import monotonic
from typing import Any

from agentctl.connectors.base import Call
from agentctl.connectors.gitfiles import as_bytes, git_mode
from agentctl.connectors.github.asking import ask
from agentctl.connectors.github.code.places import Branch
from agentctl.connectors.github.code.store import Entry, Store, blob_id
from agentctl.connectors.rest.connector import RestConnector
from agentctl.connectors.rest.http.paths import segment
from agentctl.connectors.rest.pointer import at
from agentctl.errors import ConnectorError, Indeterminate, Rejected, Unreachable
from agentctl.facts import dataclass, replace
from agentctl.model.action import ActionSpec
from agentctl.model.values import Fields

_PREPARING = 0.8        # of the time: what is not ready then is given up while nobody can doubt what happened


@dataclass(frozen=True, kw_only=True)
class Made:
    id: str
    link: str


class Writer:
    """Acts for one call; all its requests together take no longer than the call may."""

    def __init__(self, rest: RestConnector, store: Store, spec: ActionSpec, call: Call) -> None:
        self._rest = rest
        self._store = store
        self._spec = spec
        self._call = call
        began = monotonic()
        self._until = began + call.deadline
        self._ready = began + call.deadline * _PREPARING

    def commit(self, branch: Branch, parent: str, files: Mapping[str, Fields | None], message: str) -> Made:
        """Make a commit of ``files`` (None deletes) on top of ``parent``. No branch stands on it yet.

        Raises Unreachable where an answer is lost: what was made is nobody's.
        """
        base = self._store.tree(branch, parent)
        tree = self._tree(branch, base, files)
        said = {"message": message, "tree": tree, "parents": [parent]}
        told = self._unseen(branch, "commits", said)
        parents = at("/parents", told)
        named = [at("/sha", one) for one in parents] if isinstance(parents, list) else []
        if named != [parent] or at("/tree/sha", told) != tree:
            raise Rejected("Answer not understood", "GitHub made another commit than asked for; no branch has it.")
        link = at("/html_url", told)
        good = isinstance(link, str) and link.startswith(("https://", "http://"))
        return Made(id=_sha(told), link=str(link) if good else "")

    def bring(self, branch: Branch, parent: str, made: Made) -> None:
        """Let a branch that stands on ``parent`` stand on what was made. Raises Rejected where it stands elsewhere.

        GitHub takes it only as a fast-forward, so nothing that was added since is overwritten.
        """
        if (now := self._store.head(branch)) != parent:
            raise _moved(branch, parent, now)
        try:
            self._ask("PATCH", _ref(branch), branch, {"sha": made.id, "force": False})
        except Rejected as error:
            if (now := self._store.head(branch)) not in {parent, made.id}:
                raise _moved(branch, parent, now) from error
            raise
        except Indeterminate:
            if not self._holds(branch, made.id):
                raise

    def make(self, branch: Branch, sha: str) -> None:
        """Make a branch. GitHub takes it only where there is none of that name."""
        self._ask(
            "POST", f"{branch.repository}/git/refs", branch, {"ref": f"refs/heads/{branch.name}", "sha": sha}
        )

    def remove(self, branch: Branch, sha: str) -> None:
        """Delete a branch that stands at ``sha``. Raises Rejected where it stands elsewhere."""
        if (now := self._store.head(branch)) != sha:
            raise _moved(branch, sha, now)
        self._ask("DELETE", _ref(branch), branch)

    def _tree(self, branch: Branch, base: str, files: Mapping[str, Fields | None]) -> str:
        wanted = {path: None if fields is None else _entry(fields) for path, fields in files.items()}
        entries = [self._line(branch, path, files[path], entry) for path, entry in wanted.items()]
        tree = _sha(self._unseen(branch, "trees", {"base_tree": base, "tree": entries}))
        self._check(branch, base, tree, wanted)
        for path, entry in wanted.items():
            if entry is not None:
                self._store.remember(branch, entry.id, as_bytes((files[path] or {})["content"]))
        return tree

    def _check(self, branch: Branch, base: str, tree: str, wanted: Mapping[str, Entry | None]) -> None:
        """Raise Rejected, before anybody sees it, where a folder is not exactly ``base`` with what was wanted."""
        for path in self._store.differing(branch, base, tree):
            if path not in wanted:
                raise Rejected("Not kept as sent", f"GitHub changed {path!r} as well; no branch has it.")
        for path, entry in wanted.items():
            found = self._store.entry(branch, tree, path)
            if (found and (found.mode, found.id)) != (entry and (entry.mode, entry.id)):
                raise Rejected("Not kept as sent", f"GitHub keeps {path!r} in another form; no branch has it.")

    def _line(self, branch: Branch, path: str, fields: Fields | None, entry: Entry | None) -> Mapping[str, Any]:
        if fields is None or entry is None:
            return {"path": path, "mode": "100644", "type": "blob", "sha": None}
        line = {"path": path, "mode": entry.mode, "type": "blob"}
        if isinstance(text := fields["content"], str) and text:
            return {**line, "content": text}
        content = base64.b64encode(as_bytes(text)).decode()
        return {**line, "sha": _sha(self._unseen(branch, "blobs", {"content": content, "encoding": "base64"}))}

    def _unseen(self, branch: Branch, kind: str, content: Mapping[str, Any]) -> Any:
        """Make an object that nothing leads to: made twice, or in vain, it is nothing to anybody."""
        try:
            return self._ask("POST", f"{branch.repository}/git/{kind}", branch, content, until=self._ready)
        except Indeterminate as error:
            raise Unreachable(error.summary, f"{error.detail} No branch was changed.", hint=error.hint) from error

    def _ask(
        self, method: str, path: str, branch: Branch, content: Mapping[str, Any] | None = None, *, until: float = 0.0
    ) -> Any:
        left = (until or self._until) - monotonic()
        if left <= 0:
            took = f"What led up to it took {self._call.deadline:g} s"
            raise Unreachable("No time left", f"{took}; `{branch.name}` is as it was.")
        call = replace(self._call, deadline=left)
        return ask(self._rest, self._spec, call, method, path, content, repeatable=method in {"POST", "PATCH"})

    def _holds(self, branch: Branch, commit: str) -> bool:
        """Whether the branch has our commit by now: nobody else could have made it."""
        try:
            now = self._store.head(branch)
            return now == commit or (
                now is not None and any(True for _ in self._store.since(branch, commit, now))
            )
        except ConnectorError:
            return False


def _entry(fields: Fields) -> Entry:
    content = as_bytes(fields["content"])
    return Entry(git_mode(str(fields["mode"])), blob_id(content), len(content))


def _ref(branch: Branch) -> str:
    return f"{branch.repository}/git/refs/heads/{'/'.join(map(segment, branch.name.split('/')))}"


def _sha(told: Any) -> str:
    value = at("/sha", told)
    if not isinstance(value, str) or not value:
        raise Rejected("Answer not understood", "GitHub does not say what it calls what it made; no branch has it.")
    return value


def _moved(branch: Branch, parent: str, now: str | None) -> Rejected:
    where = "is gone" if now is None else f"stands at {now}"
    return Rejected(
        "Branch moved", f"`{branch.name}` was at {parent} when it was read just now, and {where}; nothing was changed.",
        hint="Going on with the run reads it anew.",
    )
