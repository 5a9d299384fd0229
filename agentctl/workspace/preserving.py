"""Legal holds given and lifted by people, each recorded with who and why. What a hold keeps is ``sweep``'s part."""

from __future__ import annotations

import socket

from agentctl.errors import Usage
from agentctl.model.legal_hold import LegalHold, standing
from agentctl.model.retention import dropped
from agentctl.model.run import Run
from agentctl.trace.record import Kind
from agentctl.workspace.halting import checked
from agentctl.workspace.unlocking import locked, record_act
from agentctl.workspace.workspace import Workspace

_WAIT = 30.0        # seconds a hold waits for the workspace: while somebody has it, nothing is dropped either


def hold(workspace: Workspace, name: str, reason: str) -> str:
    """Put a run under legal hold; return what that means. Raises Usage, Tampered, Locked."""
    said = checked(reason)
    run = workspace.run_to_act_on(name)
    with locked(workspace, "", _WAIT):
        record = record_act(workspace, Kind.HOLD, {
            "of": run.id, "by": workspace.person, "host": socket.gethostname(), "reason": said,
        })
    return "\n".join([
        f"Run {run.id} is under legal hold {record.run}, and that is recorded.",
        "`agentctl gc` drops nothing of it, nor of the runs it goes on with or undoes, or that do so with it.",
        *_too_late(workspace, run),
        "To lift it:",
        f"    agentctl release {run.id} --reason …",
    ])


def release(workspace: Workspace, name: str, which: str, reason: str) -> str:
    """Lift one legal hold of a run; return what stands then. Raises Usage where that is none, or not clear."""
    said = checked(reason)
    run = workspace.run_to_act_on(name)
    with locked(workspace, "", _WAIT):
        lifted = _meant(run, [one for one in standing(workspace.history().acts) if one.run == run.id], which)
        record_act(workspace, Kind.RELEASE, {
            "of": run.id, "hold": lifted.id, "by": workspace.person, "host": socket.gethostname(), "reason": said,
        })
    others = [one for one in standing(workspace.history().acts) if one.run == run.id]
    still = [f"It stays under {one.why}." for one in others] or ["No other hold is on it: retention applies again."]
    return "\n".join([f"Lifted, and recorded: {lifted.why}.", *still])


def _meant(run: Run, holds: list[LegalHold], which: str) -> LegalHold:
    if not holds:
        raise Usage(
            "Not under legal hold",
            f"No legal hold is on run {run.id}.",
            hint="`agentctl runs --held` lists those that are.",
        )
    found = [one for one in holds if which in ("", one.id)]
    if len(found) == 1:
        return found[0]
    each = "\n".join(f"{one.why[:1].upper()}{one.why[1:]}." for one in holds)
    problem = "Which hold is not clear" if not which else "No such hold"
    raise Usage(problem, f"On run {run.id}:\n{each}", hint="Say which with --hold ID; others stay.")


def _too_late(workspace: Workspace, run: Run) -> list[str]:
    gone = dropped(workspace.history().acts)
    return [
        f"! The hidden values of run {name} {gone[name].why}: a hold does not bring them back."
        for name in sorted({run.id, *run.carried.values()}) if name in gone
    ]
