"""How policy comes to its answers for a plan, live, or for a stored changeset as it stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agentctl.engine.lifted import lifted
from agentctl.engine.protect import reveal_change, reveal_plan
from agentctl.errors import Usage
from agentctl.facts import dataclass
from agentctl.model.authorship import Authorship
from agentctl.model.breaker import Gauge
from agentctl.model.changeset import ChangeSet
from agentctl.model.decision import Decision
from agentctl.model.halt import Halt
from agentctl.model.limit import Standing
from agentctl.workspace.consenting import given
from agentctl.workspace.limiting import standings
from agentctl.workspace.previewing import preview_plan
from agentctl.workspace.workspace import Workspace, is_plan


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A changeset with policy's answers, and what else stands in its way or may: limits, breakers, halts."""

    changeset: ChangeSet
    decisions: tuple[Decision, ...]
    author: Authorship
    standings: Sequence[Standing]
    gauges: Sequence[Gauge]
    halts: Sequence[Halt]


def explained(workspace: Workspace, subject: str, step: str) -> Explained:
    """Return how policy judges ``subject``, or one step of it. Raises Usage where there is no such step.

    A plan file is previewed live. Of a stored changeset (its digest, or a file) the stored changes are judged, under
    today's policy and without asking a live system.
    """
    if is_plan(Path(subject)):
        preview = preview_plan(workspace, workspace.load_plan(Path(subject)))
        changeset, decisions, author = preview.changeset, preview.decisions, preview.author
    else:
        changeset, hidden = workspace.stored(subject)
        by = workspace.judge_of(changeset, hidden)
        plan = reveal_plan(changeset.plan, hidden)
        steps = {one.id: one for one in plan.steps}
        decisions = tuple(
            by.decide(reveal_change(change, hidden), steps[change.step], plan) for change in changeset.changes
        )
        author = by.author
    consent = given(workspace, changeset)
    limits = standings(workspace, decisions, consent)
    chosen = tuple(lifted(decision, consent) for decision in decisions if step in ("", decision.step))
    if not chosen:
        raise Usage("No such step", f"The plan has no step `{step}`.")
    return Explained(
        changeset=changeset, decisions=chosen, author=author, standings=limits,
        gauges=workspace.gauges(changeset.plan), halts=workspace.halts(),
    )
