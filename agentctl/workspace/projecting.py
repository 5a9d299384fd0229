"""The state as the trace tells it, saved; and built again from nothing but the trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agentctl.engine.owned import owned, project
from agentctl.errors import Tampered, Unwritable, Usage
from agentctl.model.run import RunStatus
from agentctl.model.snapshot import Address
from agentctl.model.state import Head, Known, State
from agentctl.model.values import to_wire
from agentctl.store import state as store
from agentctl.store.owner import show
from agentctl.trace.chain import Chain, Fault, Link, parse_name, scan
from agentctl.trace.record import IN_RUNS, Kind, Record
from agentctl.workspace.continuing import continued, seal
from agentctl.workspace.lineage import new_id
from agentctl.workspace.unlocking import locked, record_act
from agentctl.workspace.workspace import Workspace

_OF_STEPS = IN_RUNS | {Kind.STEP_RESOLVED}


def save_state(workspace: Workspace) -> State:
    """Project the whole trace and store the result. The lock must be held."""
    return _saved(workspace, _projected(workspace, scan(workspace.layout.trace)))


def keep_state(workspace: Workspace) -> None:
    """Store the state after what it tells was done and recorded. What keeps it from that is said, not raised."""
    try:
        state = continued(workspace, workspace.history())
        if state is None:
            save_state(workspace)
        else:
            _saved(workspace, state)
    except Unwritable as error:
        workspace.tell(
            f"warning: The state could not be saved\n  {error.detail}\n"
            "  What was done is recorded, and the state can be rebuilt from that:\n      agentctl state rebuild"
        )


def load_state(workspace: Workspace) -> State:
    """Return the stored state. Raises BadState, naming the repair, where it is not what the trace tells.

    While a run has not ended, or its end is being written, that is what was so before it. Raises Tampered where the
    trace is damaged: nobody can tell then what the state should be.
    """
    if damage := workspace.history().damage:
        raise _damaged(f"{damage[0]}. Whether the state is what it tells cannot be said.")
    said = ""
    while True:
        heads = _heads_it_may_have(workspace, writing=_is_written(workspace))
        try:
            return store.load(
                workspace.layout.state, lineage=workspace.lineage, head=heads[-1] if heads else None, earlier=heads
            )
        except store.BadState as error:
            if error.problem is not store.Problem.BEHIND or error.detail == said:
                raise
            said = error.detail     # unless it stays so, somebody wrote while we read the one and then the other


def known(workspace: Workspace, address: str) -> tuple[Known, dict[str, Any]]:
    """Return what the state holds of one record, and what its commitments stand for as far as the history tells.

    Raises Usage where we wrote no such record.
    """
    found = load_state(workspace).records.get(Address(address))
    if found is None:
        raise Usage("No such record", f"The state holds nothing of `{address}`.", command="agentctl state list")
    held = owned(workspace.history()).get(Address(address))
    values = {
        (found.fields or {})[name]: to_wire(value)
        for name, value in ((held and held.fields) or {}).items()
        if name in (found.fields or {})
    }
    return found, values


def rebuild(workspace: Workspace) -> str:
    """Build the state again from the trace alone; return what was done. Raises Tampered where the trace is damaged."""
    with locked(workspace, "", 0.0):
        if damage := workspace.history().damage:
            raise _damaged(f"{damage[0]}. A state built from it would forget what is missing.")
        chain = scan(workspace.layout.trace)
        record_act(workspace, Kind.REBUILD, {"by": workspace.person})
        _make_way(workspace.layout.state)
        state = save_state(workspace)
    read = f"{chain.length} lines in {chain.files} files of the trace"
    return f"The state is rebuilt: {len(state.records)} records, from {read}."


def _make_way(path: Path) -> None:
    """Put a folder that stands in the place of the state aside. Anything else is replaced."""
    if path.is_dir():
        try:
            path.rename(path.with_name(f"{path.name}.aside-{new_id(4)}"))
        except OSError as error:
            raise Unwritable("A file could not be written", f"{path}: {error.strerror}.") from error


def _is_written(workspace: Workspace) -> bool:
    """Whether a command is at work: it records what it does, then saves the state, then lets go of the lock."""
    owner = show(workspace.layout.lock)
    return owner is not None and owner.alive is not False


def _heads_it_may_have(workspace: Workspace, *, writing: bool) -> list[Head]:
    """Return the heads the trace had since it last told of a run or a step: halts and the like change no record.

    What a run did is in the state once it has ended, so while the newest has not: the heads since the last that did.
    While somebody is ``writing``, the newest end, of a run or a person's word, may not be in the state either: the
    heads since the one before it. No state is saved while a run goes on, so none has a head amid what one wrote.
    """
    before: list[Head] = []
    saved: list[Head] = []
    ended: list[Head] = []
    told: list[Head] = []
    open = False
    for found in workspace.walk():
        if isinstance(found, Fault):        # what follows it may tell of steps the state knows nothing of
            raise _damaged(f"{found}: {found.why}. Whether the state is what it tells cannot be said.")
        if isinstance(found, Link):
            record = found.record
            if record.kind in _OF_STEPS:
                told = []
            if record.kind is Kind.STEP_RESOLVED or _is_end(record):
                ended = []
            if _is_end(record) or (record.kind is Kind.STEP_RESOLVED and "by" in record.body):
                before, saved = saved, []
            if record.kind in IN_RUNS:
                open = record.kind is not Kind.RUN_FINISHED
            for heads in (saved, ended, told):
                heads.append(found.head)
    if writing:
        return [*before, *saved]
    return ended if open else told


def _is_end(record: Record) -> bool:
    """Whether a run ended with it and left the state as the run had made it: the dead leave that to the next."""
    return record.kind is Kind.RUN_FINISHED and record.body["status"] != RunStatus.ABANDONED


def _damaged(why: str) -> Tampered:
    return Tampered("The trace is damaged", why, hint="See what is whole and what is not:", command="agentctl verify")


def _saved(workspace: Workspace, state: State) -> State:
    store.save(workspace.layout.state, state, workspace.layout.file_mode)
    seal(workspace)
    return state


def _projected(workspace: Workspace, chain: Chain) -> State:
    file = parse_name(chain.head.file) if chain.head else None
    return project(
        workspace.history(), workspace.lineage, chain.head, file.number if file else 0, workspace.vault
    )
