"""Steps in doubt: settled by the system where it can tell, else by a person's word. Either way it is recorded."""

from __future__ import annotations

from agentctl.engine.protect import Protector
from agentctl.engine.settle import Answer, Became, settle, unsettled
from agentctl.errors import Usage
from agentctl.model.run import Run, StepStatus
from agentctl.model.values import to_wire
from agentctl.trace.journal import Journal
from agentctl.trace.record import Kind
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
    answers = [settle(step, workspace.systems, values, workspace.time()) for step in unsettled(run)]
    told = [answer for answer in answers if answer.became in (Became.HAPPENED, Became.DID_NOT)]
    if told:
        with Journal.open(workspace.places, Kind.RESOLVE.value, new_id(8), clock=workspace.now) as journal:
            for answer in told:
                journal.append(Kind.STEP_RESOLVED, _body(workspace, run, answer), sync=True)
    return {answer.step: answer for answer in answers}


def resolve(workspace: Workspace, name: str, step: str, answer: str, reason: str) -> str:
    """Record a person's answer for one step in doubt; return what it means. Raises Usage where nothing is in doubt."""
    with locked(workspace, "", 0.0):
        run = workspace.run_to_act_on(name)
        if step not in {item.id for item in unsettled(run)}:
            waiting = ", ".join(f"`{item.id}`" for item in unsettled(run)) or "none"
            raise Usage("The step is not in doubt", f"In run {run.id}, in doubt: {waiting}.")
        body: dict[str, object] = {
            "of": run.id,
            "step": step,
            "answer": answer,
            "by": workspace.person,
            "status": _BY_HAND[answer].value,
            "reason": reason,
            "observed": [],
        }
        with Journal.open(workspace.places, Kind.RESOLVE.value, new_id(8), clock=workspace.now) as journal:
            journal.append(Kind.STEP_RESOLVED, body, sync=True)
        keep_state(workspace)
    return f"Recorded: step `{step}` of run {run.id}: {answer}. To go on:\n    agentctl apply --resume {run.id}"


def _body(workspace: Workspace, run: Run, answer: Answer) -> dict[str, object]:
    step = run.step(answer.step)
    spec = workspace.specs[step.action] if step else None
    protector = Protector(workspace.vault, large=True)
    observed = [
        {"address": item.address, "value": to_wire(protector.fields(item.address, item.value, spec))}
        for item in answer.observed
        if spec is not None
    ]
    return {
        "of": run.id,
        "step": answer.step,
        "answer": answer.became.value,
        "by": "",
        "status": answer.became.status.value,
        "reason": answer.reason,
        "observed": observed,
    }
