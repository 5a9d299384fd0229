"""Reads the git objects of repositories. What is read here by its id never changes; only where a branch stands does."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Any

from agentctl.connectors.github.code.blobs import Blobs
from agentctl.connectors.github.code.places import Branch
from agentctl.connectors.rest.answers import Exchange, body
from agentctl.connectors.rest.connector import RestConnector
from agentctl.connectors.rest.http import Request
from agentctl.connectors.rest.http.paths import segment
from agentctl.connectors.rest.pointer import ABSENT, at
from agentctl.errors import Rejected
from agentctl.facts import dataclass

LARGEST = 10 * 1024 * 1024
READS = ("contents:read",)
_KEPT = 2_000           # folders, and commits
_PAGE, _PAGES = 100, 10
_REPOSITORY = re.compile(r"/repos/([^/?#]+/[^/?#]+)(?:[/?#]|$)")


@dataclass(frozen=True)
class Entry:
    """What stands at a path: git's mode, the id of what it holds, and of a file its size."""

    mode: str
    id: str
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class Commit:
    id: str
    parents: tuple[str, ...]
    message: str
    link: str


class Store:
    """The repositories that one instance reaches. Safe from several threads."""

    def __init__(self, rest: RestConnector) -> None:
        self._rest = rest
        self._trees: dict[tuple[str, str], Mapping[str, Entry]] = {}
        self._tops: dict[tuple[str, str], str] = {}
        self._blobs = Blobs()
        self._lock = Lock()

    def head(self, branch: Branch) -> str | None:
        """Return the commit a branch stands on, or None where there is no such branch. Follows no renaming."""
        found = self._ask(branch, f"/git/ref/heads/{_segments(branch.name)}")
        return None if found is None else self._id(found, "/object/sha", branch)

    def standing(self, branch: Branch) -> tuple[str, bool] | None:
        """Return where a branch stands and whether it is protected, or None where there is no such branch."""
        found = self._ask(branch, f"/branches/{segment(branch.name)}")
        if found is None:
            return None
        if (name := at("/name", found)) != branch.name:
            raise Rejected(
                "Branch renamed", f"`{branch.name}` of {branch.owner}/{branch.repo} is called {name!r} now.",
                hint="Let the plan name it as it is called now.",
            )
        return self._id(found, "/commit/sha", branch), at("/protected", found) is True

    def default(self, branch: Branch) -> str:
        """Return the default branch of the repository."""
        name = at("/default_branch", self._ask(branch, ""))
        return name if isinstance(name, str) else ""

    def tree(self, branch: Branch, commit: str) -> str:
        """Return the top folder of a commit."""
        key = (branch.repository, commit)
        with self._lock:
            if (kept := self._tops.get(key)) is not None:
                return kept
        found = self._ask(branch, f"/git/commits/{segment(commit)}")
        if found is None:
            raise Rejected("Commit absent", f"There is no commit {commit} in {branch.owner}/{branch.repo}.")
        top = self._id(found, "/tree/sha", branch)
        with self._lock:
            if len(self._tops) >= _KEPT:
                self._tops.clear()
            self._tops[key] = top
        return top

    def entry(self, branch: Branch, tree: str, path: str) -> Entry | None:
        """Return what stands at ``path`` below a top folder. Raises Rejected where a file stands in the way."""
        *folders, name = path.split("/")
        for depth, folder in enumerate(folders, 1):
            found = self._folder(branch, tree).get(folder)
            if found is None:
                return None
            if found.mode != "040000":
                raise Rejected("Not a folder", f"{'/'.join(folders[:depth])!r} on `{branch.name}` is no folder.")
            tree = found.id
        found = self._folder(branch, tree).get(name)
        if found is not None and found.mode == "040000":
            raise Rejected("Not a file", f"{path!r} on `{branch.name}` is a folder.")
        return found

    def differing(self, branch: Branch, one: str | None, other: str | None, prefix: str = "") -> Iterator[str]:
        """Yield the files by which two folders differ; None is no folder. What has one id is not looked into."""
        left, right = (self._folder(branch, tree) if tree else {} for tree in (one, other))
        for name in sorted(left.keys() | right.keys()):
            old, new = left.get(name), right.get(name)
            if (old and (old.mode, old.id)) == (new and (new.mode, new.id)):
                continue
            if any(entry and entry.mode != "040000" for entry in (old, new)):
                yield f"{prefix}{name}"
            before, after = (entry.id if entry and entry.mode == "040000" else None for entry in (old, new))
            if before or after:
                yield from self.differing(branch, before, after, f"{prefix}{name}/")

    def blob(self, branch: Branch, id_: str, size: int = 0) -> bytes:
        """Return the content of a file. Raises Rejected where it is too large to be reviewed."""
        if size > LARGEST:
            raise too_large(f"A file of {branch.owner}/{branch.repo}", size)
        if (kept := self._blobs.get(branch.repository, id_)) is not None:
            return kept
        found = self._ask(branch, f"/git/blobs/{segment(id_)}")
        text = None if found is None else at("/content", found)
        if not isinstance(text, str) or at("/encoding", found) != "base64":
            raise Rejected("Object missing", f"{branch.owner}/{branch.repo} has no content {id_}.")
        try:
            content = base64.b64decode(text.replace("\n", ""), validate=True)
        except (binascii.Error, ValueError) as error:
            raise Rejected("Answer not understood", f"The content {id_} is not in base64.") from error
        if blob_id(content) != id_:
            raise Rejected("Answer not understood", f"What came as the content {id_} is not what that id stands for.")
        self._blobs.put(branch.repository, id_, content)
        return content

    def remember(self, branch: Branch, id_: str, content: bytes) -> None:
        """Keep in mind what an id stands for, so that it need not be asked for."""
        self._blobs.put(branch.repository, id_, content)

    def since(self, branch: Branch, older: str, newer: str) -> Iterator[Commit]:
        """Yield the commits that ``newer`` holds and ``older`` does not, the oldest first; nothing where they part."""
        for page in range(1, _PAGES + 1):
            query = (("per_page", str(_PAGE)), ("page", str(page)))
            found = self._ask(branch, f"/compare/{segment(f'{older}...{newer}')}", query)
            if found is None or at("/status", found) not in {"ahead", "identical"}:
                return
            commits = at("/commits", found)
            for one in commits if isinstance(commits, list) else ():
                yield _commit(one)
            if not isinstance(commits, list) or len(commits) < _PAGE:
                return

    def _ask(self, branch: Branch, path: str, query: tuple[tuple[str, str], ...] = ()) -> Any:
        """Return what a GET below the repository brings, or None where there is nothing."""
        reader = self._rest.reader
        token = reader.token()
        request = Request(
            method="GET", path=f"{branch.repository}{path}", query=query, headers=reader.manifest.headers,
            deadline=reader.timeout,
        )
        response = reader.client.send(request, token)
        found = body(Exchange(
            request=request, response=response, rules=reader.manifest.errors, scopes=READS, hidden=True,
            secrets=(token,),
        ))
        if found is not None:
            _refuse_other(branch, found)
        return found

    def _folder(self, branch: Branch, tree: str) -> Mapping[str, Entry]:
        key = (branch.repository, tree)
        with self._lock:
            if (kept := self._trees.get(key)) is not None:
                return kept
        found = self._ask(branch, f"/git/trees/{segment(tree)}")
        items = None if found is None else at("/tree", found)
        if not isinstance(items, list) or at("/truncated", found) is True:
            raise Rejected("Folder not readable", f"GitHub does not show all of the folder {tree}.")
        entries = {str(at("/path", item)): _entry(item) for item in items}
        with self._lock:
            if len(self._trees) >= _KEPT:
                self._trees.clear()
            self._trees[key] = entries
        return entries

    def _id(self, found: Any, pointer: str, branch: Branch) -> str:
        value = at(pointer, found)
        if not isinstance(value, str) or not value:
            raise Rejected("Answer not understood", f"GitHub does not say where `{branch.name}` stands.")
        return value


