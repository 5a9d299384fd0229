"""The trace graded against everything this machine knows of it."""

from __future__ import annotations

from pathlib import Path

from agentctl.errors import Tampered, Usage
from agentctl.facts import dataclass, replace
from agentctl.store import state as store
from agentctl.trace import part
from agentctl.trace import verify as trace
from agentctl.trace.chain import TraceFile
from agentctl.workspace.anchoring import anchored
from agentctl.workspace.attesting import Signatures
from agentctl.workspace.packed import Packed, packed
from agentctl.workspace.projecting import load_state
from agentctl.workspace.witnessing import Heard, hear
from agentctl.workspace.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Report:
    """The verdict on the whole trace, and where one was asked about, what holds for a run and its hidden values."""

    verdict: trace.Verdict
    part: part.Part | None = None
    packed: Packed | None = None

    def holds(self, *, strict: bool) -> bool:
        """Whether what was asked about is as it was written; ``strict`` asks for a head from outside as well."""
        if self.part is None or self.packed is None:
            return self.verdict.fault is None and (not strict or self.verdict.grade is trace.Grade.INTACT)
        return self.part.fault is None and not self.packed.damage and (not strict or self.part.witnessed)


def verify(
    workspace: Workspace, *, expect_head: str, key: Path | None, witness: bool = False, run: str = ""
) -> Report:
    """Grade the whole trace, and ``run`` by itself where one is named. Takes no lock and changes nothing.

    With ``witness`` every head it was told must be in the trace. Raises Unreachable where it can't be asked.
    """
    file = _file_of(workspace, run) if run else None
    anchors = anchored(workspace, key)
    check = anchors.check
    heard = hear(workspace, check) if witness else Heard(heads={})
    outside = dict(heard.heads)
    if expect_head:
        head = expect_head if expect_head.startswith("sha256:") else f"sha256:{expect_head}"
        outside[head] = "--expect-head"
    people = Signatures(workspace)
    folder, checkpoints = workspace.layout.trace, workspace.layout.checkpoints
    inside, wrong = _state_head(workspace)
    verdict = trace.verify(
        folder,
        checkpoints,
        lineage=workspace.lineage,
        known=trace.Known(inside=inside, outside=outside, within=heard.within),
        check=check,
        examine=lambda link: anchors.hear(link) or people(link),
    )
    verdict = anchors.judged(verdict)
    wrong = wrong or _behind(workspace, verdict, inside)
    verdict = replace(verdict, notes=(*verdict.notes, *wrong, *people.notes, *heard.notes))
    if file is None:
        return Report(verdict=verdict)
    alone = part.part_of(folder, checkpoints, file, verdict, lineage=workspace.lineage, check=check)
    return Report(verdict=verdict, part=alone, packed=packed(workspace, file))


def _file_of(workspace: Workspace, name: str) -> TraceFile:
    """Return the trace file of the run called ``name``, by the names of files alone. Raises Usage."""
    files = part.runs(workspace.layout.trace)
    if name == "latest" and files:
        return files[-1]
    found = [file for file in files if file.id == name] or [file for file in files if file.id.startswith(name)]
    if len(found) == 1:
        return found[0]
    if not found and (damage := workspace.history().damage):
        raise Tampered(
            "The trace is damaged",
            f"{damage[0]}. `{name}` is none of the runs that are there.",
            command="agentctl verify",
        )
    if not files:
        raise Usage("No runs yet", "The trace has no file of a run.", command="agentctl verify")
    problem = "The run's name is not unique" if found else "No such run"
    ids = ", ".join(file.id for file in (found or files)[-5:])
    raise Usage(problem, f"`{name}` could be one of: {ids}.", hint="`agentctl runs` lists them.")


def _state_head(workspace: Workspace) -> tuple[dict[str, str], tuple[str, ...]]:
    """The head the state was made from must be in the chain; a state that cannot be read vouches for nothing.

    With it comes what is to be noted of such a state: the trace is whole without it.
    """
    try:
        state = store.read(workspace.layout.state, workspace.lineage)
    except store.BadState as error:
        return {}, (_told(error),)
    return {state.head.digest: "state.json"} if state.head else {}, ()


def _behind(workspace: Workspace, verdict: trace.Verdict, inside: dict[str, str]) -> tuple[str, ...]:
    """Return what is to be noted of a state that is not what a whole trace tells by now."""
    if verdict.fault is not None or (verdict.head is not None and verdict.head.digest in inside):
        return ()
    try:
        load_state(workspace)
    except Tampered as error:
        return (_told(error),)
    return ()


def _told(error: Tampered) -> str:
    mend = f" {error.hint.rstrip('.')}: `{error.command}`." if error.command else f" {error.hint}"
    return f"{error.summary}: {error.detail}{mend}"
