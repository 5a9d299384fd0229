"""``branch.create`` and ``branch.delete``: a name for a commit comes or goes; no commit and no file changes."""

from __future__ import annotations

from agentctl.connectors.base import Call, Receipt, View
from agentctl.connectors.git import names
from agentctl.connectors.git.actions import DELETE, STAYS_OF_A_BRANCH
from agentctl.connectors.git.landing import Landing, expected, land, landed
from agentctl.connectors.git.site import Site, checkout, known, said
from agentctl.connectors.git.tips import existing, tip
from agentctl.errors import Rejected
from agentctl.facts import replace
from agentctl.model.action import Reversibility
from agentctl.model.change import Change, Effect, Inverse
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address
from agentctl.model.values import UNKNOWN, Unknown


def addresses(site: Site, step: Step) -> tuple[Address, ...]:
    own = (site.address("branches", names.branch(step.target)), site.address("checkout"))
    return own if step.verb == DELETE.verb else (*own, *_source(site, step))


def preview(site: Site, step: Step, view: View) -> Change:
    return _deletion(site, step, view) if step.verb == DELETE.verb else _creation(site, step, view)


def execute(site: Site, change: Change, call: Call) -> Receipt:
    old = expected(site, change.target, call)
    after = change.records[0].after
    new = None if after is None else str(known(after, "head"))
    if new is None:
        undo = change.inverse.step and replace(change.inverse.step, with_={"from": old})
        land(site, Landing(verb="branch.delete", branch=change.target, old=old, new=None), call)
        return Receipt(inverse=replace(change.inverse, step=undo))
    if landed(site, change.target, old, call) is None:
        land(site, Landing(verb="branch.create", branch=change.target, old=old, new=new), call)
    return Receipt(ids={"id": new})


def _creation(site: Site, step: Step, view: View) -> Change:
    branch = tip(site, view, step.target)
    if branch.head is not None:
        raise Rejected("Branch exists", f"There is a branch `{step.target}` already.")
    now = checkout(site, view)
    now.refuse_busy(step.target)
    if now.branch == step.target:
        raise Rejected("Branch is checked out", f"`{step.target}` has no commit yet; its first one makes it.")
    (source,) = _source(site, step)
    found = view.read(source).value
    if found is None:
        raise Rejected("Commit absent", f"`{said(step.with_, 'from')}` names no commit of this repository.")
    head = known(found, "id" if "id" in found else "head")
    record = branch.becomes(site, head)
    return Change(
        step=step.id,
        action=step.action,
        target=step.target,
        effect=record.effect,
        arguments=step.with_,
        records=(record,),
        reads=(source,),
        inverse=Inverse(
            kind=Reversibility.EXACT,
            step=Step(id=step.id, action=f"{site.name}.branch.delete", target=step.target),
        ),
        receipt={"id": head},
    )


def _deletion(site: Site, step: Step, view: View) -> Change:
    branch = existing(site, view, step.target)
    now = checkout(site, view)
    now.refuse_busy(step.target)
    if now.branch == step.target:
        raise Rejected("Branch is checked out", f"`{step.target}` stands in the working tree and is not deleted.")
    record = branch.becomes(site, None)
    head = UNKNOWN if isinstance(branch.head, Unknown) else branch.head
    undo = Step(id=step.id, action=f"{site.name}.branch.create", target=step.target, with_={"from": head})
    return Change(
        step=step.id,
        action=step.action,
        target=step.target,
        effect=Effect.DELETE,
        arguments=step.with_,
        records=(record,),
        inverse=Inverse(kind=Reversibility.EXACT, step=undo, stays=STAYS_OF_A_BRANCH),
    )


def _source(site: Site, step: Step) -> tuple[Address]:
    return (site.address(names.revision(said(step.with_, "from"))),)