def blob_id(content: bytes) -> str:
    """Return the id under which git keeps ``content``."""
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()


def too_large(what: str, size: int) -> Rejected:
    return Rejected(
        "File too large", f"{what} has {size:,} bytes; at most {LARGEST:,} are read and written.",
        hint="Bring it there with git itself.",
    )


def _refuse_other(branch: Branch, found: Any) -> None:
    """Raise Rejected for what is of another repository: one that was moved still answers to its old name."""
    link = ABSENT if found is ABSENT else at("/url", found)
    link = at("/commit/url", found) if link is ABSENT and found is not ABSENT else link
    said = _REPOSITORY.search(link) if isinstance(link, str) else None
    if said is None:
        raise Rejected("Answer not understood", f"GitHub does not say of which repository `{branch.name}` is.")
    if said[1].lower() != f"{branch.owner}/{branch.repo}":
        raise Rejected(
            "Called otherwise", f"{branch.owner}/{branch.repo} is called {said[1].lower()} now.",
            hint="Say so in the target.",
        )


def _entry(item: Any) -> Entry:
    mode, id_, size = at("/mode", item), at("/sha", item), at("/size", item)
    if not isinstance(mode, str) or not isinstance(id_, str):
        raise Rejected("Answer not understood", "A folder's entry has no mode or no id.")
    return Entry(mode, id_, size if isinstance(size, int) else 0)


def _commit(item: Any) -> Commit:
    id_, message, link = at("/sha", item), at("/commit/message", item), at("/html_url", item)
    parents = at("/parents", item)
    return Commit(
        id=str(id_),
        parents=tuple(str(at("/sha", parent)) for parent in parents) if isinstance(parents, list) else (),
        message=message if isinstance(message, str) else "",
        link=link if isinstance(link, str) and link.startswith(("https://", "http://")) else "",
    )


def _segments(name: str) -> str:
    return "/".join(map(segment, name.split("/")))
