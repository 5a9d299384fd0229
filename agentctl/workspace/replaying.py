"""The recorded changes of past runs, put before two policies. No live system is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from agentctl.engine.authoring import recorded
from agentctl.engine.protect import reveal_change, reveal_step
from agentctl.errors import Usage
from agentctl.facts import dataclass
from agentctl.model.policy_report import Replayed
from agentctl.model.run import Run
from agentctl.policy.replay import Recorded, replay
from agentctl.workspace.policy import PolicySource, load_policy, open_policy
from agentctl.workspace.policy_place import AtRef, parse
from agentctl.workspace.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Replay:
    """Every recorded change under both policies, and what the policies are called."""

    base: str
    new: str
    changes: tuple[Replayed, ...]


def replay_runs(workspace: Workspace, base: str, new: str, runs: Sequence[str]) -> Replay:
    """Judge what ``runs`` (by default all) recorded under the policy at ``base`` and at ``new`` (by default today's).

    Each is a path seen from where the command runs, or ``git:REF`` with a path in the workspace. Raises Invalid for a
    policy that is, Tampered where the trace is damaged: what was done could not be told, Usage where nothing was done.
    """
    sources = [_source(workspace, base), _source(workspace, new) if new else workspace.policy_source]
    old, newer = map(load_policy, sources)
    history = workspace.whole_history()
    chosen = [workspace.run(name) for name in runs] if runs else history.runs
    changes = replay((item for run in chosen for item in _recorded(workspace, run)), old, newer)
    if not changes:
        raise Usage(
            "Nothing to replay",
            "No change of these runs is recorded in this workspace, so nothing can be said of it.",
            hint="What was done lies in .agentctl/: a fresh checkout has none of it.",
        )
    return Replay(base=sources[0].name, new=sources[1].name, changes=changes)


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


def _source(workspace: Workspace, text: str) -> PolicySource:
    place = parse(text, workspace.file.policy)
    return open_policy(workspace.root if isinstance(place, AtRef) else Path(), place)
