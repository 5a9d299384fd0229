"""Agents, connectors or everything halted by a person, with a reason. Letting go again is ``lifting``'s part."""

from __future__ import annotations

import os
from collections.abc import Collection

from agentctl.errors import AgentctlError, Invalid, Locked, Refused, Usage
from agentctl.model.halt import Halt, Reach, Scope
from agentctl.store import halts
from agentctl.syntax.suggest import did_you_mean
from agentctl.views.document.halts import lifting, looking
from agentctl.workspace.lineage import new_id
from agentctl.workspace.unlocking import locked
from agentctl.workspace.workspace import Workspace

_LONGEST = 2000


def halt(workspace: Workspace, scope: Scope, reason: str) -> str:
    """Halt ``scope`` at once, whoever holds the lock; return what that means. Raises Usage where there is no such name.

    The trace records it now, or, where a run is going on, as soon as that lets go of the lock.
    """
    _check_name(workspace, scope)
    asked = Halt(
        id=new_id(),
        scope=scope,
        by=workspace.person,
        host=os.uname().nodename,
        at=workspace.timestamp(),
        reason=checked(reason),
    )
    halts.ask(workspace.layout, asked)
    return "\n".join([
        f"Halted: {scope}.",
        "Nothing of it begins, and a run going on stops before its next step.",
        *_recorded(workspace),
        "Looking, settling and rolling back go on. To lift it:",
        f"    {lifting(scope)}",
    ])


def refusal(halt: Halt, done: str = "Nothing was executed.") -> Refused:
    """Return the error of a command that a halt keeps from acting."""
    look = f"\nTo see what went wrong: {looking(halt)}" if halt.tripped else ""
    return Refused(
        "Halted",
        f"{upper(halt.why).rstrip('.')}.{look}\n{done}",
        hint="To go on once that is settled:",
        command=lifting(halt.scope),
    )


def _recorded(workspace: Workspace) -> list[str]:
    """Have the trace take the halt up, if it can be had; what keeps it from that does not weaken the halt."""
    try:
        with locked(workspace, "", 0.0):
            return []
    except Locked as error:
        return [f"The trace records it when the workspace is free: {error.detail}"]
    except AgentctlError as error:
        return [f"It stands, but is not in the trace yet: {error.summary}: {error.detail}"]


def _check_name(workspace: Workspace, scope: Scope) -> None:
    match scope.reach:
        case Reach.ALL:
            return
        case Reach.CONNECTOR:
            known = set(workspace.file.connectors)
        case Reach.AGENT:
            known = {run.plan.agent for run in workspace.history().runs}
            try:
                known |= set(workspace.policy.agents)
            except Invalid:     # a broken policy must not keep anybody from halting an agent
                return
    if scope.name not in known:
        hint = did_you_mean(scope.name, known) or f"There are {', '.join(sorted(known)) or 'none'}."
        raise Usage(f"No such {scope.reach}", f"There is no {scope}.", hint=hint)


def checked(reason: str) -> str:
    if not reason.strip():
        raise Usage("Wrong usage", "--reason must say why: others will read it.")
    if len(reason) > _LONGEST:
        raise Usage("Wrong usage", f"--reason has {len(reason):,} characters; {_LONGEST:,} are the most.")
    return reason.encode(errors="replace").decode()     # a byte that is no UTF-8 must not keep anybody from halting


def told(standing: Collection[Halt]) -> str:
    if not standing:
        return "Nothing else is halted."
    return f"Halted: {', '.join(dict.fromkeys(str(halt.scope) for halt in standing))}."


def upper(text: str) -> str:
    return text[:1].upper() + text[1:]
