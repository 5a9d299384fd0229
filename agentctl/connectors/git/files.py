"""``file.read``: what a branch, tag or commit holds at a path."""

from __future__ import annotations

from agentctl.connectors.base import Call, Receipt, View
from agentctl.connectors.git import names
from agentctl.connectors.git.site import Site
from agentctl.connectors.git.tips import tip
from agentctl.errors import Rejected
from agentctl.model.action import Reversibility
from agentctl.model.change import Change, Effect, Inverse, RecordChange
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address
from agentctl.model.values import Fields


def addresses(site: Site, step: Step) -> tuple[Address, ...]:
    revision, path = names.file_at(step.target)
    own = site.address("files", f"{revision}:{path}")
    kind = names.revision(revision)
    return (own, site.address(kind)) if kind.startswith("branches/") else (own,)


def preview(site: Site, step: Step, view: View) -> Change:
    own = addresses(site, step)[0]
    found = _present(step.target, _seen(site, step, view))
    return Change(
        step=step.id,
        action=step.action,
        target=step.target,
        effect=Effect.READ,
        arguments=step.with_,
        records=(RecordChange(address=own, before=found, after=found),),
        reads=(own,),
        inverse=Inverse(kind=Reversibility.EXACT),
    )


def execute(site: Site, change: Change, _call: Call) -> Receipt:
    (own,) = change.reads
    return Receipt(read={own: _present(change.target, site.read(own).value)})


def _seen(site: Site, step: Step, view: View) -> Fields | None:
    """Return the file as earlier steps will have left it."""
    revision, path = names.file_at(step.target)
    if names.revision(revision).startswith("branches/"):
        branch = tip(site, view, revision)
        if branch.edits or branch.head is not None:
            return branch.files(site, [path])[path]
    return view.read(site.address("files", step.target)).value


def _present(target: str, found: Fields | None) -> Fields:
    if found is None:
        raise Rejected("File absent", f"There is no file {target!r}.")
    return found
