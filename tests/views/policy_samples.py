"""Documents about policy itself, as its commands make them: what views draw and CI formats hold."""

from __future__ import annotations

from agentctl.model.decision import Decision, Finding, Mode, Outcome, Verdict
from agentctl.model.diagnostic import Diagnostic, Severity, Span
from agentctl.model.policy_report import (
    Capability,
    CaseResult,
    CasesReport,
    Control,
    Difference,
    LintReport,
    Reach,
    Replayed,
    Shift,
)
from agentctl.views.document.policy_lint import policy_lint
from agentctl.views.document.policy_replay import policy_replay
from agentctl.views.document.policy_test import policy_test

RULES = "policy/sales.yaml"


def tested():
    granted = Finding(rule="tiers", place=Span(RULES, 12, 9), outcome=Outcome.GRANTS, reason="covers `customers/42`")
    answered = Decision(step="step", verdict=Verdict.CONSENT, mode=Mode.APPROVE, findings=(granted,))
    cases = (
        CaseResult(name="A tier waits", place=Span("policy/tests/sales.yaml", 9, 5), decision=answered, differences=()),
        CaseResult(
            name="Nobody | gives <b>more</b> than 10 %", place=Span("policy/tests/sales.yaml", 12, 5), decision=answered,
            differences=(
                Difference(part="decision", expected="deny", actual="consent"),
                Difference(part="rule", expected="discounts", actual=""),
            ),
        ),
    )
    rules = (
        Reach(rule="tiers", place=Span(RULES, 12, 9), reached=True),
        Reach(rule="discounts", place=Span(RULES, 31, 5), reached=False),
    )
    return policy_test(CasesReport(cases=cases, rules=rules), "policy/")


def linted():
    findings = (
        Diagnostic(
            severity=Severity.ERROR, code="unknown-action", summary="Unknown action",
            detail="grant tiers names `crm.row.updat`, and no configured connector offers such an action.",
            hint="Did you mean `crm.row.update`?", span=Span(RULES, 12, 9),
        ),
        Diagnostic(
            severity=Severity.WARNING, code="unused-role", summary="Role of nobody",
            detail="No agent has the role `old`, so its grants never speak.", span=Span(RULES, 40, 9),
        ),
    )
    capabilities = (
        Capability(
            role="sales", instance="crm", tier="write", actions=("crm.row.update",),
            controls=(
                Control(name="diffs", met=True, why="previewed as old → new"),
                Control(
                    name="per-object scope", met=False, place=Span(RULES, 12, 9),
                    why="grant tiers opens `crm.row.update` on every record: say targets: […] or where:",
                ),
                Control(name="rollback", met=False, why="nobody may undo: the policy has no `rollback:`"),
            ),
        ),
        Capability(
            role="sales", instance="site", tier="read", actions=("site.file.read",),
            controls=(Control(name="tenant isolation", met=True, why="built in"),),
        ),
    )
    return policy_lint(LintReport(findings=findings, capabilities=capabilities), "policy/")


def replayed(*, wanted=False):
    def one(shift, old, new, rule, line, why, new_place=None):
        return Replayed(
            run="e5biepq2", step=f"s{line}", action="crm.row.update", target=f"customers/{line}", shift=shift, old=old,
            new=new, rule=rule, place=Span("old/sales.yaml", line, 9), why=why, new_place=new_place,
        )

    items = (
        one(Shift.ALLOWED, "deny", "consent (approve)", "eu-only", 12, "`where` does not hold", Span(RULES, 14, 9)),
        one(Shift.LOOSENED, "consent (approve, 1 signed)", "consent (approve)", "tiers", 13, "covers", Span(RULES, 13, 9)),
        one(Shift.DENIED, "allow (auto)", "deny", "frozen", 31, "everything is frozen", Span(RULES, 31, 5)),
        one(Shift.TIGHTENED, "allow (auto)", "consent (approve)", "tiers", 15, "covers", Span(RULES, 15, 9)),
        one(Shift.UNTOLD, "", "", "eu-only", 16, "`before.region` is not known at this point"),
        one(Shift.SAME, "deny", "deny", "eu-only", 17, "`where` does not hold"),
    )
    return policy_replay(items, "old", "policy/", widening_wanted=wanted)
