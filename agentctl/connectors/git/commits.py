"""``commit.create``: exactly the given paths, as they lie in the working tree, on top of a branch."""

from __future__ import annotations

from typing import cast

from agentctl.connectors.base import Call, Receipt, View
from agentctl.connectors.git import making, names
from agentctl.connectors.git.following import STAYING, Following, refuse_conversion
from agentctl.connectors.git.site import Site, checkout, known, said
from agentctl.connectors.git.tips import Tip, existing, tip
from agentctl.connectors.git.undoing import undo_step
from agentctl.connectors.git.wire import entries_from
from agentctl.connectors.gitfiles import as_bytes, git_mode
from agentctl.errors import Rejected
from agentctl.facts import replace
from agentctl.model.change import Change, Effect, Inverse, RecordChange, strongest
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address
from agentctl.model.values import UNKNOWN, Fields, Unknown, Value


def addresses(site: Site, step: Step) -> tuple[Address, ...]:
    branch = names.branch(step.target)
    return (
        site.address("branches", branch),
        site.address("checkout"),
        *(site.address("files", f"{branch}:{path}") for path in _paths(step)),
        *(site.address(collection, path) for path in _paths(step) for collection in ("worktree", "index")),
    )


def preview(site: Site, step: Step, view: View) -> Change:
    now = checkout(site, view)
    now.refuse_busy(step.target)
    if now.bare:
        raise Rejected("No working tree", f"{site.repository.path} is a bare repository; there is nothing to commit.")
    first = now.branch == step.target
    branch = tip(site, view, step.target) if first else existing(site, view, step.target)
    files = _files(site, view, branch, _paths(step))
    effect = strongest(files)
    following = _staged(site, view, _paths(step)) if first else STAYING
    moved = branch.becomes(site, branch.head if effect is Effect.NO_OP else branch.next(step.id))
    return Change(
        step=step.id,
        action=step.action,
        target=step.target,
        effect=strongest((moved, *files)),
        arguments=step.with_,
        records=(moved, *files),
        reads=tuple(site.address("worktree", path) for path in _paths(step)),
        inverse=undo_step(site, step, new=UNKNOWN, old=branch.head, following=following),
        notes=_notes(site),
        receipt={} if effect is Effect.NO_OP else {"id": UNKNOWN},
    )


def execute(site: Site, change: Change, call: Call) -> Receipt:
    for path, stored in making.stored_files(site, change).items():
        _refuse_changed(site, path, stored)
    undo = change.inverse.step
    assert undo is not None
    new = making.commit(
        site, change, call, message=said(change.arguments, "message"), staged=entries_from(undo.with_["index"])
    )
    return Receipt(ids={"id": new}, inverse=_complete(change.inverse, new))


def _complete(inverse: Inverse, new: str) -> Inverse:
    return replace(inverse, step=inverse.step and replace(inverse.step, with_={**inverse.step.with_, "from": new}))


def _paths(step: Step) -> list[str]:
    paths = cast(list[Value], known(cast(Fields, step.with_), "paths"))
    return sorted({names.path(str(path)) for path in paths})


def _files(site: Site, view: View, branch: Tip, paths: list[str]) -> tuple[RecordChange, ...]:
    before = branch.files(site, [*paths, *_folders(paths)])
    for path in _folders(paths):
        if before[path] is not None and path not in paths:
            raise Rejected("Not a folder", f"On `{branch.branch}`, {path!r} is no folder; commit its removal as well.")
    return tuple(
        RecordChange(
            address=site.address("files", f"{branch.branch}:{path}"),
            before=before[path],
            after=_after(site, view, path, before[path]),
        )
        for path in paths
    )


def _folders(paths: list[str]) -> list[str]:
    return sorted({path.rsplit("/", depth)[0] for path in paths for depth in range(1, path.count("/") + 1)})


def _after(site: Site, view: View, path: str, before: Fields | None) -> Fields | None:
    """Return what the branch will hold at ``path``: the working file, in git's own two modes."""
    now = view.read(site.address("worktree", path)).value
    local = view.read(site.address("index", path)).value or {}
    if now is None:
        if before is None:
            raise Rejected("File absent", f"{path!r} is neither in the working tree nor on the branch.")
        return None
    if before is None and known(local, "ignored"):
        raise Rejected("Path ignored", f"{path!r} is named in .gitignore; what is ignored is not committed.")
    if before is not None and before["mode"] == "160000":
        raise Rejected("Not a file", f"{path!r} is a submodule.")
    refuse_conversion(path, now["content"], local)
    mode = now["mode"]
    return {
        "content": now["content"],
        "mode": mode if isinstance(mode, Unknown) else ("0755" if git_mode(str(mode)) == "100755" else "0644"),
    }


def _staged(site: Site, view: View, paths: list[str]) -> Following:
    """Return what the index holds for ``paths``: what undoing the commit brings back."""
    found: dict[str, str | None] = {}
    for path in paths:
        entry = known(view.read(site.address("index", path)).value or {}, "entry")
        found[path] = None if entry is None else str(entry)
    return Following(index=found)


def _refuse_changed(site: Site, path: str, stored: Fields | None) -> None:
    now, _ = site.worktree.read(path)
    if (now is None) != (stored is None) or (
        now is not None
        and stored is not None
        and (as_bytes(now["content"]) != as_bytes(stored["content"])
             or git_mode(str(now["mode"])) != git_mode(str(stored["mode"])))
    ):
        raise Rejected("File changed", f"{path!r} in the working tree is not what it was when it was read just now.")


def _notes(site: Site) -> tuple[str, ...]:
    return ("the repository's hooks are run",) if site.repository.hooks else ()
