"""The recorded changes of past runs, put before two policies. No live system is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from agentctl.engine.authoring import recorded
from agentctl.engine.protect import reveal_change, reveal_step
from agentctl.errors import Invalid
from agentctl.model.policy_report import Replayed
from agentctl.model.run import Run
from agentctl.policy.document import load
from agentctl.policy.replay import Recorded, replay
from agentctl.policy.rules import Policy
from agentctl.workspace.workspace import Workspace


def replay_runs(workspace: Workspace, base: Path, new: Path | None, runs: Sequence[str]) -> tuple[Replayed, ...]:
    """Judge what ``runs`` (by default all) recorded under the policy at ``base`` and at ``new`` (by default today's).

    Raises Invalid for a policy that is, Tampered where the trace is damaged: what was done could not be told.
    """
    old, newer = _policy(base), workspace.policy if new is None else _policy(new)
    history = workspace.whole_history()
    chosen = [workspace.run(name) for name in runs] if runs else history.runs
    return replay((item for run in chosen for item in _recorded(workspace, run)), old, newer)


def _recorded(workspace: Workspace, run: Run) -> Iterator[Recorded]:
    values = workspace.values(run)
    steps = {step.id: step for step in run.plan.steps}
    now = datetime.fromisoformat(run.started_at)
    for told in run.steps:
        if told.change is None or told.id not in steps or told.id in run.carried:
            continue
        yield Recorded(
            run=run.id,
            plan=run.plan,
            step=reveal_step(steps[told.id], values),
            change=reveal_change(told.change, values),
            spec=workspace.specs.get(told.action),
            tenant=run.tenant,
            environment=run.environment,
            now=now,
            purpose=run.purpose,
            person=str(run.who.get("user", "")),
            author=lambda policy: recorded(run.author, policy.agents.get(run.plan.agent)),
        )


def _policy(place: Path) -> Policy:
    files = sorted(place.glob("*.yaml")) if place.is_dir() else [place]
    try:
        return load([(str(file), file.read_bytes()) for file in files])
    except OSError as error:
        raise Invalid("The policy cannot be read", f"{error.filename}: {error.strerror}.") from error
