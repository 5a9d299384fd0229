"""What policy, consent, limits, halts, doubts and rejections make of a changeset now; deciding is ``engine``'s part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agentctl.engine import gate
from agentctl.engine.doubts import doubted, doubts
from agentctl.engine.gate import Judge, binding
from agentctl.engine.limits import refusals
from agentctl.engine.preview import Preview
from agentctl.errors import Tampered, Usage
from agentctl.identity.keys import NoKey
from agentctl.model.changeset import ChangeSet
from agentctl.model.decision import Consent, Decision, Finding, Ruling
from agentctl.model.doubt import InDoubt
from agentctl.model.limit import Standing
from agentctl.model.rejection import Rejected
from agentctl.store import statements
from agentctl.workspace.limiting import standings
from agentctl.workspace.workspace import Workspace


def judge(workspace: Workspace, preview: Preview, consent: Consent | None = None) -> dict[str, Ruling]:
    """Return the gate's outcome for each step, limits as they stand now included."""
    beyond = refusals(limits(workspace, preview, consent))
    rulings = gate.judge(
        preview.changeset, preview.decisions, consent or Consent(), workspace.systems, workspace.halts(), beyond
    )
    rulings = doubted(rulings, in_doubt(workspace, preview.changeset, preview.resumes))
    return _less_rejected(workspace, preview.changeset, rulings)


def judge_stored(
    workspace: Workspace, changeset: ChangeSet, by: Judge, consent: Consent | None = None
) -> dict[str, Ruling]:
    """Return what ``by`` makes of a stored changeset under ``consent``: no live system is read."""
    steps = {step.id: step for step in changeset.plan.steps}
    decisions = [by.decide(change, steps[change.step], changeset.plan) for change in changeset.changes]
    given = consent or Consent()
    beyond = _beyond(workspace, decisions, given)
    rulings = gate.judge(changeset, decisions, given, workspace.systems, workspace.halts(), beyond)
    return _less_rejected(workspace, changeset, doubted(rulings, in_doubt(workspace, changeset)))


def limits(workspace: Workspace, preview: Preview, consent: Consent | None = None) -> tuple[Standing, ...]:
    """Return how the limits stand that ``preview`` takes of under ``consent``, under each key."""
    given = binding(consent or Consent(), preview.changeset)
    return standings(workspace, preview.decisions, given, preview.resumes)


def in_doubt(workspace: Workspace, changeset: ChangeSet, resumes: str = "") -> dict[str, InDoubt]:
    """Return the steps of ``changeset`` that an earlier run may have done, but for the one it ``resumes``."""
    return doubts(changeset, workspace.history(), workspace.systems, resumes)


def rejections(workspace: Workspace, changeset: ChangeSet) -> tuple[Rejected, ...]:
    """Return the rejections of what ``changeset`` would do that stand."""
    layout = workspace.layout
    if not statements.any_kept(layout, "rejection") and all(act.kind != "reject" for act in workspace.history().acts):
        return ()
    from agentctl.workspace.rejected import rejections_of

    return rejections_of(changeset, layout, workspace.history(), workspace.policy)


def _less_rejected(
    workspace: Workspace, changeset: ChangeSet, rulings: dict[str, Ruling]
) -> dict[str, Ruling]:
    if not (found := rejections(workspace, changeset)):
        return rulings
    from agentctl.engine.rejections import rejected

    return rejected(rulings, found)


def check_step(preview: Preview, step: str) -> None:
    """Raise Usage where the plan has no such step."""
    if all(step != decision.step for decision in preview.decisions):
        raise Usage("No such step", f"The plan has no step `{step}`.")


def _beyond(workspace: Workspace, decisions: Iterable[Decision], consent: Consent) -> Mapping[str, Finding]:
    """Return why steps don't fit their limits, as far as that can be told: what only shows must go on showing."""
    try:
        return refusals(standings(workspace, decisions, consent))
    except (NoKey, Tampered):
        return {}
