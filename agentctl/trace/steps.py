"""What one record tells of one step: how it stood in, how it stands out. Pure; whose step is ``replay``'s part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.facts import replace
from agentctl.model.change import change_from_wire, inverse_from_wire
from agentctl.model.run import Observed, StepRun, StepStatus
from agentctl.model.snapshot import Address
from agentctl.model.values import fields_from_wire
from agentctl.trace.record import Kind, Record


def tell(step: StepRun, record: Record) -> StepRun:
    """Return how ``step`` stands by a record of the run it belongs to."""
    body = record.body
    match record.kind:
        case Kind.DECISION:
            return replace(step, decision=body)
        case Kind.ESCALATION:
            needs = "; ".join(need["what"] for need in body["needs"])
            return replace(step, status=StepStatus.HELD, change=change_from_wire(body["change"]), reason=needs)
        case Kind.CREDENTIAL_MINTED:
            return replace(step, credential=body)
        case Kind.STEP_STARTED:
            change = change_from_wire(body["change"])
            return replace(
                step,
                status=StepStatus.STARTED,
                change=change,
                inverse=change.inverse,
                key=body["key"],
                tokens=body["tokens"],
                started_at=record.time,
                first_sent=step.first_sent if step.key == body["key"] and step.first_sent else record.time,
            )
        case Kind.STEP_FINISHED:
            return _finish(step, record)
        case Kind.STEP_FAILED:
            return replace(step, status=StepStatus(body["status"]), reason=body["reason"], finished_at=record.time)
        case Kind.STEP_IN_DOUBT:
            return replace(step, status=StepStatus.IN_DOUBT, reason=body["reason"], finished_at=record.time)
        case Kind.STEP_SKIPPED:
            return replace(step, status=StepStatus.SKIPPED, reason=body["reason"], finished_at=record.time)
    raise AssertionError(f"{record.kind} is not about a step")


def resolve(step: StepRun, record: Record) -> StepRun:
    """Return how a ``step`` that was in doubt stands by the answer to that."""
    body = record.body
    found = _received(body) if "receipt" in body else {}    # what the system had named was found by our mark
    return replace(
        step,
        **found,
        status=StepStatus(body["status"]),
        resolved=body["answer"],
        answered_by=body["by"],
        answered_at=record.time,
        reason=body["reason"],
        observed=_observed(body["observed"]) or step.observed,
        finished_at=record.time,
    )


def _finish(step: StepRun, record: Record) -> StepRun:
    body = record.body
    brought: dict[str, Any] = {}        # what was already so has no receipt
    if "receipt" in body:
        brought = _received(body) | {"observed": _observed(body["observed"])}
    status = StepStatus(body["status"])
    return replace(step, status=status, reason=body["reason"], finished_at=record.time, **brought)


def _received(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a step its receipt tells."""
    receipt = body["receipt"]
    return {
        "inverse": inverse_from_wire(body["inverse"]),
        "ids": fields_from_wire(receipt["ids"]),
        "links": tuple(receipt["links"]),
        "addresses": {Address(new): Address(real) for new, real in receipt["addresses"].items()},
    }


def _observed(wire: list[Mapping[str, Any]]) -> tuple[Observed, ...]:
    return tuple(
        Observed(
            address=Address(item["address"]),
            value=None if item["value"] is None else fields_from_wire(item["value"]),
        )
        for item in wire
    )
