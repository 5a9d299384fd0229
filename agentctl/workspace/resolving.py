"""Steps in doubt: settled by the system where it can tell, else by a person's word. Either way it is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agentctl.engine import records
from agentctl.engine.protect import Protector, concealed, reveal_change
from agentctl.engine.settle import Answer, Became, seen, settle
from agentctl.errors import Usage
from agentctl.model.run import Observed, Run, StepRun, StepStatus
from agentctl.model.values import to_wire
from agentctl.trace.journal import Journal
from agentctl.trace.record import Kind
from agentctl.workspace.halting import checked
from agentctl.workspace.lineage import new_id
from agentctl.workspace.projecting import keep_state
from agentctl.workspace.unlocking import locked
from agentctl.workspace.workspace import Workspace

_BY_HAND = {
    "happened": StepStatus.ACCEPTED,
    "did-not": StepStatus.FAILED,
    "skip": StepStatus.SKIPPED,
}


def settle_all(workspace: Workspace, run: Run) -> dict[str, Answer]:
    """Ask the systems what became of every unsettled step of ``run``, and record what they can tell. Hold the lock.

    Return the answers. Of a step that may be sent again under its key nothing is recorded yet: sending it will tell.
    """
    values = workspace.values(run)
    answers = [settle(step, workspace.systems, values, workspace.time()) for step in run.unsettled]
    told = [answer for answer in answers if answer.became in (Became.HAPPENED, Became.DID_NOT)]
    if told:
        with Journal.open(workspace.places, Kind.RESOLVE.value, new_id(8), clock=workspace.now) as journal:
            for answer in told:
                journal.append(Kind.STEP_RESOLVED, _body(workspace, run, answer, values), sync=True)
    return {answer.step: answer for answer in answers}


def resolve(workspace: Workspace, name: str, step: str, answer: str, reason: str) -> str:
    """Record a person's answer for one step in doubt; return what it means. Raises Usage where nothing is in doubt."""
    reason = checked(reason)
    with locked(workspace, "", 0.0):
        run = workspace.run_to_act_on(name)
        found = _in_doubt(run, step)
        values = workspace.values(run)
        told = Answer(step=step, became=Became.IN_DOUBT, reason="")
        if answer == "happened":
            told = seen(found, workspace.systems, values, workspace.time())
        body = {
            **_body(workspace, run, told, values),
            "answer": answer,
            "by": workspace.person,
            "status": _BY_HAND[answer].value,
            "reason": reason,
        }
        with Journal.open(workspace.places, Kind.RESOLVE.value, new_id(8), clock=workspace.now) as journal:
            journal.append(Kind.STEP_RESOLVED, body, sync=True)
        keep_state(workspace)
    return f"Recorded: step `{step}` of run {run.id}: {answer}. To go on:\n    agentctl apply --resume {run.id}"


def _in_doubt(run: Run, step: str) -> StepRun:
    """Return the step a person may speak of. Raises Usage, naming where to speak of it instead."""
    if run.resumed_by:
        raise Usage(
            "The run was resumed already",
            f"Run {run.id} went on as {run.resumed_by[-1]}, and what is in doubt is in doubt there.",
            command=f"agentctl show {run.resumed_by[-1]}",
        )
    found = next((item for item in run.unsettled if item.id == step), None)
    if found is None:
        waiting = ", ".join(f"`{item.id}`" for item in run.unsettled) or "none"
        raise Usage("The step is not in doubt", f"In run {run.id}, in doubt: {waiting}.")
    return found


def _body(workspace: Workspace, run: Run, answer: Answer, values: Mapping[str, Any]) -> dict[str, object]:
    step = next(step for step in run.unsettled if step.id == answer.step)
    received: dict[str, Any] = {}
    if answer.receipt is not None and step.change is not None:
        change = reveal_change(step.change, values)
        received = records.received(
            change, answer.receipt, workspace.specs[step.action], _protector(workspace, values)
        )
    return {
        "of": run.id,
        "step": answer.step,
        "answer": answer.became.value,
        "by": "",
        "status": answer.became.status.value,
        "reason": answer.reason,
        "observed": _observed(workspace, step, answer.observed, values),
        **received,
    }


def _observed(
    workspace: Workspace, step: StepRun, observed: Iterable[Observed], values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    protector, spec = _protector(workspace, values), workspace.specs[step.action]
    return [
        {"address": item.address, "value": to_wire(protector.fields(item.address, item.value, spec))}
        for item in observed
    ]


def _protector(workspace: Workspace, values: Mapping[str, Any]) -> Protector:
    return Protector(workspace.vault, large=True, concealed=concealed(values))
