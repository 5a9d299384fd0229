"""What the shell may offer for a word being typed: runs, steps, changesets. Never fails, never prompts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agentctl.cli.declared import Offer
from agentctl.cli.session import Session
from agentctl.errors import AgentctlError
from agentctl.facts import dataclass
from agentctl.policy import baselines
from agentctl.resources import schema_names
from agentctl.views.safe import line

_PLANS = (".yaml", ".yml", ".json")


@dataclass(frozen=True, kw_only=True)
class SoFar:
    """What was typed before the word that is completed: where the command would run, values, and bare words left."""

    start: Path
    values: Mapping[str, Any]
    rest: Sequence[str]

    def named(self, argument: str) -> str:
        """Return what was typed for ``argument``. An option that still lacks its value keeps click from telling."""
        return self.values.get(argument) or next(iter(self.rest), "")

    def session(self) -> Session:
        """Return the session that the command would begin."""
        return Session(start=self.start.resolve())


def _runs(so_far: SoFar, incomplete: str) -> list[tuple[str, str]]:
    """Return the runs whose id begins like ``incomplete``, newest first, each with what it was for."""
    try:
        runs = so_far.session().workspace().history().runs
    except (AgentctlError, OSError):
        return []
    # an agent wrote what it was for, and a terminal would obey it
    return [(run.id, line(run.plan.intent[:60])) for run in reversed(runs) if run.id.startswith(incomplete)]


def _steps(so_far: SoFar, incomplete: str) -> list[tuple[str, str]]:
    """Return the steps of the run named before."""
    try:
        run = so_far.session().workspace().run(so_far.named("run") or "latest")
    except (AgentctlError, OSError):
        return []
    return [(step.id, step.action) for step in run.steps if step.id.startswith(incomplete)]


def _plans(so_far: SoFar, incomplete: str) -> list[tuple[str, str]]:
    """Return files that may be plans, and folders they may be in."""
    folder, slash, beginning = incomplete.rpartition("/")
    place = so_far.start / (folder + slash)
    found = [(path.name, "plan") for path in _listed(place) if path.suffix in _PLANS and path.is_file()]
    found += [(f"{path.name}/", "folder") for path in _listed(place) if path.is_dir()]
    return [(folder + slash + name, kind) for name, kind in found if name.startswith(beginning)]


def _subjects(so_far: SoFar, incomplete: str) -> list[tuple[str, str]]:
    """Return plan files and kept changesets."""
    try:
        kept = [digest.removeprefix("sha256:")[:12] for digest in so_far.session().workspace().changesets.digests()]
    except (AgentctlError, OSError):
        kept = []
    plans = _plans(so_far, incomplete)
    return plans + [(digest, "changeset") for digest in kept if digest.startswith(incomplete)]


def _steps_of_plan(so_far: SoFar, incomplete: str) -> list[tuple[str, str]]:
    """Return the steps of the plan or changeset named before, as far as it is valid."""
    from agentctl.workspace.planning import plan_of

    name = so_far.named("subject")
    path = so_far.start / name
    try:
        plan = plan_of(so_far.session().workspace(), str(path) if path.exists() else name).plan
    except (AgentctlError, OSError):
        return []
    return [(step.id, step.action) for step in plan.steps if step.id.startswith(incomplete)]


def _addresses(so_far: SoFar, incomplete: str) -> list[tuple[str, str]]:
    """Return the records we wrote and still own."""
    from agentctl.workspace.projecting import load_state

    try:
        records = load_state(so_far.session().workspace()).records
    except (AgentctlError, OSError):
        return []
    return [(line(str(one)), "") for one in records if str(one).startswith(incomplete)]


def _connectors(so_far: SoFar, incomplete: str) -> list[tuple[str, str]]:
    """Return the configured connectors, each with its type."""
    try:
        configured = so_far.session().workspace().file.connectors
    except (AgentctlError, OSError):
        return []
    return [(name, line(str(one["type"]))) for name, one in configured.items() if name.startswith(incomplete)]


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return []


def _of(names: Callable[[], Sequence[str]]) -> Callable[[SoFar, str], list[tuple[str, str]]]:
    return lambda _, incomplete: [(name, "") for name in names() if name.startswith(incomplete)]


OFFERS: Mapping[Offer, Callable[[SoFar, str], list[tuple[str, str]]]] = {
    "addresses": _addresses,
    "baselines": _of(baselines.names),
    "connectors": _connectors,
    "formats": _of(schema_names),
    "plans": _plans,
    "runs": _runs,
    "steps": _steps,
    "steps of the plan": _steps_of_plan,
    "subjects": _subjects,
}
