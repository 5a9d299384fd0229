"""A run from lock to state: what the engine's loop needs is opened here, in order, and closed again."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from agentctl.engine import secret
from agentctl.engine.again import preview_again
from agentctl.engine.apply import Ending, Start, Surroundings, apply
from agentctl.engine.gate import halts_on
from agentctl.engine.keys import done_by, ledger
from agentctl.engine.ports import Brake, Observer
from agentctl.engine.preview import Preview
from agentctl.engine.resolve import Done
from agentctl.engine.settle import Answer, Sending
from agentctl.errors import Incomplete, Tampered, Unwritable, Usage
from agentctl.facts import dataclass, field, replace
from agentctl.model.changeset import ChangeSet, Purpose
from agentctl.model.decision import Consent
from agentctl.model.halt import concerning
from agentctl.model.run import History, Left, Run, RunStatus, StepStatus
from agentctl.store import halts, packs
from agentctl.store.lock import Held
from agentctl.trace.journal import Journal
from agentctl.workspace import doubting, judging, rejecting
from agentctl.workspace.bringing import bringing
from agentctl.workspace.consenting import confirm, renewed
from agentctl.workspace.halting import refusal
from agentctl.workspace.limiting import reserve
from agentctl.workspace.lineage import new_id
from agentctl.workspace.projecting import keep_state
from agentctl.workspace.resolving import settle_all
from agentctl.workspace.unlocking import locked, record_halts
from agentctl.workspace.watching import Watched
from agentctl.workspace.workspace import Workspace

_RUN_ID = 8


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A run that is over: how, and whether an effect had begun before it (it resumed or undid something)."""

    run: str
    ending: Ending
    began_before: bool


