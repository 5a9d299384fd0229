"""Opens one repository and reads what moves in it: refs, the checkout, operations under way. Changes nothing.

GitPython opens it and reads refs, reflogs and configuration; what is addressed by content is read in ``objects``.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from configparser import Error as ConfigParserError
from pathlib import Path
from typing import TYPE_CHECKING

from agentctl.connectors.git.names import HEADS
from agentctl.connectors.git.program import Git
from agentctl.errors import Rejected, Unreachable
from agentctl.facts import dataclass

if TYPE_CHECKING:
    from git import RefLogEntry, Repo

_OPERATIONS = {
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "sequencer": "cherry-pick or revert",
    "BISECT_LOG": "bisect",
}
_KNOWN_EXTENSIONS = {"noop", "worktreeconfig", "partialclone", "preciousobjects"}
_HARMLESS = {("objectformat", "sha1"), ("refstorage", "files")}
_LATEST = 200       # moves of a branch among which ours is looked for


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """What stands in the working tree. ``branch`` is None on a detached HEAD, ``operation`` empty where none is open.

    ``elsewhere`` are branches other working trees of this repository stand on.
    """

    branch: str | None
    bare: bool
    operation: str
    elsewhere: tuple[str, ...]

    def refuse_busy(self, branch: str) -> None:
        """Raise Rejected where ``branch`` must not move now."""
        if self.operation:
            raise Rejected(
                "Repository is busy",
                f"A {self.operation} is under way in this working tree.",
                hint="Finish or abort it first; `git status` says how.",
            )
        if branch in self.elsewhere:
            raise Rejected(
                "Branch is checked out elsewhere",
                f"`{branch}` stands in another working tree of this repository, which would no longer match it.",
                command="git worktree list",
            )


class Repository:
    """One repository, opened at first use. Safe to read from several threads."""

    def __init__(self, path: Path, *, hooks: bool, author: tuple[str, str]) -> None:
        self.path = path
        self.hooks = hooks
        self._author = author
        self._lock = threading.Lock()
        self._opened: tuple[Repo, Git] | None = None

    @property
    def git(self) -> Git:
        return self._open()[1]

    @property
    def common_dir(self) -> Path:
        return _common(self.git_dir)

    @property
    def git_dir(self) -> Path:
        return Path(self.git.git_dir)

    def head(self, ref: str) -> str | None:
        """Return the id a full ref name holds, or None where there is no such ref."""
        from git import SymbolicReference

        try:
            reference = SymbolicReference(self._open()[0], ref)
            if not reference.is_detached:
                raise Rejected("Branch is an alias", f"{ref} is a symbolic ref; name the branch it stands for.")
            return SymbolicReference.dereference_recursive(self._open()[0], ref)
        except ValueError:
            return None                 # GitPython's word for "no such ref"
        except (OSError, TypeError, AssertionError) as error:
            raise Unreachable("Refs cannot be read", f"{ref} in {self.path}: {error}.") from error

    def branch(self, name: str) -> str | None:
        return self.head(HEADS + name)

    def checkout(self) -> Checkout:
        """Say what stands in the working tree, and what a person has under way there."""
        bare = self.git.work_tree is None
        operations = [what for file, what in _OPERATIONS.items() if (self.git_dir / file).exists()]
        return Checkout(
            branch=None if bare else _branch_of(self.git_dir / "HEAD"),
            bare=bare,
            operation=operations[0] if operations else "",
            elsewhere=tuple(sorted(set(self._elsewhere()))),
        )

    def moved_by(self, ref: str, mark: str) -> tuple[str, str] | None:
        """Return the ids between which a recent move of ``ref`` carrying ``mark`` went, as its reflog tells."""
        for entry in reversed(self._log(ref)):
            if (entry.message or "").endswith(mark):
                return entry.oldhexsha, entry.newhexsha
        return None

    def moved_from(self, ref: str, old: str) -> frozenset[str]:
        """Return where ``ref`` was recently moved from ``old`` by us, under whatever key."""
        return frozenset(
            entry.newhexsha for entry in self._log(ref)
            if entry.oldhexsha == old and (entry.message or "").startswith("agentctl ")
        )

    def is_shallow_at(self, commit: str) -> bool:
        """Whether the history of a shallow clone ends at ``commit``: its parents exist and are not here."""
        try:
            return commit in (self.common_dir / "shallow").read_text().split()
        except FileNotFoundError:
            return False

    def _log(self, ref: str) -> list[RefLogEntry]:
        from git import RefLog

        try:
            return list(RefLog.from_file(str(self.common_dir / "logs" / ref)))[-_LATEST:]
        except (OSError, ValueError):
            return []                   # no log, or not one of git's: nothing is proven by it

    def close(self) -> None:
        with self._lock:
            if self._opened is not None:
                self._opened[0].close()
                self._opened = None

    def _open(self) -> tuple[Repo, Git]:
        with self._lock:
            if self._opened is None:
                self._opened = self._opening()
            return self._opened

    def _opening(self) -> tuple[Repo, Git]:
        from git import InvalidGitRepositoryError, NoSuchPathError, Repo

        try:
            repo = Repo(self.path, search_parent_directories=False, expand_vars=False)
        except (InvalidGitRepositoryError, NoSuchPathError) as error:
            raise Rejected(
                "Not a git repository",
                f"{self.path} is not the top of a git repository.",
                hint="`path` in agentctl.yaml names the folder that holds `.git`.",
            ) from error
        except (OSError, ValueError) as error:
            raise Unreachable("Repository cannot be opened", f"{self.path}: {error}.") from error
        git_dir = Path(os.path.realpath(repo.git_dir))
        work_tree = None if repo.bare else os.path.realpath(self.path)
        try:
            self._check(repo, git_dir)
        except (ConfigParserError, UnicodeDecodeError) as error:
            repo.close()
            raise Unreachable("Repository cannot be opened", f"{self.path}: its configuration is damaged.") from error
        except BaseException:
            repo.close()
            raise
        return repo, Git(git_dir=str(git_dir), work_tree=work_tree, hooks=self.hooks, author=self._author)

    def _check(self, repo: Repo, git_dir: Path) -> None:
        if os.path.realpath(repo.common_dir) != str(_common(git_dir)):
            raise Rejected("Not a git repository", f"{self.path} is not the top of a git repository's working tree.")
        config = repo.config_reader("repository")
        for name, value in config.items("extensions") if config.has_section("extensions") else ():
            if name.lower() not in _KNOWN_EXTENSIONS and (name.lower(), value) not in _HARMLESS:
                raise Rejected("Repository format not supported", f"{self.path} uses the extension {name} = {value}.")
        if not repo.bare and git_dir == Path(os.path.realpath(self.path)):
            raise Rejected("Not a working tree", f"{self.path} is git's own folder; name the one that holds it.")
        dot_git = self.path / ".git"
        if dot_git.is_symlink() or (dot_git.is_file() and not _points_back(git_dir, dot_git, repo)):
            raise Rejected(
                "Repository lies elsewhere",
                f"{dot_git} leads to {git_dir}, which does not say that this is its working tree.",
                hint="Only a working tree that `git worktree add` made may have its repository elsewhere.",
            )

    def _elsewhere(self) -> Iterator[str]:
        """Yield the branches that other working trees stand on, and those they rebase or bisect."""
        common = self.common_dir
        linked = [entry for entry in _entries(common / "worktrees") if entry.is_dir()]
        main = [] if self._open()[0].bare and not linked else [common]
        for folder in (*main, *linked):
            for file in ("HEAD", "rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"):
                if folder != self.git_dir and (name := _branch_of(folder / file)) is not None:
                    yield name


def _common(git_dir: Path) -> Path:
    """Return where a linked working tree's refs and objects are: in the repository it was made from."""
    try:
        return Path(os.path.realpath(git_dir / (git_dir / "commondir").read_text().rstrip("\n")))
    except FileNotFoundError:
        return git_dir


def _points_back(git_dir: Path, dot_git: Path, repo: Repo) -> bool:
    try:
        back = Path(git_dir, (git_dir / "gitdir").read_text().rstrip("\n"))
        return os.path.realpath(back) == os.path.realpath(dot_git)
    except OSError:
        config = repo.config_reader("repository")
        if not config.has_option("core", "worktree"):
            return False
        return os.path.realpath(git_dir / str(config.get("core", "worktree"))) == os.path.realpath(dot_git.parent)


def _branch_of(file: Path) -> str | None:
    """Return the branch a HEAD-like file names: ``ref: refs/heads/main``, ``refs/heads/main`` or ``main``."""
    try:
        text = file.read_text(errors="replace").strip()
    except OSError:
        return None
    text = text.removeprefix("ref:").strip()
    if file.name == "BISECT_START":
        return text or None
    return text.removeprefix(HEADS) if text.startswith(HEADS) else None


def _entries(folder: Path) -> tuple[Path, ...]:
    try:
        return tuple(folder.iterdir())
    except OSError:
        return ()
