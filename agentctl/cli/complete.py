"""What the shell may offer for a word being typed: runs, steps, changesets. Never fails, never prompts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from agentctl.errors import AgentctlError

if TYPE_CHECKING:
    from agentctl.cli.session import Session


def complete_runs(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return the runs whose id begins like ``incomplete``, newest first, each with what it was for."""
    return list(_runs(context, incomplete))


def complete_steps(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return the steps of the run named before."""
    try:
        run = _session(context).workspace().run(context.params.get("run") or "latest")
    except (AgentctlError, OSError):
        return []
    return [(step.id, step.action) for step in run.steps if step.id.startswith(incomplete)]


def complete_subjects(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return plan files and kept changesets."""
    folder, _, beginning = incomplete.rpartition("/")
    files = [
        (f"{folder}/{path.name}" if folder else path.name, "plan")
        for path in sorted(Path(folder or ".").glob("*.y*ml"))
        if path.name.startswith(beginning)
    ]
    try:
        kept = _session(context).workspace().changesets.digests()
    except (AgentctlError, OSError):
        kept = []
    return files + [(digest[:12], "changeset") for digest in kept if digest.startswith(incomplete)]


def _runs(context: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    try:
        history = _session(context).workspace().history()
    except (AgentctlError, OSError):
        return
    for run in reversed(history.runs):
        if run.id.startswith(incomplete):
            yield run.id, run.plan.intent[:60]


def _session(context: typer.Context) -> Session:
    """The callback that makes the session has not run while completing."""
    from agentctl.cli.session import Session

    return context.obj or Session(directory=(context.find_root().params.get("directory") or ""))
