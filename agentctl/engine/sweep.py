"""What retention lets go, what that costs, and what stays all the same: decided from the trace and a list of files.

What is dropped is never anything that an unfinished thing needs. Nothing is dropped here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from agentctl.engine.undone import undone
from agentctl.engine.unreadable import needed
from agentctl.facts import dataclass
from agentctl.model.approval import Statement
from agentctl.model.debt import debts
from agentctl.model.legal_hold import standing
from agentctl.model.retention import Retention, cutoff
from agentctl.model.run import History, Run, RunStatus, StepRun, StepStatus
from agentctl.model.stored import Sort, Stored

_DOUBTFUL = (StepStatus.STARTED, StepStatus.IN_DOUBT)


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What one run loses: its hidden values, the steps that could be undone until now, whether it could be resumed."""

    run: Run
    bytes: int
    steps: tuple[str, ...]
    resume: bool


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A run older than retention asks for that stays all the same, and why."""

    run: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """The files to drop, what each run loses by that, and the old runs that stay."""

    files: tuple[Stored, ...]
    losses: tuple[Loss, ...]
    kept: tuple[Kept, ...]

    @property
    def steps(self) -> int:
        """How many steps can never be undone again."""
        return sum(len(loss.steps) for loss in self.losses)


def sweep(
    history: History,
    files: Collection[Stored],
    approvals: Mapping[str, Statement | None],
    retention: Retention,
    now: datetime,
    only: Collection[Stored] | None = None,
) -> Sweep:
    """Return what ``retention`` lets go of ``files``: of ``only`` these, where they are named.

    ``approvals`` are those among the files, by path; damaged ones are None.
    """
    packs, others = cutoff(retention.packs, history, now), cutoff(retention.changesets, history, now)
    bound = _with_what_they_need(history, _bound(history))
    young = _young(history, packs, min(packs, others))
    staying = {**_with_what_they_need(history, young), **bound}
    useful = _useful(history, approvals, now)
    in_use = {run.digest for run in history.runs if _needs_changeset(run, history, bound, staying, others)}
    old_sets = _old_changesets(files, in_use, useful, others)
    going = [file for file in files if file.path not in approvals and _goes(file, staying, packs, old_sets)]
    going += _spent(files, approvals, history, others)
    going = [file for file in going if only is None or file in only]
    lost = {file.of: file for file in going if file.sort is Sort.PACK}
    return Sweep(
        files=tuple(sorted(going, key=lambda file: file.path)),
        losses=tuple(_losses(history, lost, {file.of for file in going if file.sort is Sort.CHANGESET})),
        kept=tuple(_kept(history, files, bound, packs, others)),
    )


def _bound(history: History) -> dict[str, str]:
    """Return the runs that stay whatever their age, each with the first reason."""
    found = {history.runs[-1].id: "it is the newest run"} if history.runs else {}
    for run in history.runs:
        if run.status is RunStatus.OPEN:
            found[run.id] = "it is open"
        elif run.status is RunStatus.ABANDONED and not _settled(run, history):
            found[run.id] = "its process died, and it was neither gone on with nor rolled back"
        elif not run.resumed_by and any(step.status in _DOUBTFUL for step in run.steps):
            found[run.id] = "a step of it is in doubt"
    found |= {debt.run: "its review is owed" for debt in debts(history)}
    for hold in standing(history.acts):
        for name in _thread(history, hold.run):
            found[name] = hold.why if name == hold.run else f"run {hold.run} is under {hold.why}"
    return found


def _young(history: History, packs: datetime, resumable: datetime) -> dict[str, str]:
    return {
        run.id: "it is young"
        for run in history.runs
        if _ended(run) >= (resumable if _resumable(run, history) else packs)
    }


def _ended(run: Run) -> datetime:
    """Return when anything was last told of ``run``."""
    told = [run.started_at, run.finished_at, *(step.finished_at for step in run.steps)]
    return datetime.fromisoformat(max(told))


def _settled(run: Run, history: History) -> bool:
    """Whether ``run`` went on in another one, or was rolled back to the end."""
    return bool(run.resumed_by) or any(
        other.id in run.undone_by and other.status is RunStatus.COMPLETE for other in history.runs
    )


def _resumable(run: Run, history: History) -> bool:
    return run.status is not RunStatus.COMPLETE and not _settled(run, history)


def _with_what_they_need(history: History, runs: Mapping[str, str]) -> dict[str, str]:
    """Return ``runs`` and what they rest on: whose values they carry, what they go on with or undo."""
    found = dict(runs)
    waiting = list(runs)
    known = {run.id: run for run in history.runs}
    while waiting:
        name = waiting.pop()
        run = known.get(name)
        for other in {*run.carried.values(), run.resumes, run.undoes} & known.keys() - found.keys() if run else ():
            found[other] = f"run {name} rests on it, which stays: {found[name]}"
            waiting.append(other)
    return found


def _thread(history: History, name: str) -> set[str]:
    """Return a run and all that is one story with it: what it went on with or undid, and what did so with it."""
    links: dict[str, set[str]] = {}
    for run in history.runs:
        for other in {*run.carried.values(), run.resumes, run.undoes} - {""}:
            links.setdefault(run.id, set()).add(other)
            links.setdefault(other, set()).add(run.id)
    found, waiting = {name}, [name]
    while waiting:
        for other in links.get(waiting.pop(), set()) - found:
            found.add(other)
            waiting.append(other)
    return found


def _useful(history: History, approvals: Mapping[str, Statement | None], now: datetime) -> tuple[set[str], set[str]]:
    """Return the digests that somebody's consent still stands for, and how those of damaged approvals begin."""
    used = _used(history)
    standing = {
        one.digest
        for one in approvals.values()
        if one and one.id not in used and datetime.fromisoformat(one.until) > now
    }
    damaged = {path.partition("/")[2].partition("-")[0] for path, one in approvals.items() if one is None}
    return standing, damaged


