"""The one loop with consequences: every effect agentctl ever has happens here, after the record that can undo it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, assert_never, cast

from agentctl.connectors.base import Call, Receipt
from agentctl.engine import records, secret
from agentctl.engine.gate import Judge, binding, halts_on, lasting, rule
from agentctl.engine.keys import Ledger, keys
from agentctl.engine.lifted import lifted
from agentctl.engine.limits import exceeding
from agentctl.engine.masking import Mask
from agentctl.engine.moved import Moved, moved
from agentctl.engine.overlay import Overlay
from agentctl.engine.ports import (
    Brake,
    Broker,
    Clock,
    Commitments,
    Journal,
    Lease,
    Observer,
    Pack,
    Secrets,
    Systems,
    Timer,
)
from agentctl.engine.preview import Preview, bring, foresee
from agentctl.engine.protect import Protector, agents_values, concealed
from agentctl.engine.readback import Reading, read_back
from agentctl.engine.resolve import Brought, Done, resolve
from agentctl.engine.settle import Sending
from agentctl.errors import AgentctlError, ConnectorError, Incomplete, Indeterminate, Interrupted, Unwritable
from agentctl.facts import dataclass, field, replace
from agentctl.model.action import ActionSpec, Settlement
from agentctl.model.breaker import Breaker
from agentctl.model.change import Change, Effect, weaker
from agentctl.model.clock import Clocks
from agentctl.model.decision import Consent, Hold, Permit, Refuse
from agentctl.model.halt import Halt, concerning
from agentctl.model.limit import Reserved
from agentctl.model.plan import OnFailure, Step
from agentctl.model.projection import project
from agentctl.model.run import Left, LeftStatus, RunStatus, StepStatus
from agentctl.model.values import Value, has_unknown
from agentctl.trace.record import Kind

_DEADLINE = 60.0        # seconds one call to a system may take
_SYNC_MAY_WAIT = {Settlement.LOCAL, Settlement.CONDITIONAL, Settlement.KEYED}
_STOPS_ANY_RUN = {StepStatus.HELD, StepStatus.DEVIATED}


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a run acts with.

    ``ledger`` tells which idempotency keys are used up, ``halts`` what is halted at the moment it is asked.
    ``lifeline`` is what programs that have a part in an effect inherit.
    """

    systems: Systems
    judge: Callable[[], Judge]
    commitments: Commitments
    secrets: Secrets
    broker: Broker
    journal: Journal
    pack: Pack
    clock: Clock
    timer: Timer
    brake: Brake
    observe: Observer
    ledger: Ledger
    halts: Callable[[], Collection[Halt]]
    lifeline: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Start:
    """What ``run_started`` says besides the changeset: whose run, under which consent, after which other run.

    ``left`` are the steps a rollback does not undo, and why. Of a resumption, ``done`` are the steps that need no
    doing, ``again`` those to be sent once more exactly as they were, ``skip`` those a person said to leave be.
    ``reserved`` is what is set aside of limits for the steps that are to be done.
    ``breakers`` are those that watch it to its end, whatever becomes of the policy meanwhile.
    """

    run: str
    who: Mapping[str, Any]
    clock: Clocks
    consent: Consent
    resumes: str = ""
    left: Mapping[str, Left] = field(default_factory=dict)
    done: Mapping[str, Done] = field(default_factory=dict)
    again: Mapping[str, Sending] = field(default_factory=dict)
    skip: frozenset[str] = frozenset()
    reserved: tuple[Reserved, ...] = ()
    breakers: tuple[Breaker, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a run ended. ``moved`` is what stopped it where it was stale; ``halted`` is whether a halt did."""

    status: RunStatus
    steps: Mapping[str, StepStatus]
    reason: str = ""
    moved: tuple[Moved, ...] = ()
    halted: bool = False

    @property
    def began(self) -> bool:
        """Whether any effect happened, or may have."""
        return any(status.acted for status in self.steps.values())


def apply(preview: Preview, start: Start, around: Surroundings) -> Ending:
    """Execute the changes of ``preview`` in order, each gated, read again and recorded ahead; return how it ended.

    What a connector raises is recorded, not raised. A journal that cannot write raises before the effect.
    """
    return _Execution(preview, start, around).run()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    status: StepStatus
    reason: str = ""


class _Execution:
    """One run in progress: the only mutable thing in the engine."""

    def __init__(self, preview: Preview, start: Start, around: Surroundings) -> None:
        self._changeset = preview.changeset
        self._plan = preview.plan
        self._full = preview.full
        self._author = preview.author
        self._agents_values = agents_values(preview.changeset.plan, preview.hidden)
        self._consent = binding(start.consent, preview.changeset)
        self._reserved = {reserved.account: reserved for reserved in start.reserved}
        self._start = start
        self._around = around
        self._status = {step: done.status for step, done in start.done.items()}
        self._brought = {step: done.brought for step, done in start.done.items()}
        self._made = {new: real for done in start.done.values() for new, real in done.made.items()}
        self._keys = keys(
            self._plan, self._changeset.lineage, self._changeset.repeat, around.commitments, around.ledger
        )
        self._packed: set[str] = set()
        self._mask = Mask()
        self._concealed = concealed(preview.hidden)
        self._moved: tuple[Moved, ...] = ()
        self._halted = False
        self._opened = False

    def run(self) -> Ending:
        self._open()
        reason = ""
        for planned, step in zip(self._changeset.changes, self._plan.steps, strict=True):
            if self._status_of(step.id).done:
                continue
            if reason := self._around.brake.asked() or self._halt(step):
                break
            outcome = self._one(planned, step)
            self._status[step.id] = outcome.status
            if self._stops(outcome):
                reason = f"step `{step.id}`: {outcome.reason}"
                break
        return self._close(reason)

    def _halt(self, step: Step) -> str:
        """Return why a person, or a breaker, wants ``step`` not to begin, or nothing. Asked anew before each step."""
        halt = concerning(halts_on(self._changeset, self._around.halts()), self._plan.agent, step.action)
        self._halted = halt is not None
        return f"halted before step `{step.id}`: {halt.why}" if halt else ""

    def _stops(self, outcome: _Outcome) -> bool:
        if outcome.status.done or outcome.status is StepStatus.SKIPPED:
            return False
        return outcome.status in _STOPS_ANY_RUN or self._plan.on_failure is OnFailure.STOP

    def _open(self) -> None:
        """Make durable what undoing will need, then say that the run begins; consent is consumed by that record."""
        protector = self._protector()
        for change in self._full:
            protector.change(change, self._around.systems.spec(change.action))
        protector.values.update(self._agents_values)
        body = records.run_started(self._changeset, self._start, self._author, protector)
        self._keep(protector)
        self._write(Kind.RUN_STARTED, body, sync=True)
        self._opened = True

    def _close(self, reason: str) -> Ending:
        steps = {step.id: self._status_of(step.id) for step in self._plan.steps}
        complete = all(status.done or step in self._start.skip for step, status in steps.items()) and not any(
            left.status is not LeftStatus.NOT_NEEDED for left in self._start.left.values()
        )
        status = RunStatus.COMPLETE if complete else RunStatus.INCOMPLETE
        self._write(Kind.RUN_FINISHED, records.run_finished(status, steps, reason), sync=True)
        return Ending(status=status, steps=steps, reason=reason, moved=self._moved, halted=self._halted)

    def _one(self, planned: Change, step: Step) -> _Outcome:
        if step.id in self._start.skip:
            reason = "a person said to leave it be"
            self._write(Kind.STEP_SKIPPED, records.step_skipped(step, reason), sync=False)
            return _Outcome(status=StepStatus.SKIPPED, reason=reason)
        missing = [need for need in step.needs if not self._status_of(need).done]
        if missing:
            reason = f"it needs `{missing[0]}`, which is not done"
            self._write(Kind.STEP_SKIPPED, records.step_skipped(step, reason), sync=False)
            return _Outcome(status=StepStatus.SKIPPED, reason=reason)
        try:
            return self._act(planned, resolve(step, self._brought, self._made))
        except ConnectorError as error:      # from reading or previewing again: nothing happened
            return self._not_done(step, StepStatus.FAILED, _said(error))

    def _act(self, planned: Change, step: Step) -> _Outcome:
        """Gate again, read again, and only then perform."""
        if sending := self._start.again.get(step.id):
            return self._send_again(step, sending)
        key = self._keys(step.id)
        if done := self._around.ledger.done(key):
            self._made.update(done.made)
            return self._without_effect(step, done.brought, StepStatus.ALREADY_DONE, f"already done in {done.run}")
        spec = self._around.systems.spec(step.action)
        overlay = Overlay(self._around.systems, self._around.clock)
        change = foresee(step, self._around.systems, overlay)
        inverse = weaker(change.inverse, planned.inverse)
        outcome = change if inverse is change.inverse else replace(change, inverse=inverse)
        judge = self._around.judge()
        consent = lasting(self._consent, judge.now)
        decision = lifted(judge.decide(outcome, step, self._plan, final=True), consent)
        leaks = judge.leaks(outcome, decision)
        protector = Protector(self._around.commitments, concealed=self._concealed)
        seen = protector.change(project(change, decision.reads, spec.volatile), spec, leaks)
        self._write(Kind.DECISION, records.decision(self._mask.decision(decision)), sync=False)
        match rule(outcome, decision, consent, spec):
            case Refuse(why=why):
                late = _expired(self._consent, consent) if decision.otherwise else ""
                return self._not_done(step, StepStatus.REFUSED, f"{why}{late}")
            case Hold(needs=needs):
                reason = f"it waits for {needs[0].what}{_expired(self._consent, consent)}"
                protector = self._protector()
                shown = protector.change(seen, spec, leaks)
                self._keep(protector)
                self._write(Kind.ESCALATION, records.escalation(step, needs, shown), sync=True)
                return _Outcome(status=StepStatus.HELD, reason=reason)
            case Permit():
                pass
            case unexpected:
                assert_never(unexpected)
        if why := exceeding(step.id, decision.charges, self._reserved, self._around.commitments):
            return self._not_done(step, StepStatus.REFUSED, why)
        if difference := moved(planned, seen, self._made):
            self._moved = self._mask.moved(difference)
            return self._not_done(step, StepStatus.REFUSED, records.in_words(difference))
        if unknown := _unknown(change):
            why = f"`{unknown}` is not known: nobody learned what it refers to"
            return self._not_done(step, StepStatus.REFUSED, why)
        if wrong := secret.unfit(change, spec):     # what resolved only now meets its schema only now
            return self._not_done(step, StepStatus.REFUSED, wrong)
        if change.effect is Effect.NO_OP:
            return self._without_effect(step, bring(change), StepStatus.NO_OP)
        values = secret.fetch(step, change, spec, self._around.secrets)
        sending = Sending(change=change, key=key, before=overlay.live)
        return self._under_credential(step, seen, spec, sending, values)

    def _send_again(self, step: Step, sending: Sending) -> _Outcome:
        """Send what an earlier run may have sent, under the same key: the system acts once and tells how it ended."""
        spec = self._around.systems.spec(step.action)
        change = sending.change
        decision = lifted(self._around.judge().decide(change, step, self._plan, final=True), self._consent)
        self._write(Kind.DECISION, records.decision(self._mask.decision(decision)), sync=False)
        ruling = rule(change, decision, self._consent, spec)
        if not isinstance(ruling, Permit):
            return self._in_doubt(step, "policy no longer lets it be sent again to find out")
        protector = Protector(self._around.commitments, concealed=self._concealed)
        seen = protector.change(project(change, decision.reads, spec.volatile), spec)
        try:
            values = secret.fetch(step, change, spec, self._around.secrets)
            return self._under_credential(step, seen, spec, sending, values)
        except ConnectorError as error:
            return self._in_doubt(step, f"it cannot be sent again to find out: {error}")

    def _under_credential(
        self, step: Step, seen: Change, spec: ActionSpec, sending: Sending, values: Mapping[str, str]
    ) -> _Outcome:
        """Perform with a credential that is minted for this step, recorded without its token, and ended afterwards."""
        lease = self._around.broker.mint(step.instance, step.target, spec.scopes, _DEADLINE)
        if lease is None:
            return self._perform(step, seen, spec, sending, values)
        try:
            token = {f"token for step {step.id}": lease.credential.token}
            self._mask = self._mask.knowing({**self._around.broker.tokens(), **token})
            self._write(Kind.CREDENTIAL_MINTED, records.credential_minted(step, lease), sync=False)
            return self._perform(step, seen, spec, sending, values, lease)
        finally:
            self._around.broker.release(lease)

    def _perform(
        self, step: Step, seen: Change, spec: ActionSpec, sending: Sending, values: Mapping[str, str],
        lease: Lease | None = None,
    ) -> _Outcome:
        """Have the effect: the record that can undo it first, then the call, then what the system shows.

        What is sent again may have happened the first time, whatever becomes of the second.
        """
        change = sending.change
        self._mask = self._mask.knowing(secret.by_name(step, values))
        protector = self._protector()
        recorded = protector.change(change, spec)
        self._keep(protector)
        self._write(Kind.STEP_STARTED, records.step_started(recorded, seen, sending.key, sending.before), sync=True)
        call = Call(
            key=sending.key,
            before=sending.before,
            deadline=_DEADLINE,
            credential=lease.credential if lease else None,
            secrets=values,
            lifeline=self._around.lifeline,
            run=self._start.run,
        )
        try:
            with self._around.brake.call():
                receipt = self._around.systems.of(step.instance).execute(change, call)
            reading = read_back(change, receipt, spec, self._around.systems, self._around.timer)
        except (Indeterminate, Interrupted) as error:
            reason = self._mask.text(_said(error))
            self._write(Kind.STEP_IN_DOUBT, records.step_in_doubt(step, reason), sync=True)
            return _Outcome(status=StepStatus.IN_DOUBT, reason=f"it may have happened: {reason}")
        except ConnectorError as error:
            if step.id in self._start.again:
                return self._in_doubt(step, f"sent again, it was not taken: {self._mask.text(str(error))}")
            return self._not_done(step, StepStatus.FAILED, _said(error))
        return self._done(step, change, receipt, reading, spec)

    def _done(self, step: Step, change: Change, receipt: Receipt, reading: Reading, spec: ActionSpec) -> _Outcome:
        receipt = self._mask.receipt(receipt)
        if reading.reason:
            reading = replace(reading, reason=self._mask.text(reading.reason))
        protector = self._protector()
        body = records.step_finished(step, change, receipt, reading, spec, protector)
        self._keep(protector)
        self._made.update(receipt.addresses)
        after = reading.observed[0].value if reading.observed else bring(change).after
        self._brought[step.id] = Brought(after=self._mask.clear(after), receipt=receipt.ids)
        sync = spec.settlement not in _SYNC_MAY_WAIT or reading.status is StepStatus.DEVIATED
        self._write(Kind.STEP_FINISHED, body, sync=sync)
        return _Outcome(status=reading.status, reason=reading.reason)

    def _without_effect(self, step: Step, brought: Brought, status: StepStatus, reason: str = "") -> _Outcome:
        self._brought[step.id] = brought
        self._write(Kind.STEP_FINISHED, records.step_unneeded(step, status, reason), sync=False)
        return _Outcome(status=status, reason=reason)

    def _not_done(self, step: Step, status: StepStatus, reason: str) -> _Outcome:
        reason = self._mask.text(reason)
        self._write(Kind.STEP_FAILED, records.step_failed(step, status, reason), sync=True)
        return _Outcome(status=status, reason=reason)

    def _in_doubt(self, step: Step, why: str) -> _Outcome:
        reason = f"it may have happened, and {why}"
        self._write(Kind.STEP_IN_DOUBT, records.step_in_doubt(step, reason), sync=True)
        return _Outcome(status=StepStatus.IN_DOUBT, reason=reason)

    def _protector(self) -> Protector:
        """Return what hides values that may not stand in the trace, those that hold secrets known by now among them."""
        return Protector(self._around.commitments, large=True, mask=self._mask, concealed=self._concealed)

    def _status_of(self, step: str) -> StepStatus:
        return self._status.get(step, StepStatus.PENDING)

    def _keep(self, protector: Protector) -> None:
        """Put values the trace only commits to where they are encrypted, each once."""
        fresh = {key: wire for key, wire in protector.values.items() if key not in self._packed}
        if not fresh:
            return
        try:
            self._around.pack.put(fresh)
        except Unwritable as error:
            if not self._opened:
                raise
            raise Incomplete(
                error.summary,
                f"{error.detail} What comes after was not done.",
                hint="Make room or repair the disk, then go on with the run.",
                command=f"agentctl apply --resume {self._start.run}",
            ) from error
        self._packed.update(fresh)

    def _write(self, kind: Kind, body: Mapping[str, Any], *, sync: bool) -> None:
        self._around.observe(self._around.journal.append(kind, body, sync=sync))


def _said(error: AgentctlError) -> str:
    """Return what went wrong and, where that is known, what helps: whoever reads it later has nothing else."""
    return " ".join(filter(None, (str(error), error.hint, error.command)))


def _unknown(change: Change) -> str:
    """Return the first argument that no earlier step brought: a reply may be lost and its effect vouched for."""
    return next((name for name, value in change.arguments.items() if has_unknown(cast(Value, value))), "")


def _expired(consent: Consent, left: Consent) -> str:
    """Say whose consent ended since the run began."""
    approvals = [("approval", one.person, one.until) for one in consent.signed if one not in left.signed]
    overrides = [("override", one.person, one.until) for one in consent.overrides if one not in left.overrides]
    return "".join(f"; `{person}`'s {what} was good until {until}" for what, person, until in (*approvals, *overrides))
