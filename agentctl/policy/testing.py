"""Cases judged under a policy: which answers differ from what was expected, and which rules no case reached. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agentctl.model.authorship import CLAIMED, Authorship
from agentctl.model.decision import Decision, Outcome
from agentctl.model.policy_report import CaseResult, CasesReport, Difference, Reach
from agentctl.policy.cases import Case
from agentctl.policy.evaluate import Context, decide
from agentctl.policy.rules import Policy
from agentctl.policy.using import every_limit, with_usage

_DENYING = frozenset({Outcome.DENIES, Outcome.ERROR})
_SIGNED = Authorship(key="given")


def run(cases: Iterable[Case], policy: Policy) -> CasesReport:
    """Judge each case under ``policy``."""
    checked = tuple(_check(case, policy) for case in cases)
    return CasesReport(cases=checked, rules=tuple(_reach(policy, checked)))


def _check(case: Case, policy: Policy) -> CaseResult:
    context = Context(
        policy=policy,
        plan=case.plan,
        step=case.step,
        spec=case.spec,
        tenant=case.tenant,
        environment=case.environment,
        now=case.now,
        purpose=case.purpose,
        person=case.person,
        author=_SIGNED if case.signed else CLAIMED,
        final=case.final,
        checked=lambda evidence: evidence.id in case.verified,
    )
    decision = with_usage(decide(case.change, context), case.usage)
    unknown = sorted(case.usage.keys() - {limit.id for limit in every_limit(policy)})
    differences = (*_no_such(unknown), *_differences(case, decision))
    return CaseResult(name=case.name, place=case.place, decision=decision, differences=differences)


def _no_such(limits: Iterable[str]) -> Iterator[Difference]:
    for limit in limits:
        yield Difference(part="usage", expected=limit, actual="no limit has this id")


def _differences(case: Case, decision: Decision) -> Iterator[Difference]:
    wanted = case.expected
    if wanted.decision != decision.verdict.value:
        yield Difference(part="decision", expected=wanted.decision, actual=decision.verdict.value)
    if wanted.mode and wanted.mode != decision.mode.value:
        yield Difference(part="mode", expected=wanted.mode, actual=decision.mode.value)
    overridable = decision.otherwise is not None
    if wanted.overridable not in (None, overridable):
        yield Difference(
            part="overridable", expected=str(wanted.overridable).lower(), actual=str(overridable).lower()
        )
    deciding = [finding for finding in decision.findings if not wanted.rule or finding.rule == wanted.rule]
    if not deciding and wanted.rule:
        names = ", ".join(finding.rule for finding in decision.findings) or "none"
        yield Difference(part="rule", expected=wanted.rule, actual=names)
    elif wanted.reason and not any(wanted.reason in finding.reason for finding in deciding):
        yield Difference(part="reason", expected=wanted.reason, actual="; ".join(item.reason for item in deciding))


def _reach(policy: Policy, checked: tuple[CaseResult, ...]) -> Iterator[Reach]:
    found = {
        (finding.rule, finding.place, finding.outcome) for item in checked for finding in item.decision.considered
    }
    granted = {(rule, place) for rule, place, outcome in found if outcome is Outcome.GRANTS}
    denied = {(rule, place) for rule, place, outcome in found if outcome in _DENYING}
    for grants in policy.grants.values():
        for grant in grants:
            by = denied if grant.forbids else granted
            yield Reach(rule=grant.id, place=grant.place, reached=(grant.id, grant.place) in by)
    for limit in every_limit(policy):
        yield Reach(rule=limit.id, place=limit.place, reached=(limit.id, limit.place) in denied)
    for invariant in policy.invariants:
        yield Reach(rule=invariant.id, place=invariant.place, reached=(invariant.id, invariant.place) in denied)
    for freeze in policy.freezes:
        yield Reach(rule=freeze.id, place=freeze.place, reached=(freeze.id, freeze.place) in denied)
    if policy.rollback:
        place = policy.rollback.place
        yield Reach(rule="rollback", place=place, reached=("rollback", place) in granted)
