"""What the first and the last record of a run tell of it as a whole. Pure; its steps are ``steps``' part."""

from __future__ import annotations

from collections.abc import Sequence

from agentctl.facts import replace
from agentctl.model.authorship import CLAIMED, authorship_from_wire
from agentctl.model.breaker import breaker_from_wire
from agentctl.model.changeset import Purpose, SystemIdentity
from agentctl.model.clock import clocks_from_wire
from agentctl.model.decision import consent_from_wire
from agentctl.model.limit import reserved_from_wire
from agentctl.model.plan import Step, plan_from_wire
from agentctl.model.run import Left, LeftStatus, Run, RunStatus, StepStatus
from agentctl.trace.record import Record


def begun(number: int, record: Record, planned: Sequence[Step] | None = None) -> Run:
    """Return the run that ``record`` begins; its steps are still to be told, and ``planned`` are those of its plan."""
    body = record.body
    return Run(
        id=record.run,
        number=number,
        purpose=Purpose(body["purpose"]),
        status=RunStatus.OPEN,
        digest=body["digest"],
        effects=body["effects"],
        plan=plan_from_wire(body["plan"], planned),
        tenant=body["tenant"],
        environment=body["environment"],
        policy=body["policy"],
        systems={name: SystemIdentity(**system) for name, system in body["systems"].items()},
        who=body["who"],
        consent=consent_from_wire(body["consent"]),
        steps=(),
        started_at=record.time,
        undoes=body["undoes"],
        resumes=body["resumes"],
        left={
            step: Left(status=LeftStatus(item["status"]), reason=item["reason"])
            for step, item in body["left"].items()
        },
        carried={step: item["run"] for step, item in body["carried"].items()},
        reserved=tuple(map(reserved_from_wire, body["limits"])),
        repeat=body["repeat"],
        author=authorship_from_wire(body["author"]) if "author" in body else CLAIMED,
        breakers=tuple(map(breaker_from_wire, body.get("breakers", ()))),
        clock=clocks_from_wire(body["clock"]) if "clock" in body else None,    # traces from before it was told
    )


def ended(run: Run, record: Record) -> Run:
    """Return ``run`` as ``record`` ends it."""
    body = record.body
    counts = {StepStatus(status): count for status, count in body["counts"].items()}
    return replace(
        run, status=RunStatus(body["status"]), finished_at=record.time, reason=body["reason"], counts=counts
    )
