"""``commit.revert``: a new commit that takes one earlier commit back out of a branch."""

from __future__ import annotations

from typing import cast

from agentctl.connectors.base import Call, Receipt, View
from agentctl.connectors.git import making, names
from agentctl.connectors.git.following import STAYING, Following, follow
from agentctl.connectors.git.site import Site, checkout, known, said
from agentctl.connectors.git.threeway import Edit, without
from agentctl.connectors.git.tips import Tip, existing
from agentctl.connectors.git.undoing import undo_step
from agentctl.errors import Rejected
from agentctl.facts import replace
from agentctl.model.change import Change, RecordChange, strongest
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address
from agentctl.model.values import UNKNOWN, Fields


def addresses(site: Site, step: Step) -> tuple[Address, ...]:
    commit = names.commit(said(step.with_, "commit"))
    return (
        site.address("branches", names.branch(step.target)),
        site.address("checkout"),
        site.address("commits", commit),
        site.address("changed", f"{commit}^..{commit}"),
    )


def preview(site: Site, step: Step, view: View) -> Change:
    now = checkout(site, view)
    now.refuse_busy(step.target)
    branch = existing(site, view, step.target)
    commit, parent = _undone(site, view, said(step.with_, "commit"))
    edits = without(site, branch, commit, parent)
    following = follow(site, view, edits) if edits and now.branch == step.target else STAYING
    return reverting(site, step, branch, edits, following)


def reverting(site: Site, step: Step, branch: Tip, edits: dict[str, Edit], following: Following) -> Change:
    """Return the change that commits ``edits`` on ``branch``."""
    records = (
        branch.becomes(site, branch.next(step.id) if edits else branch.head),
        *(
            RecordChange(address=site.address("files", f"{step.target}:{path}"), before=edit.before, after=edit.after)
            for path, edit in edits.items()
        ),
        *following.records,
    )
    return Change(
        step=step.id,
        action=step.action,
        target=step.target,
        effect=strongest(records),
        arguments=step.with_,
        records=records,
        reads=(site.address("commits", said(step.with_, "commit")),),
        inverse=undo_step(site, step, new=UNKNOWN, old=branch.head, following=following),
        receipt={"id": UNKNOWN} if edits else {},
    )


def execute(site: Site, change: Change, call: Call) -> Receipt:
    commit = said(change.arguments, "commit")
    message = said(change.arguments, "message") if "message" in change.arguments else _message(site, commit)
    new = making.commit(site, change, call, message=message)
    undo = change.inverse.step
    complete = undo and replace(undo, with_={**undo.with_, "from": new})
    return Receipt(ids={"id": new}, inverse=replace(change.inverse, step=complete))


def _undone(site: Site, view: View, commit: str) -> tuple[str, str | None]:
    """Return a commit and its only parent."""
    found = view.read(site.address("commits", commit)).value
    if found is None:
        raise Rejected("Commit absent", f"{commit} is no commit of this repository.")
    parents = cast(list[str], known(found, "parents"))
    if len(parents) > 1:
        raise Rejected(
            "Merge commit",
            f"{commit} joins {len(parents)} lines of history; which of them to keep is a person's choice.",
        )
    if known(found, "shallow"):
        raise Rejected(
            "History is cut off",
            f"This is a shallow clone, and what was before {commit} is not in it.",
            command="git fetch --unshallow",
        )
    return commit, parents[0] if parents else None


def _message(site: Site, commit: str) -> str:
    found: Fields = site.read(site.address("commits", commit)).value or {}
    return f'Revert "{found.get("subject", "")!s}"\n\nThis reverts commit {commit}.\n'
