"""Change → Decision: what policy says of one change, with every rule that said it. Pure; consent is the gate's part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from agentctl.facts import dataclass, replace
from agentctl.model.action import ActionSpec
from agentctl.model.authorship import CLAIMED, Authorship
from agentctl.model.change import Change
from agentctl.model.changeset import Purpose
from agentctl.model.decision import Decision, Finding, Level, Mode, Outcome, Verdict
from agentctl.model.plan import Evidence, Plan, Step
from agentctl.policy import freezes, invariants
from agentctl.policy.citing import nobody_checked
from agentctl.policy.facts import Facts
from agentctl.policy.granting import granted
from agentctl.policy.invariants import union
from agentctl.policy.permission import Permission, denial
from agentctl.policy.quick import quick
from agentctl.policy.rules import Policy
from agentctl.policy.sight import Sight
from agentctl.policy.undoing import undoing
from agentctl.policy.units import idle, units

_DENYING = (Outcome.DENIES, Outcome.ERROR)
_TOLD = (*_DENYING, Outcome.GRANTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything a change is judged under besides itself.

    ``person`` is who started this, by a name or alias. ``author`` is what is known of who wrote the plan.
    ``final`` is the judgement just before the effect: what still can't be decided then is denied. ``checked`` tells
    whether the source of evidence was read and is what the plan says of it.
    """

    policy: Policy
    plan: Plan
    step: Step
    spec: ActionSpec
    tenant: str
    environment: str
    now: datetime
    purpose: Purpose = Purpose.APPLY
    person: str = ""
    author: Authorship = CLAIMED
    final: bool = False
    checked: Callable[[Evidence], bool | None] = nobody_checked


def decide(change: Change, context: Context) -> Decision:
    """Return policy's answer for ``change``: invariants first, then grants or ``rollback:``. One denial denies."""
    if context.purpose is Purpose.APPLY:
        found = quick(change, context, _around, decide_plainly)
        if found is not None:
            return found
    return decide_plainly(change, context)


def decide_plainly(change: Change, context: Context) -> Decision:
    """Return the same, rule by rule: what ``decide`` says must be what this says."""
    return _decide(change, context, anybody=False)


def decide_inverse(inverse: Change, context: Context) -> Decision:
    """Return whether ``inverse``, what undoing a change would do, could be done by whom ``rollback:`` names.

    Asked at plan, when nobody knows yet who that will be: an inverse that would be denied makes its step irreversible.
    """
    return _decide(inverse, _as_rollback(context), anybody=True)


def judges_all_inverses_alike(policy: Policy) -> bool:
    """Whether every inverse gets the same answer within a plan: no invariant looks at what it would undo."""
    return all(Purpose.ROLLBACK in invariant.excepted for invariant in policy.invariants)


def _decide(change: Change, context: Context, *, anybody: bool) -> Decision:
    facts = Facts(change, context, context.policy.needs, _around(context))
    sights = [Sight(facts, unit, unit.before, unit.after) for unit in units(change)]
    considered, reads = _invariants(sights, context)
    if context.purpose is Purpose.ROLLBACK:
        permitted = undoing(context.policy, context.person, anybody=anybody)
    else:
        permitted = granted(
            change, sights, facts, context.policy, context.plan, context.step, author=context.author
        )
    # Nobody knows when something will be undone, so that it is frozen now makes nothing irreversible.
    frozen = () if anybody else _frozen(change, context)
    considered = [*_impossible(change, context), *frozen, *considered, *permitted.considered]
    return _decision(change, context, considered, permitted, union(reads, permitted.reads))


def _as_rollback(context: Context) -> Context:
    return replace(context, purpose=Purpose.ROLLBACK)


def _decision(
    change: Change, context: Context, considered: list[Finding], permitted: Permission, reads: frozenset[str] | None
) -> Decision:
    # What is already done needs no answer to what can't be asked any more.
    open_ends = () if idle(change) else (Outcome.UNDECIDED,)
    binding = [finding for finding in considered if _binds(finding)]
    advice = [finding for finding in considered if not _binds(finding) and finding.outcome is Outcome.DENIES]
    granted = Decision(
        step=change.step,
        verdict=_verdict(binding, open_ends, permitted.mode, final=context.final),
        mode=permitted.mode,
        signatures=permitted.signatures,
        findings=tuple(_bare(item) for item in (*binding, *advice) if item.outcome in (*_TOLD, *open_ends)),
        considered=tuple(considered),
        reads=reads,
        roles=permitted.roles,
        charges=permitted.charges,
    )
    if granted.verdict is not Verdict.DENY:
        return granted
    beyond_soft = [finding for finding in binding if not finding.softly_denies]
    otherwise = replace(granted, verdict=_verdict(beyond_soft, open_ends, permitted.mode, final=context.final))
    return replace(
        granted, mode=Mode.FORBID, signatures=None, charges=(),
        otherwise=None if otherwise.verdict is Verdict.DENY else otherwise,
    )


def _verdict(binding: list[Finding], open_ends: tuple[Outcome, ...], mode: Mode, *, final: bool) -> Verdict:
    undecided = any(finding.outcome in open_ends for finding in binding)
    if any(finding.outcome in _DENYING for finding in binding) or (undecided and final):
        return Verdict.DENY
    return Verdict.ALLOW if mode is Mode.AUTO and not undecided else Verdict.CONSENT


def _bare(finding: Finding) -> Finding:
    """Return ``finding`` without what it read, which is told with every rule that was considered."""
    return replace(finding, inputs={}) if finding.inputs else finding


def _binds(finding: Finding) -> bool:
    return finding.level is not Level.ADVISORY or finding.outcome is Outcome.ERROR


def _invariants(sights: list[Sight], context: Context) -> tuple[list[Finding], frozenset[str] | None]:
    findings: list[Finding] = []
    reads: frozenset[str] | None = frozenset()
    for invariant in context.policy.invariants:
        if context.purpose in invariant.excepted:
            continue
        judged = invariants.judge(invariant, sights)
        findings.append(judged.finding)
        reads = union(reads, judged.reads)
    return findings, reads


def _frozen(change: Change, context: Context) -> Iterable[Finding]:
    for freeze in context.policy.freezes:
        if context.purpose not in freeze.excepted:
            yield freezes.judge(freeze, change, context)


def _impossible(change: Change, context: Context) -> Iterable[Finding]:
    """Deny what no policy may allow."""
    plan, spec = context.plan, context.spec
    if spec.inverse_only and context.purpose is Purpose.APPLY:
        yield denial("inverse-only", f"`{change.action}` only undoes; it is no action of a plan")
    for what, stated, ours in (
        ("tenant", plan.tenant, context.tenant),
        ("environment", plan.environment, context.environment),
    ):
        if stated and stated != ours:
            yield denial(f"wrong-{what}", f"the plan is for {what} `{stated}`; this workspace is `{ours}`")


def _around(context: Context) -> Mapping[str, Any]:
    return {
        "tenant": context.tenant,
        "environment": context.environment,
        "purpose": context.purpose.value,
        "now": context.now,
    }
