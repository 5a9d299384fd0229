"""Whether the agent a plan names is proven to have written it: its signature, and that the signed text is this plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.engine.protect import reveal_plan
from agentctl.errors import Invalid
from agentctl.facts import replace
from agentctl.identity import plans
from agentctl.model.authorship import CLAIMED, Authorship, Signed
from agentctl.model.canonical import digest_bytes
from agentctl.model.changeset import ChangeSet, Purpose
from agentctl.model.edit import original
from agentctl.model.plan import Plan
from agentctl.planfile.catalog import Catalog
from agentctl.planfile.load import loads
from agentctl.policy.rules import Agent, Policy


def authorship(plan: Plan, policy: Policy, catalog: Catalog) -> Authorship:
    """Return what the signature that came with ``plan`` proves under the keys ``policy`` lists now.

    The signed bytes are loaded again and must give this very plan, as it was before anybody edited it: what is stored
    of a plan proves nothing by itself. ``plan`` has its values in clear.
    """
    requester = policy.person(plan.requested_by) if plan.requested_by else None
    author = Authorship(
        requester=requester.name if requester else "", editors=plan.edited.by if plan.edited else ()
    )
    agent = policy.agents.get(plan.agent)
    if agent is None or not agent.signs:
        why = "it is signed, and policy lists no keys of this agent to check that with" if plan.signed else ""
        return replace(author, why=why)
    if plan.signed is None:
        return replace(author, why="it carries no signature")
    key = plans.signer(plan.signed, agent.keys)
    if not key:
        return replace(author, why=plans.objection(plan.signed, agent.keys))
    if not _gives(plan.signed, original(plan), catalog):
        return replace(author, why="the text that was signed does not give this plan")
    return replace(author, key=plans.fingerprint(key), signature=digest_bytes(plan.signed.signature.encode()))


def author_of(changeset: ChangeSet, hidden: Mapping[str, Any], policy: Policy, catalog: Catalog) -> Authorship:
    """Return the same of a stored changeset, whose ``hidden`` values are given.

    Who signed its plan is bound by its digest: a proof that was lost, added or exchanged since proves nothing.
    """
    if changeset.purpose is Purpose.ROLLBACK:
        return CLAIMED
    plan = reveal_plan(changeset.plan, hidden)
    author = authorship(plan, policy, catalog)
    if author.key == changeset.signed_by:
        return author
    if not author.signed:
        why = author.why if plan.signed else "its signature cannot be read here"
    else:
        why = "it was not signed so when it was planned"
    return replace(author, key="", signature="", why=f"{why}; plan it again from its signed file")


def recorded(author: Authorship, agent: Agent | None) -> Authorship:
    """Return what a run recorded of its plan's author as it counts under another policy's keys of ``agent``."""
    keys = agent.keys if agent else ()
    if not author.signed or author.key in map(plans.fingerprint, keys):
        return author
    return replace(author, key="", signature="", why=f"it was signed with {author.key}, which is no key of this agent")


def _gives(signed: Signed, plan: Plan, catalog: Catalog) -> bool:
    """Whether the signed bytes are ``plan``. Evidence the plan file left open was pinned by us, not by the agent."""
    try:
        written = loads(signed.source, plan.source, replace(catalog, root=None))
    except Invalid:
        return False
    pinned = {item.id: item.sha256 for item in plan.evidence}
    evidence = tuple(
        item if item.sha256 else replace(item, sha256=pinned.get(item.id, "")) for item in written.evidence
    )
    return replace(written, evidence=evidence).digest == plan.digest
