"""A Plan in, a ChangeSet out: what would happen, with nothing happening."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import chain
from typing import Any

from agentctl.engine.gate import Judge
from agentctl.engine.keys import Ledger, keys
from agentctl.engine.overlay import Overlay
from agentctl.engine.ports import Commitments, Systems
from agentctl.engine.protect import Protector, address_of
from agentctl.engine.resolve import Brought, Done, resolve
from agentctl.engine.unreadable import needed
from agentctl.errors import Invalid, Rejected
from agentctl.facts import dataclass, replace
from agentctl.model.action import Reversibility
from agentctl.model.authorship import CLAIMED, Authorship
from agentctl.model.change import Change, Effect, Inverse
from agentctl.model.changeset import ChangeSet, Purpose
from agentctl.model.decision import Decision
from agentctl.model.diagnostic import Diagnostic, Severity
from agentctl.model.plan import From, Plan, Reference, Secret, Step, is_plain, references
from agentctl.model.projection import project
from agentctl.model.snapshot import Address
from agentctl.policy.evaluate import judges_all_inverses_alike


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Where and for what a plan is previewed: what goes into the changeset besides the plan."""

    lineage: str
    tenant: str
    environment: str
    now: datetime
    ledger: Ledger
    purpose: Purpose = Purpose.APPLY
    undoes: str = ""
    repeat: int = 0
    concealed: frozenset[str] = frozenset()     # commitments of values that nobody is shown


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A ChangeSet, and what it leaves out because it may not be stored in clear or is not consented to.

    ``plan`` and ``full`` are plan and changes with every value in clear; ``decisions`` are policy's answer for each.
    ``hidden`` maps commitments in the changeset to wire values. ``author`` is what is known of who wrote the plan.
    ``resumes`` is the run that goes on with it.
    """

    plan: Plan
    changeset: ChangeSet
    full: tuple[Change, ...]
    decisions: tuple[Decision, ...]
    hidden: Mapping[str, Any]
    author: Authorship = CLAIMED
    resumes: str = ""


def preview(plan: Plan, systems: Systems, judge: Judge, commitments: Commitments, setting: Setting) -> Preview:
    """Return what ``plan`` would do to the live systems. Reads only.

    Raises Invalid with a diagnostic per step that cannot succeed, Unreachable where a system cannot be read.
    """
    overlay = Overlay(systems, lambda: setting.now)
    refers = {step.id: used for step in plan.steps if (used := _references(step))}
    referred = {used.step for used in chain.from_iterable(refers.values()) if isinstance(used, From)}
    named = {step.id: found for step in plan.steps if step.id not in refers and (found := _named(step, systems))}
    with suppress(Rejected):        # told with the step's place when its turn comes
        overlay.prefetch(chain.from_iterable(named.values()))
    key_of = keys(plan, setting.lineage, setting.repeat, commitments, setting.ledger)
    brought: dict[str, Brought] = {}
    made: dict[Address, Address] = {}
    full: list[Change] = []
    problems: dict[str, Diagnostic] = {}
    for step in plan.steps:
        if problems and not problems.keys().isdisjoint(step.needs):
            problems.setdefault(step.id, _FOLLOWS)
            continue
        at = named.pop(step.id, None)
        # Where nothing was done under any key, none is made: that takes longer than to look at a record.
        if setting.ledger.taken and (done := setting.ledger.done(key_of(step.id))):
            brought[step.id] = done.brought
            made.update(done.made)
            full.append(already_done(step, done))
            continue
        try:
            resolved = resolve(step, brought, made) if made or step.id in refers else step
            change = foresee(resolved, systems, overlay, at if resolved is step else None)
        except Rejected as error:
            problems[step.id] = _problem(step, error)
            continue
        overlay.foresee(change)
        if step.id in referred:
            brought[step.id] = bring(change)
        full.append(change)
    if problems:
        raise Invalid(
            "The plan cannot be carried out",
            diagnostics=tuple(problem for problem in problems.values() if problem.code != "needs-failed"),
        )
    return assemble(plan, tuple(full), systems, judge, commitments, setting)


def foresee(
    step: Step, systems: Systems, overlay: Overlay, addresses: tuple[Address, ...] | None = None
) -> Change:
    """Return what one resolved step would do to the records ``overlay`` shows; ``addresses`` are its, where known."""
    if not is_plain(step.with_):
        _check_given(step, systems)
    connector = systems.of(step.instance)
    overlay.look(connector.addresses(step) if addresses is None else addresses)
    return connector.preview(step, overlay)


def _check_given(step: Step, systems: Systems) -> None:
    """Raise Rejected where ``step`` would give a system a secret that it does not keep, or what can't be read."""
    secret = systems.spec(step.action).secret
    for name, argument in step.with_.items():
        if any(isinstance(reference, Secret) for reference in references(argument)) and name not in secret:
            raise Rejected("Secret not allowed here", f"{step.action} would not keep what it is given as `{name}`.")
    if needed(step):        # a system would be given what only stands for the value
        raise Rejected("A value cannot be read", "What it is given is hidden, and what held it was dropped or is lost.")


