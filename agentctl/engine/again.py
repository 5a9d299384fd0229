"""A stored ChangeSet previewed once more: it must come out the same, or it is stale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from agentctl.engine import differing
from agentctl.engine.gate import Judge
from agentctl.engine.moved import Moved, moved
from agentctl.engine.overlay import Overlay
from agentctl.engine.ports import Commitments, Systems
from agentctl.engine.preview import Preview, bring, denial_of_undoing, finality, foresee, was_done_before
from agentctl.engine.protect import Protector, concealed, reveal_change, reveal_plan
from agentctl.engine.records import in_words
from agentctl.engine.resolve import Done, resolve
from agentctl.errors import Rejected, Stale
from agentctl.facts import replace
from agentctl.model.change import Change
from agentctl.model.changeset import ChangeSet
from agentctl.model.decision import Decision, Mode, Outcome, Verdict
from agentctl.model.projection import project
from agentctl.model.snapshot import Address


def preview_again(
    changeset: ChangeSet,
    hidden: Mapping[str, Any],
    systems: Systems,
    judge: Judge,
    commitments: Commitments,
    done: Mapping[str, Done] | None = None,
    again: Mapping[str, Change] | None = None,
    skip: frozenset[str] = frozenset(),
    resumes: str = "",
) -> Preview:
    """Return the preview of ``changeset`` as the world is now, leaving out the steps that are ``done`` or to ``skip``.

    The steps to be sent ``again`` may have happened: they are taken as they were recorded. All of these take nothing of
    limits any more. ``resumes`` is the run that goes on.

    Raises Stale, naming what moved, where policy, actions, systems, any value or any effect is not what it was.
    """
    if differences := list(_header(changeset, systems, judge)):
        raise _stale("; ".join(differences))
    plan = reveal_plan(changeset.plan, hidden)
    already = done or {}
    overlay = Overlay(systems, lambda: judge.now)
    brought = {step: item.brought for step, item in already.items()}
    made = {new: real for item in already.values() for new, real in item.made.items()}
    full: list[Change] = []
    decisions: list[Decision] = []
    denied = denial_of_undoing(judge, plan)
    for planned, step in zip(changeset.changes, plan.steps, strict=True):
        if step.id in already or step.id in skip or was_done_before(planned):
            full.append(reveal_change(planned, hidden))
            decisions.append(_settled(_over(judge.decide(full[-1], step, plan))))
            continue
        if again and step.id in again:
            full.append(again[step.id])
            decisions.append(_settled(judge.decide(full[-1], step, plan)))
            overlay.foresee(full[-1])
            brought[step.id] = bring(full[-1])
            continue
        with _expecting(planned):
            change = foresee(resolve(step, brought, made), systems, overlay)
        outcome = finality(change, judge, denied)
        decision = judge.decide(outcome, step, plan)
        protector = Protector(commitments, concealed=concealed(hidden))
        _same(planned, outcome, decision, systems, protector, judge.leaks(outcome, decision), made)
        overlay.foresee(change)
        brought[step.id] = bring(change)
        full.append(change)
        decisions.append(decision)
    return Preview(
        plan=plan,
        changeset=changeset,
        full=tuple(full),
        decisions=tuple(decisions),
        hidden=hidden,
        author=judge.author,
        resumes=resumes,
    )


def _stale(what: str) -> Stale:
    """Say what moved, and what becomes of consent."""
    return Stale(
        "The plan is stale",
        f"{what[:1].upper()}{what[1:]}.\n"
        "Nothing was executed. Planning again does not keep approvals of it: another changeset comes of it, to be "
        "approved anew. They count again only if all is as it was.",
        hint="Plan again, and have the new changeset reviewed.",
    )


def _over(decision: Decision) -> Decision:
    """Return the decision on a step that is not carried out any more: what was read for it was answered then.

    A changeset keeps no values of records that are only read, so that nothing could decide it now.
    """
    findings = tuple(finding for finding in decision.findings if finding.outcome is not Outcome.UNDECIDED)
    if len(findings) == len(decision.findings) or decision.verdict is Verdict.DENY:
        return decision
    verdict = Verdict.ALLOW if decision.mode is Mode.AUTO else decision.verdict
    return replace(decision, findings=findings, verdict=verdict)


def _settled(decision: Decision) -> Decision:
    """Return the decision on a step that takes nothing any more, overridden or not."""
    return replace(decision, charges=(), otherwise=decision.otherwise and replace(decision.otherwise, charges=()))


@contextmanager
def _expecting(planned: Change) -> Iterator[None]:
    """What cannot succeed any more is stale."""
    try:
        yield
    except Rejected as error:
        raise _stale(f"step `{planned.step}` can no longer succeed: {str(error).removesuffix('.')}") from error


def _same(
    planned: Change,
    change: Change,
    decision: Decision,
    systems: Systems,
    protector: Protector,
    leaks: frozenset[str],
    made: Mapping[Address, Address],
) -> None:
    spec = systems.spec(change.action)
    seen = protector.change(project(change, decision.reads, spec.volatile), spec, leaks)
    difference: tuple[Moved, ...] = moved(planned, seen, made)
    if difference:
        raise _stale(f"step `{planned.step}`: {in_words(difference)}")
    if change.inverse.kind.rank < planned.inverse.kind.rank:
        kinds = f"`{planned.inverse.kind}` was consented to, it is `{change.inverse.kind}` now"
        raise _stale(f"step `{planned.step}` can be undone less surely: {kinds}")


def _header(changeset: ChangeSet, systems: Systems, judge: Judge) -> Iterator[str]:
    """Yield what, apart from records, is not as it was when the changeset was made."""
    yield from rules_moved(changeset, systems, judge)
    for name, planned in changeset.systems.items():
        if name in systems.connectors:
            yield from differing.system(name, planned, systems.of(name).identity())


def rules_moved(changeset: ChangeSet, systems: Systems, judge: Judge) -> Iterator[str]:
    """Yield what of place, policy and actions is not as it was: what can be told without asking a system."""
    yield from differing.places(changeset, judge.tenant, judge.environment)
    yield from differing.policy(changeset.policy, judge.digest)
    for action, digest in changeset.specs.items():
        instance, _, verb = action.partition(".")
        connector = systems.connectors.get(instance)
        if connector is None or verb not in connector.actions:
            yield f"`{action}` is no longer offered"
        else:
            yield from differing.spec(action, digest, connector.actions[verb].digest)
