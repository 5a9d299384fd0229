"""``branch.undo`` and ``branch.move``: how a commit, merge or revert of ours is taken back, and that taken back again.

A branch is moved back only while it still stands where we left it and nobody was given what we made; else a revert
commit does it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from agentctl.connectors.base import Call, Receipt, View
from agentctl.connectors.git import making, names, objects
from agentctl.connectors.git.actions import MOVE, STAYS_OF_A_MOVE, UNDO
from agentctl.connectors.git.following import STAYING, Following, follow
from agentctl.connectors.git.index import staged
from agentctl.connectors.git.landing import NOTHING, Landing, complete, expected, land, landed
from agentctl.connectors.git.names import HEADS
from agentctl.connectors.git.objects import Entry
from agentctl.connectors.git.repository import Checkout
from agentctl.connectors.git.site import Site, checkout, known
from agentctl.connectors.git.threeway import Edit, difference, without
from agentctl.connectors.git.tips import Tip, tip
from agentctl.connectors.git.wire import entries_from
from agentctl.errors import Rejected
from agentctl.facts import replace
from agentctl.model.action import Reversibility
from agentctl.model.change import Change, Inverse, RecordChange, strongest
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address
from agentctl.model.values import UNKNOWN, Fields, Unknown, Value


def undo_step(
    site: Site,
    step: Step,
    *,
    new: Value,
    old: Value,
    following: Following,
    verb: str = UNDO.verb,
    public: bool = False,
) -> Inverse:
    """Return the inverse of a change that brought a branch from ``old`` to ``new``.

    ``public``: others had ``new`` before this branch did, so that its being known elsewhere keeps nobody from undoing.
    """
    arguments: dict[str, Value] = {
        "from": UNKNOWN if isinstance(new, Unknown) else new,
        "to": UNKNOWN if isinstance(old, Unknown) else old,
        "index": following.index,
        "wrote": following.wrote,
        "public": public,
    }
    undo = Step(id=step.id, action=f"{site.name}.{verb}", target=step.target, with_=arguments)
    return Inverse(kind=Reversibility.EXACT, step=undo, stays=STAYS_OF_A_MOVE)


def addresses(site: Site, step: Step) -> tuple[Address, ...]:
    new, old = _ends(site, step)
    ends = [names.commit(end) for end in (new, old) if end is not None]
    paths = sorted({names.path(path) for path in (*(_index(step) or {}), *_wrote(step))})
    return (
        site.address("branches", names.branch(step.target)),
        site.address("checkout"),
        *(site.address("commits", end) for end in ends),
        *([site.address("changed", "..".join(ends))] if len(ends) == 2 else []),
        *(site.address(collection, path) for path in paths for collection in ("worktree", "index")),
    )


def preview(site: Site, step: Step, view: View) -> Change:
    now = checkout(site, view)
    now.refuse_busy(step.target)
    branch = tip(site, view, step.target)
    new, old = _ends(site, step)
    why = _built_on(site, view, step, branch)
    if not why:
        return _moving(site, step, view, now, branch)
    if step.verb == MOVE.verb or new is None or branch.head is None:
        raise Rejected("Branch moved", f"`{step.target}` does not stand at {new or 'nothing'} any more.")
    edits = without(site, branch, new, old)
    following = _following(site, step, view, now, edits)
    inverse = undo_step(site, step, new=UNKNOWN, old=branch.head, following=following)
    head = branch.next(step.id) if edits else branch.head
    return _change(site, step, branch, head, edits, following, inverse, f"by a revert commit: the branch {why}")


def execute(site: Site, change: Change, call: Call) -> Receipt:
    after = change.records[0].after
    if after is None or isinstance(after["head"], str):
        _move(site, change, call)
        return Receipt(ids={"id": None if after is None else after["head"]})
    new, old = _ends(site, change)
    found: Fields = site.read(site.address("commits", str(new))).value or {}
    message = f'Revert "{found.get("subject", "")!s}"\n\nThis undoes what {old or "nothing"}..{new} brought.\n'
    made = making.commit(site, change, call, message=message, staged=None)
    undo = change.inverse.step
    inverse = replace(change.inverse, step=undo and replace(undo, with_={**undo.with_, "from": made}))
    return Receipt(ids={"id": made}, inverse=inverse)


def _built_on(site: Site, view: View, step: Step, branch: Tip) -> str:
    """Say why the branch may not simply be moved, or nothing where it may."""
    new, _ = _ends(site, step)
    if branch.head != new:
        return "has moved on since"
    if step.verb == UNDO.verb and new is not None and not known(cast(Fields, step.with_), "public"):
        found = view.read(site.address("commits", new)).value
        return "was pushed since" if found is not None and known(found, "published") else ""
    return ""


def _moving(site: Site, step: Step, view: View, now: Checkout, branch: Tip) -> Change:
    new, old = _ends(site, step)
    edits = difference(site, new, old)
    following = _following(site, step, view, now, edits)
    inverse = undo_step(site, step, new=old, old=new, following=following, verb=MOVE.verb)
    return _change(site, step, branch, old, edits, following, inverse, "by moving the branch back")


def _following(site: Site, step: Step, view: View, now: Checkout, edits: Mapping[str, Edit]) -> Following:
    """Return how the checkout follows: as it did when the change was made, or wholly where it did not stand there."""
    if now.branch != step.target:
        return STAYING
    return follow(site, view, edits, None if _index(step) is None else _wrote(step))


def _change(
    site: Site,
    step: Step,
    branch: Tip,
    head: Value,
    edits: Mapping[str, Edit],
    following: Following,
    inverse: Inverse,
    note: str,
) -> Change:
    records = (
        branch.becomes(site, head),
        *(
            RecordChange(address=site.address("files", f"{step.target}:{path}"), before=edit.before, after=edit.after)
            for path, edit in edits.items()
        ),
        *following.records,
    )
    new, old = _ends(site, step)
    return Change(
        step=step.id,
        action=step.action,
        target=step.target,
        effect=strongest(records),
        arguments={**step.with_, "from": new},
        records=records,
        reads=tuple(site.address("commits", end) for end in (new, old) if end),
        inverse=inverse,
        notes=(note,),
    )


def _move(site: Site, change: Change, call: Call) -> None:
    new, old = _ends(site, change)
    paths = sorted(making.stored_files(site, change))
    stored = objects.entries(site.git, new, paths) if new else {}
    target = objects.entries(site.git, old, paths) if old else {}
    files = making.working_files(site, change)
    recorded = entries_from(change.arguments["index"])
    now = staged(site.git, paths) if site.git.work_tree else {}
    index: dict[str, Entry | None] = {}
    before: dict[str, Entry | None] = {}
    for path in paths:
        # What somebody has staged since is theirs, unless the file itself goes back.
        if path in files or now.get(path) == stored.get(path):
            index[path] = recorded.get(path, target.get(path))
            before[path] = stored.get(path)
    landing = Landing(
        verb=change.action.partition(".")[2],
        branch=change.target,
        old=new,
        new=old,
        index=index,
        staged=before,
        files=files,
    )
    if expected(site, change.target, call) != new:
        raise Rejected("Branch moved", f"`{change.target}` does not stand at {new or 'nothing'} any more.")
    # A branch that is gone has no log to tell by whom; it was there when it was read, and this is what was wanted.
    gone = old is None and site.repository.branch(change.target) is None
    if not gone and landed(site, change.target, new, call) is None:
        land(site, landing, call)
    else:
        complete(site, landing, call)


def _ends(site: Site, of: Step | Change) -> tuple[str | None, str | None]:
    given = cast(Fields, of.with_ if isinstance(of, Step) else of.arguments)
    new, old = given["from"], known(given, "to")
    before = None if old is None else str(old)
    if isinstance(new, Unknown):
        return _found(site, of.target, before), before
    return None if new is None else str(new), before


def _found(site: Site, branch: str, old: str | None) -> str:
    """Return what we brought the branch to from ``old``, where the reply that said so was lost: its reflog knows."""
    moves = site.repository.moved_from(HEADS + branch, old or NOTHING)
    if len(moves) != 1:
        raise Rejected(
            "Commit not known",
            f"The reflog of `{branch}` tells of {len(moves)} moves by agentctl from {old or 'nothing'}, not of one.",
            hint="Revert the commit by its id instead, or by hand.",
        )
    (new,) = moves
    return new


def _index(step: Step) -> Mapping[str, str | None] | None:
    return cast("Mapping[str, str | None] | None", known(cast(Fields, step.with_), "index"))


def _wrote(step: Step) -> Mapping[str, str | None]:
    return cast("Mapping[str, str | None]", known(cast(Fields, step.with_), "wrote"))
