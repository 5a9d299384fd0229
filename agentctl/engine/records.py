"""The bodies of the records a run writes: what the trace says, in the words of the model, hidden where it must be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agentctl import __version__
from agentctl.connectors.base import Receipt
from agentctl.engine.moved import Moved
from agentctl.engine.ports import Lease
from agentctl.engine.protect import Protector, address_of
from agentctl.engine.readback import Reading
from agentctl.engine.spoken import spoken
from agentctl.facts import replace
from agentctl.model.action import ActionSpec
from agentctl.model.authorship import Authorship, authorship_to_wire
from agentctl.model.breaker import breaker_to_wire
from agentctl.model.change import Change, change_to_wire, inverse_to_wire
from agentctl.model.changeset import ChangeSet, system_to_wire
from agentctl.model.clock import clocks_to_wire
from agentctl.model.decision import Decision, Need, consent_to_wire, decision_to_wire
from agentctl.model.limit import reserved_to_wire
from agentctl.model.plan import Edited, Plan, Step, plan_to_wire
from agentctl.model.projection import fingerprint
from agentctl.model.run import RunStatus, StepStatus
from agentctl.model.snapshot import Address, Snapshot
from agentctl.model.values import Hidden, to_wire

if TYPE_CHECKING:
    from agentctl.engine.apply import Start


def run_started(changeset: ChangeSet, start: Start, author: Authorship, protector: Protector) -> dict[str, Any]:
    plan = changeset.plan
    steps = tuple(
        protector.large_arguments(step, address_of(change))
        for step, change in zip(plan.steps, changeset.changes, strict=True)
    )
    return {
        "run": start.run,
        "purpose": changeset.purpose.value,
        "undoes": changeset.undoes,
        "resumes": start.resumes,
        "digest": changeset.digest,
        "effects": changeset.effects,
        "plan": plan_to_wire(replace(plan, steps=steps, edited=_without_large(plan, protector))),
        "author": authorship_to_wire(author),
        "tenant": changeset.tenant,
        "environment": changeset.environment,
        "policy": changeset.policy,
        "specs": dict(changeset.specs),
        "systems": {name: system_to_wire(system) for name, system in changeset.systems.items()},
        "repeat": changeset.repeat,
        "versions": {"agentctl": __version__},
        "who": dict(start.who),
        "clock": clocks_to_wire(start.clock),
        "consent": consent_to_wire(start.consent),
        "limits": [reserved_to_wire(reserved) for reserved in start.reserved],
        "breakers": [breaker_to_wire(breaker) for breaker in start.breakers],
        "left": {step: {"status": left.status.value, "reason": left.reason} for step, left in start.left.items()},
        "carried": {step: {"run": done.run, "status": done.status.value} for step, done in start.done.items()},
    }


def _without_large(plan: Plan, protector: Protector) -> Edited | None:
    """Return what people edited with the large values of what the agent wrote hidden like those of the plan itself."""
    if plan.edited is None:
        return None
    steps = {
        name: protector.large_arguments(step, Address(f"{step.instance}/{step.target}"))
        for name, step in plan.edited.steps.items()
    }
    return replace(plan.edited, steps=steps)


def decision(decision: Decision) -> dict[str, Any]:
    return decision_to_wire(decision)


def escalation(step: Step, needs: tuple[Need, ...], seen: Change) -> dict[str, Any]:
    """Who is asked for what before a step may run, and the change as it resolved."""
    return {
        "step": step.id,
        "needs": [{"what": need.what, "kind": need.kind.value, "command": need.command} for need in needs],
        "change": change_to_wire(seen),
    }


def step_started(recorded: Change, seen: Change, key: str, live: Mapping[Address, Snapshot]) -> dict[str, Any]:
    """Everything settling and undoing need if this is the last record: before-images, inverse, key and tokens."""
    return {
        "step": recorded.step,
        "key": key,
        "fingerprint": fingerprint(seen),
        "change": change_to_wire(recorded),
        "tokens": {address: snapshot.token for address, snapshot in live.items() if snapshot.token is not None},
    }


def step_finished(
    step: Step, change: Change, receipt: Receipt, reading: Reading, spec: ActionSpec, protector: Protector
) -> dict[str, Any]:
    return {
        "step": step.id,
        "status": reading.status.value,
        "reason": reading.reason,
        **received(change, receipt, spec, protector),
        "observed": [
            {"address": seen.address, "value": to_wire(protector.fields(seen.address, seen.value, spec))}
            for seen in reading.observed
        ],
    }


def received(change: Change, receipt: Receipt, spec: ActionSpec, protector: Protector) -> dict[str, Any]:
    """The connector's evidence of one change, and how it is undone."""
    inverse = receipt.inverse or change.inverse
    if inverse.step is not None:
        step = protector.step(inverse.step, spec, address_of(change))
        inverse = inverse if step is inverse.step else replace(inverse, step=step)
    return {
        "receipt": {
            "ids": to_wire(receipt.ids),
            "links": list(receipt.links),
            "addresses": dict(receipt.addresses),
        },
        "inverse": inverse_to_wire(inverse),
    }


def credential_minted(step: Step, lease: Lease) -> dict[str, Any]:
    """Return what may be told of a credential: all but the token."""
    credential = lease.credential
    told = {"scopes_told": lease.told, "beyond": list(lease.beyond)}
    return {
        "step": step.id, "id": credential.id, "provider": lease.provider, "scopes": list(credential.scopes),
        "expires": credential.expires, **told,
    }


def step_unneeded(step: Step, status: StepStatus, reason: str) -> dict[str, Any]:
    """A step that was already so, or that an earlier run has done: no effect, no receipt."""
    return {"step": step.id, "status": status.value, "reason": reason}


def step_failed(step: Step, status: StepStatus, reason: str) -> dict[str, Any]:
    return {"step": step.id, "status": status.value, "reason": reason}


def step_in_doubt(step: Step, reason: str) -> dict[str, Any]:
    return {"step": step.id, "reason": reason}


def step_skipped(step: Step, reason: str) -> dict[str, Any]:
    return {"step": step.id, "reason": reason}


def run_finished(status: RunStatus, steps: Mapping[str, StepStatus], reason: str) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for step in steps.values():
        counts[step.value] = counts.get(step.value, 0) + 1
    return {"status": status.value, "counts": counts, "reason": reason}


def in_words(moved: tuple[Moved, ...]) -> str:
    """Say the first thing that moved, from what to what, and how many more there are."""
    first = moved[0]
    place = f"{first.address}: `{first.field}`" if first.field else str(first.address)
    if isinstance(first.planned, Hidden) and isinstance(first.now, Hidden):
        said = f"{place} is another hidden value than when planned"
    elif first.side == "before":
        said = f"{place} was {spoken(first.planned)} when planned and is {spoken(first.now)} now"
    else:
        said = f"{place} would become {spoken(first.now)}; {spoken(first.planned)} was consented to"
    return said if len(moved) == 1 else f"{said} (and {len(moved) - 1} more)"
