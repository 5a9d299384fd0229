"""Retention in a workspace: what may go is looked up, told to the trace, and then dropped, in that order."""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterator, Sequence

from agentctl.engine.sweep import Loss, Sweep, sweep
from agentctl.errors import Invalid, Tampered, Usage
from agentctl.facts import dataclass
from agentctl.identity import statements as files
from agentctl.model.approval import Statement
from agentctl.model.retention import Origin, Retention, keep_from_wire
from agentctl.model.stored import Stored
from agentctl.store import inventory as store
from agentctl.store import statements
from agentctl.trace.journal import Journal
from agentctl.trace.record import Kind
from agentctl.trace.verify import Grade
from agentctl.workspace.lineage import new_id
from agentctl.workspace.unlocking import locked
from agentctl.workspace.verifying import verify
from agentctl.workspace.workspace import Workspace

_A_RECORD = 1000        # files that one line of the trace tells of


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was dropped, and what stayed although the trace tells that it was to go: each with why."""

    files: int
    bytes: int
    stayed: tuple[str, ...]


def retention(workspace: Workspace, keep: str) -> Retention:
    """Return what ``keep`` (``90d``, ``50``) says, or else the workspace's file. Raises Usage where neither does."""
    if not keep:
        said = workspace.file.retention
        if said == Retention():
            raise Usage(
                "No retention is set",
                "agentctl.yaml has no `retention:`, so everything is kept for ever.",
                hint="To see what could be dropped of what is older than 90 days:",
                command="agentctl gc --keep 90d --dry-run",
            )
        return said
    try:
        wanted = keep_from_wire(keep)
    except ValueError as error:
        raise Usage(
            "Wrong usage", f"--keep {keep!r} is neither a time (90d, 12h) nor how many of the newest runs (50)."
        ) from error
    return Retention(packs=wanted, changesets=wanted, origin=Origin.OPTION)


def survey(workspace: Workspace, kept: Retention, only: Collection[Stored] | None = None) -> Sweep:
    """Return what ``kept`` lets go, of ``only`` these files where they are named. Changes nothing and takes no lock.

    Raises Tampered where the trace is damaged, Refused where the clock is not believed: what is old is told by both.
    """
    history = workspace.history()
    if history.damage:
        raise Tampered(
            "The trace is damaged",
            f"{history.damage[0]}. What is still needed cannot be told from it, so nothing is dropped.",
            command="agentctl verify",
        )
    workspace.check_clock()
    there = store.inventory(workspace.layout)
    return sweep(history, there, _approvals(workspace), kept, workspace.time(), only)


def drop(workspace: Workspace, kept: Retention, shown: Sweep, consent: str, timeout: float) -> Outcome:
    """Drop what was ``shown`` and may still go. On return it is recorded; what could not be taken away is told.

    Raises Locked while a run is going on, Tampered where the trace is not whole, Unwritable before anything is gone.
    """
    with locked(workspace, "", timeout):
        verdict = verify(workspace, expect_head="", key=None).verdict
        if verdict.grade is Grade.BROKEN and verdict.fault is not None:
            raise Tampered(
                "The trace is damaged",
                f"{verdict}: {verdict.fault.why}. What is still needed cannot be told from it, so nothing is dropped.",
                command="agentctl verify",
            )
        found = survey(workspace, kept, shown.files)
        digests = {file: store.fingerprint(workspace.layout, file) for file in found.files}
        going = [file for file in found.files if digests[file]]
        if going:
            _record(workspace, kept, consent, [_told(file, digests[file]) for file in going], found.losses)
        return _drop(workspace, going)


def _drop(workspace: Workspace, going: Sequence[Stored]) -> Outcome:
    stayed: list[str] = []
    gone: list[Stored] = []
    for file in going:
        try:
            if store.drop(workspace.layout, file):
                gone.append(file)
            else:
                stayed.append(f"{file.path}: it was written anew meanwhile")
        except OSError as error:
            stayed.append(f"{file.path}: {error.strerror}")
    try:
        store.settle(workspace.layout)
    except OSError as error:
        stayed.append(f"{error.filename or workspace.layout.root}: {error.strerror}")
    return Outcome(files=len(gone), bytes=sum(file.bytes for file in gone), stayed=tuple(stayed))


def _record(
    workspace: Workspace, kept: Retention, consent: str, told: Sequence[dict[str, object]], losses: Collection[Loss]
) -> None:
    """Tell the trace of all that goes before any of it does."""
    runs = [{"run": loss.run.id, "steps": list(loss.steps), "resume": loss.resume} for loss in losses]
    with Journal.open(workspace.places, Kind.GC.value, new_id(8), clock=workspace.now) as journal:
        for at in range(0, len(told), _A_RECORD):
            journal.append(Kind.GC, {
                "by": workspace.person,
                "host": socket.gethostname(),
                "consent": consent,
                "keep": {"packs": str(kept.packs or ""), "changesets": str(kept.changesets or "")},
                "from": kept.origin.value,
                "files": list(told[at : at + _A_RECORD]),
                "runs": runs,
            }, sync=True)
            runs = []


def _told(file: Stored, digest: str | None) -> dict[str, object]:
    return {"path": file.path, "of": file.of, "bytes": file.bytes, "digest": digest}


def _approvals(workspace: Workspace) -> dict[str, Statement | None]:
    return dict(_read_approvals(workspace))


def _read_approvals(workspace: Workspace) -> Iterator[tuple[str, Statement | None]]:
    for one in statements.kept(workspace.layout, Statement.NOUN):
        path = one.path.relative_to(workspace.layout.root).as_posix()
        try:
            yield path, files.parse(one.content, str(one.path), Statement).statement
        except Invalid:
            yield path, None
