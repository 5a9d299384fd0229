"""A stored ChangeSet previewed once more: it must come out the same, or it is stale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from agentctl.engine.gate import Judge
from agentctl.engine.moved import Moved, moved
from agentctl.engine.overlay import Overlay
from agentctl.engine.ports import Commitments, Systems
from agentctl.engine.preview import Preview, bring, denial_of_undoing, finality, foresee
from agentctl.engine.protect import Protector, reveal_change, reveal_plan
from agentctl.engine.records import in_words
from agentctl.engine.resolve import Done, resolve
from agentctl.errors import Rejected, Stale
from agentctl.model.change import Change
from agentctl.model.changeset import ChangeSet, SystemIdentity
from agentctl.model.decision import Decision
from agentctl.model.plan import Step
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
        raise Stale("The plan is stale", "; ".join(differences) + ".", hint=_AGAIN)
    plan = reveal_plan(changeset.plan, hidden)
    already = done or {}
    overlay = Overlay(systems, lambda: judge.now)
    brought = {step: item.brought for step, item in already.items()}
    made = {new: real for item in already.values() for new, real in item.made.items()}
    full: list[Change] = []
    decisions: list[Decision] = []
    denied = denial_of_undoing(judge, plan)
    for planned, step in zip(changeset.changes, plan.steps, strict=True):
        if step.id in already or step.id in skip or _was_done_before(planned):
            full.append(reveal_change(planned, hidden))
            decisions.append(_settled(judge.decide(full[-1], step, plan)))
            continue
        if again and step.id in again:
            full.append(again[step.id])
            decisions.append(_settled(judge.decide(full[-1], step, plan)))
            overlay.foresee(full[-1])
            brought[step.id] = bring(full[-1])
            continue
        change = _foresee(planned, resolve(step, brought, made), systems, overlay)
        outcome = finality(change, judge, denied)
        decision = judge.decide(outcome, step, plan)
        _same(planned, outcome, decision, systems, commitments, made)
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


_AGAIN = "plan again and have the new changeset reviewed"


def _settled(decision: Decision) -> Decision:
    """Return the decision on a step that takes nothing any more, overridden or not."""
    return replace(decision, charges=(), otherwise=decision.otherwise and replace(decision.otherwise, charges=()))


def _was_done_before(planned: Change) -> bool:
    """A step planned as already done reads nothing, so there is nothing to compare."""
    return not planned.records and not planned.reads and planned.effect == "no-op"


def _foresee(planned: Change, step: Step, systems: Systems, overlay: Overlay) -> Change:
    try:
        return foresee(step, systems, overlay)
    except Rejected as error:
        raise Stale(
            "The plan is stale", f"step `{planned.step}` can no longer succeed: {error}.", hint=_AGAIN
        ) from error


def _same(
    planned: Change,
    change: Change,
    decision: Decision,
    systems: Systems,
    commitments: Commitments,
    made: Mapping[Address, Address],
) -> None:
    spec = systems.spec(change.action)
    seen = Protector(commitments).change(project(change, decision.reads, spec.volatile), spec)
    difference: tuple[Moved, ...] = moved(planned, seen, made)
    if difference:
        raise Stale("The plan is stale", f"step `{planned.step}`: {in_words(difference)}.", hint=_AGAIN)
    if change.inverse.kind.rank < planned.inverse.kind.rank:
        kinds = f"`{planned.inverse.kind}` was consented to, it is `{change.inverse.kind}` now"
        detail = f"step `{planned.step}` can be undone less surely: {kinds}"
        raise Stale("The plan is stale", f"{detail}.", hint=_AGAIN)


def _header(changeset: ChangeSet, systems: Systems, judge: Judge) -> Iterator[str]:
    """Yield what, apart from records, is not as it was when the changeset was made."""
    if changeset.tenant != judge.tenant or changeset.environment != judge.environment:
        yield (
            f"it was made for {changeset.tenant}/{changeset.environment}, this is {judge.tenant}/{judge.environment}"
        )
    if changeset.policy != judge.digest:
        yield "the policy's rules have changed since"
    for action, digest in changeset.specs.items():
        instance, _, verb = action.partition(".")
        connector = systems.connectors.get(instance)
        if connector is None or verb not in connector.actions:
            yield f"`{action}` is no longer offered"
        elif connector.actions[verb].digest != digest:
            yield f"what `{action}` does has changed since"
    for name, planned in changeset.systems.items():
        if name in systems.connectors and (now := systems.of(name).identity()) != planned:
            yield f"`{name}` was {_named(planned)}, now it is {_named(now)}"


def _named(system: SystemIdentity) -> str:
    return f"{system.type} {system.version} at {system.endpoint} as {system.whoami or 'nobody'}"
