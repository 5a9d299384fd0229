"""A Run in, a Plan of its inverses out, and what of it can still be undone: rollback is another plan, not an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agentctl.engine.gate import Judge
from agentctl.engine.keys import undo_id
from agentctl.engine.moved import fits
from agentctl.engine.overlay import Overlay
from agentctl.engine.ports import Commitments, Systems
from agentctl.engine.preview import Preview, Setting, assemble, foresee
from agentctl.engine.protect import reveal_change, reveal_fields, reveal_step
from agentctl.engine.resting import Standing, dependents
from agentctl.engine.spoken import spoken
from agentctl.engine.unreadable import as_kept, needed
from agentctl.errors import Rejected, Usage
from agentctl.facts import dataclass, replace
from agentctl.model.change import Change, Effect, RecordChange
from agentctl.model.doubt import InDoubt
from agentctl.model.plan import OnFailure, Plan, Step
from agentctl.model.run import Left, LeftStatus, Run, StepRun, StepStatus
from agentctl.model.snapshot import Address
from agentctl.model.values import Fields, Hidden, differing

_STANDING = (LeftStatus.REFUSED, LeftStatus.IN_DOUBT, LeftStatus.UNREADABLE)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which steps of a run to undo; nothing set means all of them."""

    steps: tuple[str, ...] = ()
    from_: str = ""
    connector: str = ""
    with_dependents: bool = False


@dataclass(frozen=True, kw_only=True)
class Undoing:
    """The preview of a rollback, and the steps it leaves alone. ``preview`` is None where nothing is left to undo."""

    preview: Preview | None
    left: Mapping[str, Left]

    @property
    def nothing_needed(self) -> bool:
        """Whether everything is as it was before, so that leaving it alone is success."""
        return all(item.status is LeftStatus.NOT_NEEDED for item in self.left.values())


def select(run: Run, selection: Selection, systems: Systems) -> tuple[StepRun, ...]:
    """Return the steps to undo, in the order in which they were done. What only looked has nothing to be undone.

    Raises Usage where a step is unknown, nothing is selected, or a later step rests on a selected one and was not
    selected with it.
    """
    acted = [step for step in run.steps if step.status.acted]
    looked = {step.id for step in acted if step.change is not None and step.change.effect is Effect.READ}
    chosen = {step.id for step in _chosen(run, acted, selection)} - looked
    rests_on = dependents(run, acted, systems)
    missing = _closure(chosen, rests_on) - chosen - looked
    if missing and not selection.with_dependents:
        names = ", ".join(f"`{step.id}`" for step in acted if step.id in missing)
        raise Usage(
            "Later steps rest on the selected ones",
            f"{names} touched or used what would be undone.",
            hint="undo them too with --with-dependents",
        )
    chosen |= missing
    if not chosen:
        raise Usage("Nothing to undo", f"No step of run {run.id} that was selected had an effect.")
    return tuple(step for step in acted if step.id in chosen)


def preview_undoing(
    run: Run,
    selected: tuple[StepRun, ...],
    undone: Mapping[str, str],
    perhaps: Mapping[str, InDoubt],
    values: Mapping[str, Any],
    systems: Systems,
    judge: Judge,
    commitments: Commitments,
    setting: Setting,
    gone: Callable[[], str] = str,
) -> Undoing:
    """Preview undoing ``selected``, the last step first. A step whose records changed since is left alone.

    ``undone`` are the steps earlier rollbacks have undone, ``perhaps`` those of which nobody knows. ``values`` are the
    run's hidden values: before-images and what the inverses put back; ``gone`` tells why some cannot be read.
    """
    overlay = Overlay(systems, lambda: setting.now)
    standing = Standing(run, systems)
    left: dict[str, Left] = {}
    undoing: list[StepRun] = []
    steps: list[Step] = []
    full: list[Change] = []
    for original in reversed(selected):
        verdict: Step | Left
        if original.id in undone:
            verdict = Left(status=LeftStatus.NOT_NEEDED, reason=f"undone by run {undone[original.id]}")
        elif doubt := perhaps.get(original.id):
            reason = f"step `{doubt.step}` of run {doubt.run} may have undone it: `agentctl resolve` tells us"
            verdict = Left(status=LeftStatus.IN_DOUBT, reason=reason)
        else:
            verdict = _undo(original, values, gone)
        if isinstance(verdict, Step):
            if by := standing.rests_on(original):
                verdict = Left(status=LeftStatus.REFUSED, reason=f"`{by}` rests on it and is not undone")
            else:
                verdict = _since(original, verdict, values, systems, overlay, commitments) or verdict
        if isinstance(verdict, Step):
            try:
                change = foresee(verdict, systems, overlay)
            except Rejected as error:
                verdict = Left(status=LeftStatus.REFUSED, reason=str(error))
            else:
                overlay.foresee(change)
                undoing.append(original)
                steps.append(verdict)
                full.append(change)
        if isinstance(verdict, Left):
            left[original.id] = verdict
            if verdict.status in _STANDING:
                standing.add(original)
    if not steps:
        return Undoing(preview=None, left=left)
    later = dependents(run, reversed(undoing), systems)
    steps = [
        replace(step, needs=tuple(undo_id(name) for name in sorted(later[original.id])))
        for original, step in zip(undoing, steps, strict=True)
    ]
    plan = _plan(run, tuple(steps), judge.person)
    return Undoing(preview=assemble(plan, tuple(full), systems, judge, commitments, setting), left=left)