class Wall:
    """The engine's Timer: real waiting."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True, kw_only=True)
class Control:
    """What the person at the other end holds: how long to wait for the lock, the brake, the observer."""

    timeout: float
    brake: Brake
    observe: Observer


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """Of what a run is a part: the run it resumes, with what was done or begun there; what a rollback leaves."""

    held: Held
    resumes: str = ""
    done: Mapping[str, Done] = field(default_factory=dict)
    again: Mapping[str, Sending] = field(default_factory=dict)
    skip: frozenset[str] = frozenset()
    left: Mapping[str, Left] = field(default_factory=dict)


def carry_out(
    workspace: Workspace, preview: Preview, consent: Consent, control: Control, left: Mapping[str, Left] | None = None
) -> Ended:
    """Apply ``preview`` under ``consent`` as a new run. ``left`` are the steps a rollback does not undo."""
    run = new_id(_RUN_ID)
    with locked(workspace, run, control.timeout) as held:
        return _run(workspace, run, preview, consent, control, _Frame(held=held, left=left or {}))


def resume(workspace: Workspace, name: str, control: Control) -> Ended:
    """Go on with a run that stopped, under the same consent: settle what is in doubt, then do what is not done.

    Raises Usage where there is nothing to go on with, Incomplete where a step stays in doubt, Stale where what is left
    is no longer what was consented to.
    """
    run = new_id(_RUN_ID)
    with locked(workspace, run, control.timeout) as held:
        old = _resumable(workspace, name)
        _check_trace(workspace.history(), old.purpose, old.undoes)
        answers: Mapping[str, Answer] = {}
        if old.unsettled:
            answers = settle_all(workspace, old)
            old = workspace.run(old.id)
        again = {step: answer.sending for step, answer in answers.items() if answer.sending is not None}
        if doubtful := [step for step in old.unsettled if step.id not in again]:
            raise Incomplete(
                "A step is in doubt",
                f"Whether step `{doubtful[0].id}` of run {old.id} happened cannot be told: "
                f"{answers[doubtful[0].id].reason}.",
                hint="Look at the system, then say what became of it (--happened, --did-not or --skip):",
                command=f"agentctl resolve {old.id} {doubtful[0].id} --happened --reason …",
            )
        changeset, hidden = workspace.stored(old.digest)
        values = workspace.values(old)
        done = {step.id: done_by(old, step, values) for step in old.steps if step.status.done}
        skip = frozenset(step.id for step in old.steps if step.resolved == "skip")
        preview = preview_again(
            changeset,
            hidden,
            workspace.systems,
            workspace.judge_of(changeset, hidden),
            workspace.vault,
            done,
            {step: sending.change for step, sending in again.items()},
            skip,
            old.id,
        )
        frame = _Frame(held=held, resumes=old.id, done=done, again=again, skip=skip, left=old.left)
        consent = renewed(workspace, preview, old.consent, old.id)
        return _run(workspace, run, preview, consent, control, frame)


def _resumable(workspace: Workspace, name: str) -> Run:
    old = workspace.run_to_act_on(name)
    if old.status is RunStatus.COMPLETE:
        raise Usage("Nothing to resume", f"Run {old.id} is complete.")
    if old.resumed_by:
        later = old.resumed_by[-1]
        raise Usage(
            "The run was resumed already",
            f"Run {old.id} went on as {later}.",
            command=f"agentctl apply --resume {later}",
        )
    return old


def _run(
    workspace: Workspace, run: str, preview: Preview, consent: Consent, control: Control, frame: _Frame
) -> Ended:
    history = workspace.history()
    _check_trace(history, preview.changeset.purpose, preview.changeset.undoes)
    workspace.check_clock()
    _check_halts(workspace, preview.changeset, frame)
    for step, doubt in judging.in_doubt(workspace, preview.changeset, frame.resumes).items():
        raise doubting.refusal(step, doubt)     # another run may have ended so while this one waited for the lock
    if rejected := judging.rejections(workspace, preview.changeset):
        raise rejecting.refusal(rejected[0], preview.changeset)
    confirm(workspace, preview.changeset, consent, frame.resumes)
    left = [step for step in preview.plan.steps if step.id not in frame.done and step.id not in frame.skip]
    workspace.secrets.check(secret.names(left))
    workspace.broker.check(dict.fromkeys(step.instance for step in left))
    reserved = reserve(workspace, preview, consent)
    start = Start(
        run=run,
        who={"user": workspace.person, "host": os.uname().nodename, "pid": os.getpid()},
        clock=workspace.clocks(),
        consent=consent,
        resumes=frame.resumes,
        left=frame.left,
        done=frame.done,
        again=frame.again,
        skip=frame.skip,
        reserved=reserved,
        breakers=workspace.policy.breakers,
    )
    began = workspace.time()
    with _written(workspace, run) as (journal, pack):
        watched = Watched(
            journal, history, preview.changeset, start.breakers, lambda: halts.asked(workspace.layout)
        )
        ending = apply(
            preview,
            start,
            Surroundings(
                systems=workspace.systems,
                # The trace grows with every step: it is not read again for the time.
                judge=lambda: workspace.judge_now(
                    preview.changeset.purpose, max(workspace.now(), began), preview.author
                ),
                commitments=workspace.vault,
                secrets=workspace.secrets,
                broker=workspace.broker,
                journal=watched,
                pack=pack,
                clock=workspace.now,
                timer=Wall(),
                brake=control.brake,
                observe=control.observe,
                ledger=ledger(history, preview.plan, workspace.values),
                halts=watched.halts,
                lifeline=frame.held.lend(),
            ),
        )
    if StepStatus.IN_DOUBT not in ending.steps.values():
        frame.held.recall()     # every call was waited for
    if journal.signed is not None and not (start.resumes or start.done):
        workspace.know_steps(journal.signed.digest, watched.steps)
    with suppress(Unwritable):      # they stand without being recorded, and whoever holds the lock next does it
        for record in record_halts(workspace):
            control.observe(record)
    keep_state(workspace)
    return Ended(run=run, ending=ending, began_before=bool(frame.resumes))


def _check_trace(history: History, purpose: Purpose, undoes: str) -> None:
    """Refuse to act on a history with holes: what it no longer tells would be done twice.

    An undoing needs only the run it undoes to be whole: damage elsewhere must not keep on-call from putting it back.
    """
    undone = history.run(undoes) if purpose is Purpose.ROLLBACK else None
    if history.damage and not (undone and undone.complete):
        raise Tampered(
            "The trace is damaged",
            f"{history.damage[0]}. What was done before cannot be told, so nothing was executed.",
            hint="See what is whole and what is not:",
            command="agentctl verify",
        )


def _check_halts(workspace: Workspace, changeset: ChangeSet, frame: _Frame) -> None:
    """Refuse to begin a run that a halt would stop before its first step."""
    binding = halts_on(changeset, workspace.halts())
    step = next((step for step in changeset.plan.steps if step.id not in frame.done), None)
    if step and (halt := concerning(binding, changeset.plan.agent, step.action)):
        raise refusal(halt)


@contextmanager
def _written(workspace: Workspace, run: str) -> Iterator[tuple[Journal, Any]]:
    with (
        bringing(workspace) as tell,
        Journal.open(replace(workspace.places, tell=tell), "run", run, clock=workspace.now) as journal,
        packs.Pack(workspace.layout.packs, run, workspace.vault, workspace.layout.file_mode) as pack,
    ):
        yield journal, pack
