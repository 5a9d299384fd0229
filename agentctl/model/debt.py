"""Reviews owed: runs under broken glass that no second person has looked into yet. Who may review is told elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from agentctl.facts import dataclass
from agentctl.model.run import Act, History, Run


@dataclass(frozen=True, kw_only=True)
class Debt:
    """A review that is owed: of which run, for whose breaking of the glass and why, by when (RFC 3339)."""

    run: str
    people: tuple[str, ...]
    reason: str
    at: str
    due: str

    def overdue(self, now: datetime) -> bool:
        return now >= datetime.fromisoformat(self.due)


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """A review that was made: by whom, when, and what was found."""

    person: str
    at: str
    reason: str


def debts(history: History) -> tuple[Debt, ...]:
    """Return the reviews that are owed, oldest run first.

    A resumption under the same broken glass is reviewed together with what it goes on with.
    """
    reviewed = {act.body["statement"]["run"] for act in _reviews(history)}
    owing = {run.id: run for run in history.runs if run.consent.breaks_glass and run.id not in reviewed}
    found: list[Debt] = []
    for run in owing.values():
        if any(later in owing for later in run.resumed_by) or _went_on_reviewed(run, history, reviewed):
            continue
        parts = [run, *_before(run, history, owing)]
        overrides = {one.override: one for part in parts for one in part.consent.overrides if one.breaks_glass}
        found.append(
            Debt(
                run=run.id,
                people=tuple(dict.fromkeys(one.person for one in overrides.values())),
                reason=next(iter(overrides.values())).reason,
                at=min(part.started_at for part in parts),
                due=min(map(_due, parts)),
            )
        )
    return tuple(found)


def review_of(history: History, run: Run) -> Reviewed | None:
    """Return the review of ``run``, or of a run that went on with it."""
    chain = {run.id, *(later.id for later in history.runs if run.id in _ancestors(later, history))}
    for act in _reviews(history):
        statement = act.body["statement"]
        if statement["run"] in chain:
            return Reviewed(person=statement["person"], at=act.at, reason=statement["reason"])
    return None


def _reviews(history: History) -> list[Act]:
    return [act for act in history.acts if act.kind == "review"]


def _went_on_reviewed(run: Run, history: History, reviewed: set[str]) -> bool:
    return any(later.id in reviewed and run.id in _ancestors(later, history) for later in history.runs)


def _before(run: Run, history: History, owing: dict[str, Run]) -> Iterator[Run]:
    """Yield what ``run`` goes on with, as far as it is owed a review itself."""
    for name in _ancestors(run, history):
        if name not in owing:
            return
        yield owing[name]


def _ancestors(run: Run, history: History) -> list[str]:
    found: list[str] = []
    before = history.run(run.resumes) if run.resumes else None
    while before is not None and before.id not in found:
        found.append(before.id)
        before = history.run(before.resumes) if before.resumes else None
    return found


def _due(run: Run) -> str:
    within = min(one.review_within for one in run.consent.overrides if one.breaks_glass)
    due = datetime.fromisoformat(run.started_at) + timedelta(seconds=within)
    return due.isoformat(timespec="seconds").replace("+00:00", "Z")
