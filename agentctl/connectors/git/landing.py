"""The one effect of every verb: a branch comes to stand elsewhere, with the index and files of a checkout following.

Order: git's lock on the index, files, then the ref by compare-and-swap, then the index. Up to the ref everything is put
back on failure; what is left after a crash is completed when the same key is sent again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from agentctl.connectors.base import Call
from agentctl.connectors.git import objects
from agentctl.connectors.git.index import Held, held, staged
from agentctl.connectors.git.names import HEADS
from agentctl.connectors.git.objects import Entry
from agentctl.connectors.git.program import Git
from agentctl.connectors.git.site import Site
from agentctl.connectors.git.worktree import Wanted
from agentctl.errors import ConnectorError, Indeterminate, Rejected, Unreachable
from agentctl.facts import dataclass, field

NOTHING = "0" * 40


@dataclass(frozen=True, kw_only=True)
class Landing:
    """Where a branch goes: from ``old`` to ``new`` (None: no such branch), told in the reflog as ``verb``.

    Where the branch is checked out, ``files`` follow in the working tree and ``index`` in the index. An entry must
    first be as in ``staged``, which defaults to what stands there now.
    """

    verb: str
    branch: str
    old: str | None
    new: str | None
    index: Mapping[str, Entry | None] = field(default_factory=dict)
    staged: Mapping[str, Entry | None] = field(default_factory=dict)
    files: Mapping[str, Wanted] = field(default_factory=dict)


def mark_of(key: str) -> str:
    """Return what stands in the reflog beside a move made under ``key``."""
    return "agentctl-" + hashlib.sha256(key.encode()).hexdigest()[:32]


def landed(site: Site, branch: str, old: str | None, call: Call) -> str | None:
    """Return where ``call`` has already brought the branch from ``old``, or None where it has not."""
    move = site.repository.moved_by(HEADS + branch, mark_of(call.key))
    head = site.repository.branch(branch)
    if move is None or head is None or move[0] != (old or NOTHING) or head == old:
        return None
    return move[1] if head == move[1] or objects.is_ancestor(site.git, move[1], head) else None


def expected(site: Site, branch: str, call: Call) -> str | None:
    """Return the head that ``call`` read just now; the ref is moved only from there."""
    snapshot = call.before.get(site.address("branches", branch))
    if snapshot is None:
        raise Rejected("Nothing was read", f"`{branch}` was not read before it was to be moved.")
    return snapshot.token


def refuse_moved(site: Site, branch: str, old: str | None) -> None:
    head = site.repository.branch(branch)
    if head != old:
        raise Rejected(
            "Branch moved",
            f"`{branch}` stood at {old or 'nothing'} when it was read and stands at {head or 'nothing'} now.",
            hint="Plan again to see what it would mean now.",
        )


def land(site: Site, landing: Landing, call: Call) -> None:
    """Bring the branch where it is to go. Raises Rejected, nothing changed, where anything is not as it was read."""
    git = site.git
    now = site.repository.checkout()
    now.refuse_busy(landing.branch)
    refuse_moved(site, landing.branch, landing.old)
    if now.branch != landing.branch or not (landing.index or landing.files):
        _move(site, git, landing, call)
        return
    with held(git, mark_of(call.key)) as index:
        _agree(git, landing)
        index.prepare(landing.index)
        done = site.worktree.change(landing.files.values())
        try:
            _move(site, git, landing, call)
        except BaseException:
            site.worktree.restore(done)
            raise
        index.publish()


def complete(site: Site, landing: Landing, call: Call) -> None:
    """Do what a landing that reached its ref may have left undone: the index."""
    git = site.git
    if site.repository.checkout().branch != landing.branch or not landing.index:
        return
    with held(git, mark_of(call.key)) as index:
        _finish(git, landing, index)


def _finish(git: Git, landing: Landing, index: Held) -> None:
    now = staged(git, sorted(landing.index))
    behind = {
        path: entry for path, entry in landing.index.items()
        if now[path] != entry and (path not in landing.staged or now[path] == landing.staged[path])
    }
    if behind:
        index.prepare(behind)
        index.publish()


def _agree(git: Git, landing: Landing) -> None:
    folders = {path.rsplit("/", depth)[0] for path in landing.index for depth in range(1, path.count("/") + 1)}
    for path, entry in staged(git, sorted(folders - landing.index.keys())).items():
        if entry is not None:
            raise Rejected("Staged change in the way", f"{path!r} is staged as a file and would have to be a folder.")
    now = staged(git, sorted(landing.staged))
    for path, entry in landing.staged.items():
        if now[path] not in {entry, landing.index.get(path)}:
            raise Rejected(
                "Staged change in the way",
                f"{path!r} is staged as {now[path] or 'absent'}, not as {entry or 'absent'}.",
                hint="Commit or unstage it first; `git status` shows it.",
            )


def _move(site: Site, git: Git, landing: Landing, call: Call) -> None:
    """Move the ref in one compare-and-swap; its reflog tells which key did it."""
    ref = HEADS + landing.branch
    told = ["-m", f"agentctl {landing.verb}: {mark_of(call.key)}", "--no-deref"]
    try:
        if landing.new is None:
            git.run("update-ref", *told, "-d", ref, landing.old or NOTHING)
        else:
            git.run("update-ref", *told, "--create-reflog", ref, landing.new, landing.old or NOTHING)
    except ConnectorError as error:
        # Git may be stopped, or fail at what comes last, when the ref is where it was to go: its reflog tells by whom.
        if site.repository.branch(landing.branch) != landing.new:
            refuse_moved(site, landing.branch, landing.old)
            _refuse_locked(site, landing.branch, error)
            raise
        if isinstance(error, Unreachable) or landed(site, landing.branch, landing.old, call):
            return
        raise Indeterminate(
            "Branch moved by somebody",
            f"`{landing.branch}` stands at {landing.new or 'nothing'}, where it was to go, but: {error.detail}",
        ) from error


def _refuse_locked(site: Site, branch: str, error: ConnectorError) -> None:
    """Git names the first lock in its way, and a git that was killed leaves two: name them all."""
    common = site.repository.common_dir
    locks = [Path(site.git.git_dir, "HEAD.lock"), common / f"{HEADS}{branch}.lock", common / "packed-refs.lock"]
    if there := [str(lock) for lock in locks if lock.exists()]:
        raise Rejected(
            "Branch is locked",
            f"{' and '.join(there)} {'exists' if len(there) == 1 else 'exist'}: another git process is at work in this "
            "repository, or one was killed there.",
            hint="Wait for it; where none runs any more, remove what is named there.",
        ) from error
