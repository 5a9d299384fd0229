"""The gate: policy's decision × consent × limits × halts → may it run, must it wait, or is it refused. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import assert_never

from agentctl.engine.lifted import lifted
from agentctl.engine.ports import Systems
from agentctl.errors import Refused
from agentctl.facts import dataclass, replace
from agentctl.model.action import ActionSpec, Reversibility
from agentctl.model.authorship import CLAIMED, Authorship
from agentctl.model.change import Change, Effect, RecordChange, strongest
from agentctl.model.changeset import ChangeSet, Purpose
from agentctl.model.decision import (
    Consent,
    ConsentKind,
    Decision,
    Finding,
    Hold,
    Mode,
    Need,
    Outcome,
    Permit,
    Refuse,
    Ruling,
    Signatures,
    Signed,
    Verdict,
)
from agentctl.model.halt import Halt, concerning
from agentctl.model.plan import Evidence, Plan, Step
from agentctl.model.values import has_unknown
from agentctl.policy.citing import nobody_checked
from agentctl.policy.evaluate import Context, decide, decide_inverse
from agentctl.policy.rules import Policy

_SPOTTED = (Outcome.DENIES, Outcome.OVERRIDDEN, Outcome.ERROR)
_NOTHING: frozenset[str] = frozenset()
_MANUAL = 2     # signatures that what starts by hand asks for where policy does not say


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Policy with everything it is judged under. ``person`` is who started this, as far as that is known."""

    policy: Policy
    systems: Systems
    tenant: str
    environment: str
    now: datetime
    purpose: Purpose = Purpose.APPLY
    person: str = ""
    author: Authorship = CLAIMED
    checked: Callable[[Evidence], bool | None] = nobody_checked

    @property
    def digest(self) -> str:
        return self.policy.digest

    def decide(self, change: Change, step: Step, plan: Plan, *, final: bool = False) -> Decision:
        """Return policy's answer for one change; ``final`` just before the effect, when undecided means denied."""
        return decide(change, self._context(change, step, plan, final=final))

    def leaks(self, change: Change, decision: Decision) -> frozenset[str]:
        """Return the arguments and fields of ``change`` in which policy denies a credential, overridden or not."""
        denied = [finding.rule for finding in decision.findings if finding.outcome in _SPOTTED]
        if not denied or not any(invariant.secrets and invariant.id in denied for invariant in self.policy.invariants):
            return _NOTHING
        from agentctl.policy.leaks import leaking

        return leaking(change, self.systems.spec(change.action))

    def denies_undoing(self, change: Change, plan: Plan) -> str:
        """Return why nobody could undo ``change`` under this policy, or nothing where somebody could."""
        inverse = change.inverse.step
        if inverse is None:
            return ""
        records = tuple(
            RecordChange(address=record.address, before=record.after, after=record.before) for record in change.records
        )
        undoing = Change(
            step=inverse.id,
            action=inverse.action,
            target=inverse.target,
            effect=strongest(records),
            arguments=inverse.with_,
            records=records,
        )
        decision = decide_inverse(undoing, self._context(undoing, inverse, plan, final=False))
        # The lines after the first are what to write into the policy, and have no place beside a step.
        return _why(decision).partition("\n")[0] if decision.verdict is Verdict.DENY else ""

    def _context(self, change: Change, step: Step, plan: Plan, *, final: bool) -> Context:
        return Context(
            policy=self.policy,
            plan=plan,
            step=step,
            spec=self.systems.spec(change.action),
            tenant=self.tenant,
            environment=self.environment,
            purpose=self.purpose,
            now=self.now,
            person=self.person,
            author=self.author,
            final=final,
            checked=self.checked,
        )


def judge(
    changeset: ChangeSet,
    decisions: Iterable[Decision],
    consent: Consent,
    systems: Systems,
    halts: Collection[Halt] = (),
    beyond: Mapping[str, Finding] | None = None,
) -> dict[str, Ruling]:
    """Return the ruling for each step of ``changeset``, in order. ``beyond`` denies what does not fit its limits."""
    given = binding(consent, changeset)
    in_force = halts_on(changeset, halts)
    rulings: dict[str, Ruling] = {}
    for change, asked in zip(changeset.changes, decisions, strict=True):
        decision = lifted(asked, given)
        ruling = rule(change, decision, given, systems.spec(change.action))
        if beyond and change.step in beyond and not isinstance(ruling, Refuse):
            ruling = _over(decision, beyond[change.step])
        halt = concerning(in_force, changeset.plan.agent, change.action) if in_force else None
        # What policy refuses anyway stays refused by it: lifting the halt would not help.
        rulings[change.step] = Refuse(decision, halt.why, halt) if halt and not isinstance(ruling, Refuse) else ruling
    return rulings


def _over(decision: Decision, limit: Finding) -> Refuse:
    return Refuse(replace(decision, findings=(limit, *decision.findings)), limit.reason)


def halts_on(changeset: ChangeSet, halts: Collection[Halt]) -> Collection[Halt]:
    """Return the halts that bind ``changeset``: none where it undoes something."""
    return () if changeset.purpose is Purpose.ROLLBACK else halts


def binding(consent: Consent, changeset: ChangeSet) -> Consent:
    """Return ``consent`` if it is to exactly this changeset, else no consent."""
    return consent if consent.digest == changeset.digest else Consent()