def _chosen(run: Run, acted: list[StepRun], selection: Selection) -> Iterator[StepRun]:
    known = {step.id for step in run.steps}
    for name in (*selection.steps, *filter(None, [selection.from_])):
        if name not in known:
            raise Usage("No such step", f"Run {run.id} has no step `{name}`; it has {', '.join(sorted(known))}.")
    order = {step.id: place for place, step in enumerate(run.steps)}
    named = frozenset(selection.steps)
    for step in acted:
        if named and step.id not in named:
            continue
        if selection.from_ and order[step.id] < order[selection.from_]:
            continue
        if selection.connector and step.action.partition(".")[0] != selection.connector:
            continue
        yield step


def _closure(chosen: set[str], rests_on: Mapping[str, set[str]]) -> set[str]:
    found = set(chosen)
    waiting = list(chosen)
    while waiting:
        for later in rests_on[waiting.pop()] - found:
            found.add(later)
            waiting.append(later)
    return found


def _undo(original: StepRun, values: Mapping[str, Any], gone: Callable[[], str]) -> Step | Left:
    if original.status in (StepStatus.STARTED, StepStatus.IN_DOUBT):
        return Left(status=LeftStatus.IN_DOUBT, reason="nobody knows whether it happened: `agentctl resolve` tells us")
    if original.inverse is None or original.inverse.step is None:
        stays = original.inverse.stays if original.inverse else ""
        return Left(status=LeftStatus.IRREVERSIBLE, reason=stays or "it cannot be undone")
    if _nameless(original):
        return Left(status=LeftStatus.IRREVERSIBLE, reason="nobody knows what the system calls what it made")
    step = reveal_step(original.inverse.step, values)
    if needed(step):
        return Left(status=LeftStatus.UNREADABLE, reason=f"what it would put back {gone() or 'cannot be read'}")
    return replace(step, id=undo_id(original.id), because=f"Undoes `{original.id}`.", evidence=(), needs=())


def _nameless(original: StepRun) -> bool:
    """Whether the step made a record whose name never reached us: a person said that it happened."""
    records = original.change.records if original.change else ()
    return any("/new:" in record.address and record.address not in original.addresses for record in records)


def _since(
    original: StepRun,
    step: Step,
    values: Mapping[str, Any],
    systems: Systems,
    overlay: Overlay,
    commitments: Commitments,
) -> Left | None:
    """Compare what we left behind with what is there now: ours, already back, or somebody else's."""
    if original.change is None:
        raise ValueError(f"{original.id} never started")
    change = reveal_change(original.change, values)
    spec = systems.spec(step.action)
    ignored = spec.volatile
    observed = {item.address: reveal_fields(item.value, values) for item in original.observed}
    recorded = (*(item.value for item in original.observed), *(item.before for item in original.change.records))
    concealed = frozenset(
        name for fields in recorded for name, value in (fields or {}).items()
        if isinstance(value, Hidden) and value.concealed
    )
    back, moved = True, ""
    for record in change.records:
        address = original.addresses.get(record.address, record.address)
        live = overlay.read(address).value
        ours = observed.get(address, record.after)
        owned = _owned(record, ours, ignored)
        back = back and _agrees(owned, record.before, as_kept(record.before, live, record.address, commitments))
        live = as_kept(ours, live, address, commitments)
        if not moved and not _agrees(owned, ours, live):
            moved = _told(address, owned, (record.before, ours, live), spec.sensitive | spec.sealed | concealed)
    if back:
        return Left(status=LeftStatus.NOT_NEEDED, reason="everything is as it was before")
    return Left(status=LeftStatus.REFUSED, reason=f"changed since: {moved}") if moved else None


def _owned(record: RecordChange, ours: Fields | None, ignored: frozenset[str]) -> tuple[str, ...] | None:
    """The fields the step wrote: all of them where it made the record; None for the whole, where it removed it."""
    if ours is None:
        return None
    if record.before is None:
        return tuple(sorted(ours.keys() - ignored))
    return tuple(sorted({*differing(record.before, ours)} - ignored))


def _agrees(owned: tuple[str, ...] | None, wanted: Fields | None, live: Fields | None) -> bool:
    if wanted is None or live is None:
        return wanted is live
    if owned is None:
        return fits(wanted, live)
    return all(
        (name in wanted) is (name in live) and (name not in wanted or fits({name: wanted[name]}, live))
        for name in owned
    )


def _told(
    address: Address,
    owned: tuple[str, ...] | None,
    versions: tuple[Fields | None, Fields | None, Fields | None],
    hidden: frozenset[str],
) -> str:
    """Say which field of ``versions`` (before, ours, live) was changed by somebody else; hidden ones without values."""
    _, ours, live = versions
    if live is None or ours is None:
        return f"{address} is {'gone' if live is None else 'there again'}"
    for name in owned if owned is not None else sorted(ours):
        if not _agrees((name,), ours, live):
            was, put, now = ((fields or {}).get(name) for fields in versions)
            if name in hidden or any(isinstance(value, Hidden) for value in (was, put, now)):
                return f"{address}: `{name}` is no longer what we made it"
            return f"{address}: `{name}` was {spoken(was)}, we made it {spoken(put)}, now it is {spoken(now)}"
    return str(address)


def _plan(run: Run, steps: tuple[Step, ...], person: str) -> Plan:
    return Plan(
        intent=f"Undo run {run.id}: {run.plan.intent}",
        agent=run.plan.agent,
        requested_by=person,
        steps=steps,
        on_failure=OnFailure.CONTINUE,
        tenant=run.tenant,
        environment=run.environment,
    )

