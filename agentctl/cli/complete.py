"""What the shell may offer for a word being typed: runs, steps, changesets. Never fails, never prompts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from agentctl.errors import AgentctlError
from agentctl.views.safe import line

if TYPE_CHECKING:
    from agentctl.cli.session import Session

_PLANS = (".yaml", ".yml", ".json")


def complete_runs(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return the runs whose id begins like ``incomplete``, newest first, each with what it was for."""
    return list(_runs(context, incomplete))


def complete_steps(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return the steps of the run named before."""
    try:
        run = _session(context).workspace().run(_named(context, "run") or "latest")
    except (AgentctlError, OSError):
        return []
    return [(step.id, step.action) for step in run.steps if step.id.startswith(incomplete)]


def complete_plans(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return files that may be plans, and folders they may be in."""
    folder, slash, beginning = incomplete.rpartition("/")
    place = _start(context) / (folder + slash)
    found = [(path.name, "plan") for path in _listed(place) if path.suffix in _PLANS and path.is_file()]
    found += [(f"{path.name}/", "folder") for path in _listed(place) if path.is_dir()]
    return [(folder + slash + name, kind) for name, kind in found if name.startswith(beginning)]


def complete_subjects(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return plan files and kept changesets."""
    try:
        kept = [digest.removeprefix("sha256:")[:12] for digest in _session(context).workspace().changesets.digests()]
    except (AgentctlError, OSError):
        kept = []
    plans = complete_plans(context, incomplete)
    return plans + [(digest, "changeset") for digest in kept if digest.startswith(incomplete)]


def complete_steps_of_plan(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return the steps of the plan or changeset named before, as far as it is valid."""
    from agentctl.workspace.planning import plan_of

    name = _named(context, "subject")
    path = _start(context) / name
    try:
        plan = plan_of(_session(context).workspace(), str(path) if path.exists() else name).plan
    except (AgentctlError, OSError):
        return []
    return [(step.id, step.action) for step in plan.steps if step.id.startswith(incomplete)]


def complete_addresses(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return the records we wrote and still own."""
    from agentctl.workspace.projecting import load_state

    try:
        records = load_state(_session(context).workspace()).records
    except (AgentctlError, OSError):
        return []
    return [(line(str(one)), "") for one in records if str(one).startswith(incomplete)]


def complete_connectors(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return the configured connectors, each with its type."""
    try:
        configured = _session(context).workspace().file.connectors
    except (AgentctlError, OSError):
        return []
    return [(name, line(str(one["type"]))) for name, one in configured.items() if name.startswith(incomplete)]


def _runs(context: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    try:
        history = _session(context).workspace().history()
    except (AgentctlError, OSError):
        return
    for run in reversed(history.runs):
        if run.id.startswith(incomplete):
            yield run.id, line(run.plan.intent[:60])     # an agent wrote it, and a terminal would obey it


def _named(context: typer.Context, argument: str) -> str:
    """Return what was typed for ``argument``. An option that still lacks its value keeps click from telling."""
    return context.params.get(argument) or next(iter(context.args), "")


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return []


def _start(context: typer.Context) -> Path:
    return Path(context.find_root().params.get("directory") or ".")


def _session(context: typer.Context) -> Session:
    """The callback that makes the session has not run while completing."""
    from agentctl.cli.session import Session

    return context.obj if isinstance(context.obj, Session) else Session(start=_start(context).resolve())