def _used(history: History) -> set[str]:
    return {signed.approval for run in history.runs for signed in run.consent.signed}


def _needs_changeset(
    run: Run, history: History, bound: Collection[str], staying: Collection[str], others: datetime
) -> bool:
    return run.id in bound or _ended(run) >= others or (run.id in staying and _resumable(run, history))


def _old_changesets(
    files: Iterable[Stored], in_use: Collection[str], useful: tuple[set[str], set[str]], others: datetime
) -> set[str]:
    written: dict[str, datetime] = {}
    for file in files:
        if file.sort is Sort.CHANGESET:
            written[file.of] = max(file.written, written.get(file.of, file.written))
    standing, damaged = useful
    return {
        digest
        for digest, at in written.items()
        if at < others and digest not in in_use and digest not in standing and digest[7:23] not in damaged
    }


def _goes(file: Stored, staying: Collection[str], packs: datetime, old_sets: Collection[str]) -> bool:
    match file.sort:
        case Sort.PACK:
            return file.of not in staying and file.written < packs
        case Sort.CHANGESET:
            return file.of in old_sets
        case Sort.APPROVAL:
            return False
    raise AssertionError(file.sort)


def _spent(
    files: Iterable[Stored], approvals: Mapping[str, Statement | None], history: History, others: datetime
) -> Iterator[Stored]:
    """Yield approvals that expired unused: those that were used are the only proof of a consent, and stay."""
    used = _used(history)
    for file in files:
        approval = approvals.get(file.path)
        if approval and approval.id not in used and datetime.fromisoformat(approval.until) < others > file.written:
            yield file


def _losses(history: History, lost: Mapping[str, Stored], old_sets: Collection[str]) -> Iterator[Loss]:
    undoing = {run.undoes for run in history.runs}
    carriers: dict[str, set[str]] = {}
    for run in history.runs:
        for other in run.carried.values():
            carriers.setdefault(other, set()).add(run.id)
    for run in history.runs:
        same = {run.id, *run.carried.values(), *carriers.get(run.id, ())}
        gone = undone(history, run) if same & undoing else {}      # it looks at every run: only where there is one
        steps = tuple(
            step.id for step in run.steps
            if run.carried.get(step.id, run.id) in lost and step.id not in gone and _needs_values(step)
        )
        resume = _resumable(run, history) and run.digest in old_sets
        if run.id in lost or steps or resume:
            size = lost[run.id].bytes if run.id in lost else 0
            yield Loss(run=run, bytes=size, steps=steps, resume=resume)


def _needs_values(step: StepRun) -> bool:
    """Whether a rollback could undo ``step``, and only with hidden values."""
    inverse = step.inverse.step if step.inverse else None
    return step.status.acted and step.status not in _DOUBTFUL and bool(needed(inverse))


def _kept(
    history: History, files: Iterable[Stored], bound: Mapping[str, str], packs: datetime, others: datetime
) -> Iterator[Kept]:
    there = {file.of for file in files}
    for run in history.runs:
        if run.id in bound and {run.id, run.digest} & there and _ended(run) < max(packs, others):
            yield Kept(run=run.id, why=bound[run.id])
