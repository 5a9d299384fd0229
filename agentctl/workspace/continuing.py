"""The stored state as the beginning of the next one, so that what earlier runs did is not told again after each run.

Where anything is out of the common, None: then the whole trace is told, which is what a state is defined by.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from agentctl import files
from agentctl.engine.owned import project
from agentctl.errors import AgentctlError, Unwritable
from agentctl.model.canonical import digest_bytes
from agentctl.model.run import History
from agentctl.model.snapshot import Address
from agentctl.model.state import Head, State
from agentctl.store import atomic
from agentctl.store import state as store
from agentctl.trace.chain import TraceFile, parse_name
from agentctl.trace.record import Kind, NotARecord, decode
from agentctl.trace.tail import newest, tail
from agentctl.workspace.workspace import Workspace

_LONGEST = 1 << 10      # bytes; no seal is longer
_ANSWERS = f'"kind":"{Kind.STEP_RESOLVED}"'.encode()
_SEALED = Address("state.json")     # no record's: those begin with a connector's name, and no name has a dot


def seal(workspace: Workspace) -> None:
    """Say with the workspace's key that the stored state is what we wrote. Without that the next is told in full."""
    layout = workspace.layout
    with suppress(Unwritable, OSError):
        said = _seal(workspace, files.read(layout.state, store.LARGEST))
        atomic.replace(layout.state_seal, [said.encode()], layout.file_mode)


def continued(workspace: Workspace, history: History) -> State | None:
    """Return the state ``history`` leaves behind, from the sealed one and what came since; or None."""
    try:
        before = _sealed(workspace)
        if before is None or before.head is None or history.damage:
            return None
        began = parse_name(before.head.file)
        trace = newest(workspace.layout.trace, workspace.layout.checkpoints)
        if began is None or not trace:
            return None
        later = [file for file in trace if file.number > began.number]
        if not _only_adds(workspace.layout.trace, before.head, later, history):
            return None
        end = tail(workspace.layout.trace, trace[-1])
    except (AgentctlError, OSError, NotARecord):
        return None     # telling it all comes to the same place, or says what is wrong there
    if end is None or (not later and end.head != before.head):
        return None
    return project(
        history, workspace.lineage, end.head, trace[-1].number, workspace.vault, since=before, after=began.number
    )


def _sealed(workspace: Workspace) -> State | None:
    """Return the stored state, if it is byte for byte one that was sealed with the key in force."""
    layout = workspace.layout
    data = files.read(layout.state, store.LARGEST)
    if files.read(layout.state_seal, _LONGEST) != _seal(workspace, data).encode():
        return None
    state = store.decode(data, layout.state)
    return state if state.lineage == workspace.lineage else None


def _seal(workspace: Workspace, data: bytes) -> str:
    return workspace.vault.commit(_SEALED, "digest", digest_bytes(data))


def _only_adds(folder: Path, head: Head, later: list[TraceFile], history: History) -> bool:
    """Whether ``head`` ended its file and was followed by nothing that tells anew of steps from before it."""
    if not later:
        return True
    with (folder / later[0].name).open("rb") as opened:
        if decode(opened.readline().removesuffix(b"\n")).prev != head.digest:
            return False        # its file has grown since: a run was still to be closed
    numbers = {file.number for file in later}
    if any(run.resumes or run.carried for run in history.runs if run.number in numbers):
        return False
    return not any(_ANSWERS in (folder / file.name).read_bytes() for file in later)
