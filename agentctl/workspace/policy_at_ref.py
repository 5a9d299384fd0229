"""A policy as committed in the repository around a workspace: what stands at a ref, whatever is checked out.

Only what git addresses by content is read, by a git that starts none of the programs a repository can name. Nothing
is fetched, no link followed and no submodule entered.
"""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import join, normpath

from agentctl.connectors.git import objects
from agentctl.connectors.git.program import Git
from agentctl.errors import ConnectorError, Invalid
from agentctl.facts import dataclass
from agentctl.policy.document import LARGEST
from agentctl.workspace.policy import Source
from agentctl.workspace.policy_place import AtRef, is_ref

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FILES = ("100644", "100755")
_FOLDER = "040000"
_MOST_FILES = 1_000
_SHOWN = 12         # digits of a commit's id


@dataclass(frozen=True, kw_only=True)
class _Node:
    """One name in a tree: its mode, the id of what it is, and its bytes (none of a folder, or of what is missing)."""

    mode: str
    id: str
    size: int


@dataclass(frozen=True, kw_only=True)
class PolicyAtRef:
    """A file or folder at a commit. ``path`` is its place in the repository, ``place`` how it was asked for."""

    git: Git
    place: AtRef
    commit: str
    path: str

    @property
    def name(self) -> str:
        return self._called(self.path)

    def rules(self) -> tuple[Source, ...]:
        node = self._node(self.path)
        if node is None:
            raise _unreadable(self.place, f"there is no `{self.path}` in commit {self.commit}")
        return self._read(self._in_folder(self.path, node) if node.mode == _FOLDER else {self.path: node})

    def cases(self) -> tuple[Source, ...]:
        node = self._node(self.path)
        if node is None or node.mode == _FOLDER:
            folder = join(self.path, "tests")
            tests = self._node(folder)
            return self._read(self._in_folder(folder, tests)) if tests and tests.mode == _FOLDER else ()
        beside = f"{self.path.removesuffix('.yaml')}.tests.yaml"
        found = self._node(beside)
        return self._read({beside: found}) if found else ()

    def _in_folder(self, folder: str, node: _Node) -> dict[str, _Node]:
        names = sorted(_listing(self.git, node.id).items())
        return {join(folder, name): entry for name, entry in names if name.endswith(".yaml")}

    def _node(self, path: str) -> _Node | None:
        """Return what is at ``path``, reached through folders only."""
        found = _Node(mode=_FOLDER, id=f"{self.commit}^{{tree}}", size=0)
        for name in path.split("/") if path != "." else ():
            below = _listing(self.git, found.id).get(name) if found.mode == _FOLDER else None
            if below is None:
                return None
            found = below
        return found

    def _read(self, files: dict[str, _Node]) -> tuple[Source, ...]:
        for path, node in files.items():
            if node.mode not in _FILES:
                raise _unreadable(self.place, f"`{path}` is a link, a folder or a submodule, not a file")
        if len(files) > _MOST_FILES or sum(node.size for node in files.values()) > LARGEST:
            raise _unreadable(self.place, f"it is larger than {LARGEST:,} bytes or {_MOST_FILES:,} files")
        try:
            content = objects.contents(self.git, (node.id for node in files.values()))
        except ConnectorError as error:
            raise _unreadable(self.place, error.detail.rstrip(".")) from error
        return tuple((self._called(path), content[node.id]) for path, node in files.items())

    def _called(self, path: str) -> str:
        return f"git:{self.place.ref}@{self.commit[:_SHOWN]}:{path}"


def resolve(root: Path, place: AtRef) -> PolicyAtRef:
    """Return what stands at ``place`` now, in the repository that ``root`` lies in.

    Raises Invalid where there is no such repository, ref or commit, or where two refs have the name: git would take
    the tag, which whoever pushes one could slip in before the branch that was meant.
    """
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), None)
    if top is None:
        raise _unreadable(place, f"{root} does not lie in a git repository")
    path = normpath(join(root.relative_to(top).as_posix(), place.path))
    if path == ".." or path.startswith(("../", "/")):
        raise _unreadable(place, f"`{place.path}` leads out of the repository at {top}")
    try:
        git = Git(git_dir=str(_git_dir(top)), work_tree=None)
        return PolicyAtRef(git=git, place=place, commit=_commit(git, place), path=path)
    except (ConnectorError, OSError) as error:
        why = error.detail if isinstance(error, ConnectorError) else f"{error}"
        raise _unreadable(place, why.rstrip(".")) from error


def _commit(git: Git, place: AtRef) -> str:
    if _ID.fullmatch(place.ref):
        found = [place.ref]
    else:
        found = [id_ for name in _names(place.ref) if (id_ := _exactly(git, name))]
    if len(found) > 1:
        names = ", ".join(name for name in _names(place.ref) if _exactly(git, name))
        raise _unreadable(place, f"`{place.ref}` could be {names}; write the one that is meant")
    commit = objects.commit(git, found[0]) if found else None
    if commit is None:
        raise _absent(place)
    return commit.id


def _names(ref: str) -> tuple[str, ...]:
    if not is_ref(ref):
        return ()
    return (ref,) if ref.startswith("refs/") else (f"refs/tags/{ref}", f"refs/heads/{ref}", f"refs/remotes/{ref}")


def _exactly(git: Git, name: str) -> str:
    """Return the id of the ref that is called ``name`` in full, or nothing."""
    done = git.run("show-ref", "--verify", "--hash", "--", name, codes=(0, 1, 128))
    return done.out.decode().strip() if done.code == 0 else ""


def _listing(git: Git, tree: str) -> dict[str, _Node]:
    listed = git.run("ls-tree", "-z", "-l", "--full-tree", "--end-of-options", tree).out
    nodes = {}
    for line in filter(None, listed.split(b"\0")):
        about, _, name = line.partition(b"\t")
        mode, _, id_, size = about.decode().split()
        node = _Node(mode=mode, id=id_, size=int(size) if size.isdecimal() else 0)
        nodes[name.decode(errors="surrogateescape")] = node
    return nodes


def _git_dir(top: Path) -> Path:
    """Return where the repository of the working tree ``top`` is: a linked one's ``.git`` is a file that says so."""
    dot_git = top / ".git"
    if dot_git.is_dir():
        return dot_git.resolve()
    return (top / dot_git.read_text().removeprefix("gitdir:").strip()).resolve()


def _absent(place: AtRef) -> Invalid:
    remote, _, branch = place.ref.removeprefix("refs/remotes/").partition("/")
    fetch = f"git fetch --depth=1 {remote} +refs/heads/{branch}:refs/remotes/{remote}/{branch}" if branch else ""
    error = _unreadable(place, f"this repository has no `{place.ref}`; a checkout in CI has often one branch only")
    if fetch and not place.ref.startswith(("refs/heads/", "refs/tags/")):
        error.hint, error.command = "If it is a remote's branch, fetch it:", fetch
    return error


def _unreadable(place: AtRef, why: str) -> Invalid:
    return Invalid("The policy cannot be read", f"{place}: {why}. Without policy everything is denied.")