def already_done(step: Step, done: Done) -> Change:
    """Return the change of a step that an earlier run of the same plan has carried out: nothing."""
    return Change(
        step=step.id,
        action=step.action,
        target=step.target,
        effect=Effect.NO_OP,
        arguments=step.with_,
        reads=tuple(done.made.values()),
        notes=(f"{_DONE_IN}{done.run}; to do it again, plan with --again N",),
    )


def was_done_before(planned: Change) -> bool:
    """Whether ``planned`` is what ``already_done`` returned. What it reads is only named, and was never read."""
    done = planned.notes and planned.notes[0].startswith(_DONE_IN)
    return planned.effect is Effect.NO_OP and not planned.records and bool(done)


def bring(change: Change) -> Brought:
    """Return what references to a step see before it has run."""
    after = change.records[0].after if change.records else None
    return Brought(after=after, receipt=change.receipt)


def assemble(
    plan: Plan,
    full: tuple[Change, ...],
    systems: Systems,
    judge: Judge,
    commitments: Commitments,
    setting: Setting,
) -> Preview:
    """Return the ChangeSet of previewed changes: each judged, cut to what consent is about, and protected."""
    protector = Protector(commitments, concealed=setting.concealed)
    leaks: dict[str, frozenset[str]] = {}
    denied = denial_of_undoing(judge, plan)
    decisions, changes = [], []
    for step, change in zip(plan.steps, full, strict=True):
        spec = systems.spec(change.action)
        outcome = finality(change, judge, denied)
        decision = judge.decide(outcome, step, plan)
        decisions.append(decision)
        shown = project(outcome, decision.reads, spec.volatile)
        leaks[step.id] = judge.leaks(outcome, decision)
        changes.append(protector.change(shown, spec, leaks[step.id]))
    actions = {change.action for change in full}
    shown_plan = _protected(plan, full, systems, protector, leaks)
    changeset = ChangeSet(
        lineage=setting.lineage,
        tenant=setting.tenant,
        environment=setting.environment,
        purpose=setting.purpose,
        plan=plan if shown_plan == plan else shown_plan,
        policy=judge.digest,
        specs={action: systems.spec(action).digest for action in sorted(actions)},
        systems={
            name: systems.of(name).identity() for name in sorted({action.partition(".")[0] for action in actions})
        },
        changes=tuple(changes),
        undoes=setting.undoes,
        repeat=setting.repeat,
        signed_by=judge.author.key,
    )
    return Preview(
        plan=plan,
        changeset=changeset,
        full=full,
        decisions=tuple(decisions),
        hidden=protector.values,
        author=judge.author,
    )


def denial_of_undoing(judge: Judge, plan: Plan) -> Callable[[Change], str]:
    """Return ``judge.denies_undoing`` for the changes of ``plan``, asked once where policy answers alike for all."""
    alike = judges_all_inverses_alike(judge.policy)
    answers: list[str] = []

    def denied(change: Change) -> str:
        if change.inverse.step is None:
            return ""
        if not alike or not answers:
            answers[:] = [judge.denies_undoing(change, plan)]
        return answers[0]

    return denied


def finality(change: Change, judge: Judge, denied: Callable[[Change], str]) -> Change:
    """Return ``change``, irreversible where policy would let nobody undo it."""
    if judge.purpose is Purpose.ROLLBACK or change.effect in (Effect.READ, Effect.NO_OP):
        return change
    if not (why := denied(change)):
        return change
    return replace(change, inverse=Inverse(kind=Reversibility.NONE, stays=f"policy lets nobody undo it: {why}"))


def _protected(
    plan: Plan,
    full: tuple[Change, ...],
    systems: Systems,
    protector: Protector,
    leaks: Mapping[str, frozenset[str]],
) -> Plan:
    """Return ``plan``, and what its agent wrote of it before people edited it, less what may not stand in clear."""
    at = {change.step: address_of(change) for change in full}

    def hide(step: Step) -> Step:
        return protector.step(step, systems.spec(step.action), at[step.id], leaks[step.id])

    edited = plan.edited
    if edited is not None:
        wrote = {
            name: protector.step(
                step,
                systems.spec(step.action),
                at.get(name) or Address(f"{step.instance}/{step.target}"),
                leaks.get(name, frozenset()),
            )
            for name, step in edited.steps.items()
        }
        edited = replace(edited, steps=wrote)
    return replace(plan, steps=tuple(map(hide, plan.steps)), edited=edited)


def _references(step: Step) -> Collection[Reference]:
    return () if is_plain(step.with_) else [found for given in step.with_.values() for found in references(given)]


def _named(step: Step, systems: Systems) -> tuple[Address, ...]:
    """Return the addresses of the records ``step``, which refers to nothing, names; none where it is refused."""
    try:
        return systems.of(step.instance).addresses(step)
    except Rejected:
        return ()


def _problem(step: Step, error: Rejected) -> Diagnostic:
    return Diagnostic(
        severity=Severity.ERROR,
        code="step-rejected",
        summary=error.summary,
        detail=f"step `{step.id}` ({step.action}): {error.detail}",
        hint=error.hint,
        span=step.span,
    )


_DONE_IN = "already done in "
_FOLLOWS = Diagnostic(severity=Severity.ERROR, code="needs-failed", summary="A step it needs cannot succeed")
