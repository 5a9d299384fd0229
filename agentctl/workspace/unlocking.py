"""The workspace's lock taken for a run, its dead owner's included, and broken on a person's word.

Whoever holds it also writes into the trace what was halted meanwhile without it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from agentctl.errors import AgentctlError, Tampered, Unwritable
from agentctl.facts import by_name
from agentctl.model.halt import halt_to_wire, recorded_ids
from agentctl.model.run import RunStatus
from agentctl.store import atomic, halts, lock
from agentctl.store.owner import Owner, myself, show
from agentctl.trace.chain import trace_files
from agentctl.trace.journal import Journal
from agentctl.trace.record import Kind, Record
from agentctl.workspace.lineage import new_id
from agentctl.workspace.rejected import unrecorded
from agentctl.workspace.succession import take_up
from agentctl.workspace.watching import tripped
from agentctl.workspace.witnessing import bring, newest
from agentctl.workspace.workspace import Workspace


@contextmanager
def locked(workspace: Workspace, run: str, timeout: float) -> Iterator[lock.Held]:
    """Hold the lock for ``run``. A dead owner's is taken over, with a record. Raises Locked, naming the owner."""
    me = myself(run=run, person=workspace.person, now=workspace.now())
    with lock.acquire(workspace.layout.lock, me, timeout=timeout, mode=workspace.layout.file_mode) as held:
        workspace.layout.refill()
        take_up(workspace)
        if held.broke is not None:
            record_act(workspace, Kind.UNLOCK, _broken(held.broke, workspace.person, "its owner is dead"))
        for folder in workspace.layout.folders():
            atomic.clear(folder)
        witnessed = newest(workspace)
        record_halts(workspace)
        _record_rejections(workspace)
        yield held
        with suppress(Unwritable):      # the run is over and told; the halts stay asked for, and are recorded next time
            record_halts(workspace)
            _record_rejections(workspace)
        if newest(workspace) != witnessed:
            bring(workspace)


def await_end(workspace: Workspace, name: str, timeout: float) -> None:
    """Wait for a run that is at work right now: until it has ended, nobody can tell what it did. Raises Locked."""
    run = workspace.run_to_act_on(name)
    holder = show(workspace.layout.lock)
    if run.status is RunStatus.OPEN and holder is not None and holder.run == run.id and holder.alive is not False:
        with locked(workspace, "", timeout):
            pass


def break_lock(workspace: Workspace, reason: str) -> str:
    """Take the lock from an owner nobody can prove dead, record that, and give it back; return what was done."""
    me = myself(run="", person=workspace.person, now=workspace.now())
    with lock.break_(workspace.layout.lock, me, mode=workspace.layout.file_mode) as held:
        if held.broke is None:
            return "The lock was free already."
        record_act(workspace, Kind.UNLOCK, _broken(held.broke, workspace.person, reason))
        return f"The lock of {held.broke.person} on {held.broke.host} (run {held.broke.run}) is broken and recorded."


def record_halts(workspace: Workspace) -> list[Record]:
    """Take the halts that were asked for, and those of breakers that tripped, into the trace. Hold the lock."""
    asked = halts.asked(workspace.layout)
    history = workspace.history()
    written = [record_act(workspace, Kind.HALT, halt_to_wire(halt)) for halt in tripped(history)]
    told = recorded_ids(history.acts)
    for request in asked:
        if request.path is None:
            continue    # the folder cannot be read: there is no telling what was asked for
        if request.halt.id not in told:
            written.append(record_act(workspace, Kind.HALT, halt_to_wire(request.halt)))
        halts.drop(request)
    return written


def _record_rejections(workspace: Workspace) -> None:
    """Take the rejections that were signed meanwhile into the trace. Hold the lock."""
    try:
        found = list(unrecorded(workspace.layout, workspace.history(), workspace.policy))
    except AgentctlError:
        return      # a policy that can't be read tells nobody's keys; what is kept stands, and is recorded once it can
    for path, rejection in found:
        if rejection is not None:
            record_act(workspace, Kind.REJECT, {
                "id": rejection.statement.id,
                "statement": rejection.statement.to_wire(),
                "signature": rejection.signature,
                "user": workspace.person,
                "host": os.uname().nodename,
            })
        with suppress(OSError):     # what stays is in the trace by its id, and counts once
            path.unlink()


def _broken(owner: Owner, by: str, reason: str) -> dict[str, object]:
    return {"owner": by_name(owner), "by": by, "reason": reason}


def record_act(workspace: Workspace, kind: Kind, body: dict[str, object]) -> Record:
    """Record one act outside a run, in a trace file of its own. The lock must be held.

    Raises Tampered where the trace is gone: but for ``init`` nothing begins one, or all that was done were forgotten.
    """
    if kind is not Kind.INIT and not trace_files(workspace.layout.trace)[0]:
        raise Tampered(
            "The trace is damaged",
            f"{workspace.layout.trace}: there is none. Another one is not begun in its place.",
            hint="Put it back from a copy. What each command can still tell is in docs/RECOVERY.md.",
            command="agentctl verify",
        )
    with Journal.open(workspace.places, kind.value, new_id(8), clock=workspace.now) as journal:
        return journal.append(kind, body, sync=True)
