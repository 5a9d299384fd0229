"""Which run or changeset a person means, and the document that explains it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from agentctl.errors import Invalid, Usage
from agentctl.model.action import ActionSpec
from agentctl.model.decision import Consent
from agentctl.model.run import History, Run, RunStatus
from agentctl.store.owner import show as holder
from agentctl.views.look import Look
from agentctl.workspace import judging
from agentctl.workspace.workspace import Workspace

Drawn: TypeAlias = tuple[Mapping[str, Any], Callable[[Mapping[str, Any], Look], str]]

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def document_of(workspace: Workspace, name: str, step: str) -> Drawn:
    """Return the document of a run (by default an open one, else the latest) or of a stored changeset, and its drawing.

    Reads the trace and the packs only; no live system, and no key where there is none.
    """
    history = workspace.history()
    if name and name != "latest" and not any(run.id.startswith(name) for run in history.runs):
        return _changeset(workspace, name, step)
    run = workspace.run(name or (history.open[0].id if history.open else "latest"))
    if step and run.step(step) is None:
        known = ", ".join(f"`{item.id}`" for item in run.steps[:20])
        raise Usage("No such step", f"Run {run.id} has no step `{step}`; it has {known}.")
    return _run(workspace, history, run, step)


def ending_of(workspace: Workspace, name: str) -> Mapping[str, Any]:
    """Return the document of a run that has just ended."""
    return _run(workspace, workspace.history(), workspace.run(name), "")[0]


def selected(
    history: History, *, agent: str, status: RunStatus | None, since: str, now: datetime
) -> tuple[Run, ...]:
    """Return the runs that fit, newest first. ``since`` is a date, a time, or an age (``24h``)."""
    from_ = _since(since, now)
    return tuple(
        run
        for run in reversed(history.runs)
        if agent in ("", run.plan.agent)
        and status in (None, run.status)
        and (from_ is None or datetime.fromisoformat(run.started_at) >= from_)
    )


def _run(workspace: Workspace, history: History, run: Run, step: str) -> Drawn:
    from agentctl.views.document.run import run as document
    from agentctl.views.terminal.run import draw_run

    told = document(
        history,
        run,
        _specs(workspace),
        workspace.values(run),
        halts=workspace.halts(),
        running=_running(workspace, run),
        only=step,
        now=workspace.time(),
    )
    return told, draw_run


def _changeset(workspace: Workspace, name: str, step: str) -> Drawn:
    from agentctl.views.document.changeset import changeset as document
    from agentctl.views.terminal.changeset import draw_changeset, draw_one_step
    from agentctl.workspace.overriding import gathered

    try:
        changeset, values = workspace.stored(name)
    except Usage as error:
        if workspace.history().damage:
            workspace.run(name)     # which says that the trace may have told of it
        raise Usage(
            "No such run or changeset", f"`{name}` is neither.", hint="`agentctl runs` lists the runs."
        ) from error
    by = workspace.judge_of(changeset, values)
    consent = Consent(digest=changeset.digest, overrides=gathered(workspace, changeset).counted)
    rulings = judging.judge_stored(workspace, changeset, by, consent)
    told = document(
        changeset, rulings, workspace.specs, values=values, author=by.author, overrides=consent.overrides
    )
    if not step:
        return told, draw_changeset
    only = [item for item in told["steps"] if item["id"] == step]
    if not only:
        known = ", ".join(f"`{item['id']}`" for item in told["steps"][:20])
        raise Usage("No such step", f"Changeset {told['short']} has no step `{step}`; it has {known}.")
    return {**told, "steps": only, "groups": []}, draw_one_step


def _specs(workspace: Workspace) -> Mapping[str, ActionSpec] | None:
    """The actions as configured today; None where the workspace file is broken, which must not keep a run from
    being explained."""
    try:
        return workspace.specs
    except Invalid:
        return None


def _running(workspace: Workspace, run: Run) -> bool | None:
    """Whether the process of an open run lives; None where that cannot be told from here."""
    if run.status is not RunStatus.OPEN:
        return False
    owner = holder(workspace.layout.lock)
    return owner.alive if owner is not None and owner.run == run.id else False


def _since(text: str, now: datetime) -> datetime | None:
    if not text:
        return None
    if (unit := _UNITS.get(text[-1])) and text[:-1].isdecimal():
        return now - int(text[:-1]) * unit
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Usage("Wrong usage", f"`{text}` is neither a time (2026-01-31) nor an age (24h).") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
