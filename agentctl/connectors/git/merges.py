"""``branch.merge``: a branch is brought forward to what another one holds, without a new commit."""

from __future__ import annotations

from agentctl.connectors.base import Call, Receipt, View
from agentctl.connectors.git import making, names, objects
from agentctl.connectors.git.following import STAYING, follow
from agentctl.connectors.git.landing import Landing, complete, expected, land, landed
from agentctl.connectors.git.site import Site, checkout, known, said
from agentctl.connectors.git.threeway import Edit, difference
from agentctl.connectors.git.tips import Tip, existing
from agentctl.connectors.git.undoing import undo_step
from agentctl.errors import Rejected
from agentctl.model.change import Change, RecordChange, strongest
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address
from agentctl.model.values import Unknown, same


def addresses(site: Site, step: Step) -> tuple[Address, ...]:
    source = said(step.with_, "from")
    return (
        site.address("branches", names.branch(step.target)),
        site.address("checkout"),
        site.address(names.revision(source)),
        site.address("changed", f"{step.target}..{source}"),
    )


def preview(site: Site, step: Step, view: View) -> Change:
    now = checkout(site, view)
    now.refuse_busy(step.target)
    branch = existing(site, view, step.target)
    source = _source(site, view, said(step.with_, "from"))
    held = _holds(site, branch, source)
    edits = {} if held else _edits(site, branch, source)
    head = branch.head if held else source.head
    following = follow(site, view, edits) if edits and now.branch == step.target else STAYING
    records = (
        branch.becomes(site, head),
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
        reads=(site.address(names.revision(said(step.with_, "from"))),),
        inverse=undo_step(
            site, step, new=head, old=branch.head, following=following, public=_public(site, view, source)
        ),
        receipt={"id": head},
    )


def execute(site: Site, change: Change, call: Call) -> Receipt:
    old = expected(site, change.target, call)
    new = str(known(change.records[0].after or {}, "head"))
    paths = making.stored_files(site, change)
    before = objects.entries(site.git, old, paths) if old else {}
    after = objects.entries(site.git, new, paths)
    landing = Landing(
        verb="branch.merge",
        branch=change.target,
        old=old,
        new=new,
        index={path: after.get(path) for path in paths},
        staged={path: before.get(path) for path in paths},
        files=making.working_files(site, change),
    )
    if landed(site, change.target, old, call) is None:
        if old is None or not objects.is_ancestor(site.git, old, new):
            raise Rejected("Not a fast-forward", f"`{change.target}` would lose commits; it stands at {old}.")
        land(site, landing, call)
    else:
        complete(site, landing, call)
    return Receipt(ids={"id": new})


def _public(site: Site, view: View, source: Tip) -> bool:
    if isinstance(source.head, Unknown):
        return False
    found = view.read(site.address("commits", str(source.head))).value
    return found is not None and bool(known(found, "published"))


def _source(site: Site, view: View, text: str) -> Tip:
    kind = names.revision(text)
    if kind.startswith("branches/"):
        return existing(site, view, text)
    found = view.read(site.address(kind)).value
    if found is None:
        raise Rejected("Commit absent", f"`{text}` names no commit of this repository.")
    head = str(known(found, "id" if "id" in found else "head"))
    return Tip(branch=text, head=head, base=head)


def _holds(site: Site, branch: Tip, source: Tip) -> bool:
    """Whether ``branch`` is known to hold all of ``source`` already."""
    if branch.base is None or source.base is None or isinstance(source.head, Unknown):
        return False
    return objects.is_ancestor(site.git, source.base, branch.base)


def _edits(site: Site, branch: Tip, source: Tip) -> dict[str, Edit]:
    """Return what changes on ``branch`` when it is brought to ``source``. Raises Rejected where that loses a commit."""
    if isinstance(branch.head, Unknown) or branch.base is None or source.base is None:
        raise Rejected(
            "Value still unknown",
            f"Whether `{branch.branch}` can be brought forward is only known after an earlier step is done.",
            hint="Apply the steps before it first, and merge in a plan of its own.",
        )
    if not objects.is_ancestor(site.git, branch.base, source.base):
        raise Rejected(
            "Not a fast-forward",
            f"`{branch.branch}` holds commits that `{source.branch}` does not; only a person merges both.",
            hint=f"Rebase `{source.branch}` onto `{branch.branch}` first.",
        )
    stored = difference(site, branch.base, source.base)
    here = branch.files(site, source.edits)
    made = {path: Edit(here[path], after) for path, after in source.edits.items()}
    return {path: edit for path, edit in sorted({**stored, **made}.items()) if not same(edit.before, edit.after)}
