"""The workspace's witness: told each closed file of the trace, and asked what it was told. Judges none of it."""

from __future__ import annotations

from agentctl.errors import ConnectorError
from agentctl.facts import dataclass
from agentctl.trace import checkpoint
from agentctl.trace.checkpoint import Check, NotACheckpoint
from agentctl.witness.base import Attestation, Witness
from agentctl.workspace.workspace import Workspace


def witness_of(workspace: Workspace) -> Witness | None:
    """Return the witness that ``agentctl.yaml`` names, not yet spoken to."""
    settings = workspace.file.witness
    if "git" in settings:
        from agentctl.witness.git import GitWitness

        return GitWitness(folder=workspace.root, remote=settings["git"], lineage=workspace.lineage)
    if "file" in settings:
        from agentctl.witness.file import FileWitness

        return FileWitness((workspace.root / settings["file"]).absolute())
    return None


def newest(workspace: Workspace) -> str:
    """Return the name of the last trace file that has a checkpoint, or nothing."""
    return max(checkpoint.closed(workspace.layout.checkpoints), default="") if workspace.file.witness else ""


def bring(workspace: Workspace) -> None:
    """Bring the newest checkpoint to the witness, if there is one. What keeps it from that is said, not raised."""
    witness, file = witness_of(workspace), newest(workspace)
    if witness is None or not file:
        return
    statement = checkpoint.statement(workspace.layout.checkpoints, file)
    signature = checkpoint.signature(workspace.layout.checkpoints, file)
    if statement is None or signature is None:
        return      # its writer died before it was signed: the next one signs it, and brings it along
    try:
        witness.keep(Attestation(statement, signature))
    except ConnectorError as error:
        workspace.tell(
            f"warning: {error.summary}\n  {error.detail}\n"
            "  The trace itself is whole; the next run or act brings this head along."
        )


@dataclass(frozen=True, kw_only=True)
class Heard:
    """The heads a witness vouches for, by digest with where each comes from; and what is to be noted of the rest.

    ``within`` names the files of heads that were brought while the file still grew.
    """

    heads: dict[str, str]
    within: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def hear(workspace: Workspace, check: Check | None) -> Heard:
    """Ask the witness for every head it was told. Raises Unreachable or Rejected.

    What this lineage's key did not sign is left out: who may write there could else call a whole trace broken.
    """
    witness = witness_of(workspace)
    if witness is None:
        return Heard(heads={}, notes=("agentctl.yaml names no witness",))
    heads: dict[str, str] = {}
    within: set[str] = set()
    foreign = 0
    for attestation in witness.told():
        try:
            said = checkpoint.decode(attestation.statement)
        except NotACheckpoint:
            foreign += 1
            continue
        if said.lineage != workspace.lineage or (check and not check(attestation.statement, attestation.signature)):
            foreign += 1
        else:
            heads[said.head] = f"the witness {witness.name}"
            if said.interim:
                within.add(said.file)
    notes = []
    if foreign:
        notes.append(f"the witness {witness.name} holds {foreign} heads that are not signed by this workspace's key")
    if not heads:
        notes.append(f"the witness {witness.name} was never told a head of this trace")
    return Heard(heads=heads, within=frozenset(within), notes=tuple(notes))