def lasting(consent: Consent, now: datetime) -> Consent:
    """Return what of ``consent`` is still good ``now``: no step begins under what has expired since the run began."""
    if not (consent.signed or consent.overrides):
        return consent
    return replace(
        consent,
        signed=tuple(one for one in consent.signed if now < datetime.fromisoformat(one.until)),
        overrides=tuple(one for one in consent.overrides if now < datetime.fromisoformat(one.until)),
    )


def rule(change: Change, decision: Decision, consent: Consent, spec: ActionSpec) -> Ruling:
    """Return whether one change may run under a consent that binds, must wait, or is refused."""
    match decision.verdict:
        case Verdict.DENY:
            return Refuse(decision, _why(decision))
        case Verdict.ALLOW | Verdict.CONSENT:
            if why := stretches(change, spec):
                return Refuse(decision, why)
            needs = tuple(_needs(change, decision, consent))
            return Hold(decision, needs) if needs else Permit(decision)
    assert_never(decision.verdict)


def check_decided(rulings: Mapping[str, Ruling]) -> None:
    """Raise Refused where a step waits for what no consent brings: a value, or a time, that is still to come."""
    for step, ruling in rulings.items():
        for need in ruling.needs if isinstance(ruling, Hold) else ():
            if need.kind is ConsentKind.NONE:
                raise Refused("Policy refuses", f"step `{step}`, as it stands now: {need.what}. Nothing was executed.")


def stretches(change: Change, spec: ActionSpec) -> str:
    """Return why consent to ``change`` would cover what nobody has seen: an unknown recipient or amount."""
    for name in (*spec.recipients, *spec.amounts):
        if has_unknown(change.arguments.get(name)):  # type: ignore[arg-type]  # resolved: no references but secrets
            kind = "recipient" if name in spec.recipients else "amount"
            return f"`{name}` is a {kind} and is not known before apply"
    return ""


def irreversible_groups(changeset: ChangeSet, steps: Collection[str] = ()) -> dict[str, int]:
    """Return, for each action with changes that cannot be undone, how many there are: each asks for its own consent.

    With ``steps`` only those are counted.
    """
    groups: dict[str, int] = {}
    for change in changeset.changes:
        if irreversible(change) and (not steps or change.step in steps):
            groups[change.action] = groups.get(change.action, 0) + 1
    return groups


def irreversible(change: Change) -> bool:
    return change.effect not in (Effect.READ, Effect.NO_OP) and change.inverse.kind is Reversibility.NONE


def _needs(change: Change, decision: Decision, consent: Consent) -> Iterable[Need]:
    if decision.verdict is Verdict.ALLOW and change.effect is Effect.READ:
        return
    if undecided := [finding for finding in decision.findings if finding.outcome == Outcome.UNDECIDED]:
        yield Need(what=undecided[0].reason, kind=ConsentKind.NONE)
    if change.effect is Effect.NO_OP:
        return
    signed = consent.signers(change.step)
    match decision.mode:
        case Mode.AUTO:
            if not signed and consent.kind not in (ConsentKind.AUTO_APPROVE, ConsentKind.YES):
                yield _CONSENT
        case Mode.APPROVE if decision.signatures is None:
            if not signed and consent.kind is not ConsentKind.YES:
                yield _YES
        case Mode.APPROVE | Mode.MANUAL:
            missing = _missing(decision, signed)
            if missing and not consent.breaks_glass:
                yield Need(what=missing, kind=ConsentKind.SIGNATURES)
            elif missing and decision.mode is Mode.APPROVE and consent.kind is not ConsentKind.YES:
                yield Need(what="`yes` on a terminal, where broken glass stands for signatures", kind=ConsentKind.YES)
            if decision.mode is Mode.MANUAL and consent.kind is not ConsentKind.YES:
                yield Need(what="a person who starts it on a terminal", kind=ConsentKind.YES)
        case Mode.FORBID:
            yield Need(what="nothing can permit this", kind=ConsentKind.NONE)
    if irreversible(change) and not signed and change.action not in consent.groups:
        yield Need(what=f"consent to `{change.action}` by name and number: it cannot be undone", kind=ConsentKind.YES)


_CONSENT = Need(what="`yes` on a terminal, or --auto-approve", kind=ConsentKind.AUTO_APPROVE)
_YES = Need(what="`yes` on a terminal", kind=ConsentKind.YES)


def asked_of(decision: Decision) -> Signatures:
    """Return the signatures a decision asks for where its mode asks for any."""
    return decision.signatures or Signatures(count=_MANUAL)


def _missing(decision: Decision, signed: Collection[Signed]) -> str:
    """Say which signatures are missing, or nothing. People are counted, not keys or approvals."""
    wanted = asked_of(decision)
    people = {one.person for one in signed if not wanted.groups or not set(wanted.groups).isdisjoint(one.groups)}
    if len(people) >= wanted.count:
        return ""
    what = "one signed approval" if wanted.count == 1 else f"{wanted.count} signed approvals by different people"
    given = f" ({len(people)} given)" if people else ""
    return (f"{what} from {' or '.join(wanted.groups)}" if wanted.groups else what) + given


def _why(decision: Decision) -> str:
    denials = [finding.reason for finding in decision.findings if finding.outcome in ("denies", "error")]
    return denials[0] if denials else "no grant covers it"

