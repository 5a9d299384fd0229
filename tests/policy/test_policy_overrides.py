"""Soft rules in a policy: read, judged, lifted, shown, linted and tested. Who signed what is another matter."""

from __future__ import annotations

import itertools

import pytest

from agentctl.engine.lifted import lifted
from agentctl.errors import Invalid
from agentctl.model.decision import Consent, Decision, Mode, Outcome, Overridden, Verdict
from agentctl.model.values import UNKNOWN
from agentctl.policy.cases import load as load_cases
from agentctl.policy.lint import lint
from agentctl.policy.matrix import matrix
from agentctl.policy.testing import run
from agentctl.policy.wide import Ground
from agentctl.views.document.policy_show import glass, invariant_facts
from tests.policy.ground import ALL, SPEC, judge, policy, update

GROUND = Ground(specs={"crm.row.update": SPEC}, tenant="acme", environment="staging")
SOFT = """invariants:
  - {id: soft, deny: 'after.tier == "gold"', level: soft, override: {from: [leads], expires: 4h}}
"""
PEOPLE = """people:
  ann: {groups: [leads], keys: ["ssh-ed25519 AAAA"]}
  olga: {groups: [on-call], keys: ["ssh-ed25519 BBBB"]}
"""
GLASS = "break_glass: {from: [on-call], expires: 30m, review_within: 24h}\n"


def overriding(*rules: str, step: str = "s") -> Consent:
    return Consent(overrides=(
        Overridden(override="o", person="ann", rules=dict.fromkeys(rules, (step,)), reason="why", until="then"),))


def test_a_soft_denial_tells_what_the_answer_would_be_without_it():
    decision = judge(policy(ALL + SOFT), update(tier="gold"))
    assert (decision.verdict, decision.mode, decision.soft) == (Verdict.DENY, Mode.FORBID, ("soft",))
    assert decision.otherwise is not None
    assert (decision.otherwise.verdict, decision.otherwise.mode) == (Verdict.ALLOW, Mode.AUTO)


LEVELS = ("hard", "soft", "error", "undecided", "no grant", "forbidden")


@pytest.mark.parametrize("others", [
    others for count in range(3) for others in itertools.combinations(LEVELS, count)
], ids=lambda others: "+".join(others) or "alone")
def test_nothing_but_clean_denials_by_soft_rules_is_overridable(others):
    """The table: a soft denial beside whatever else may say no, before and at the last moment."""
    rules = {
        "hard": "  - {id: hard, deny: 'true'}\n",
        "soft": "  - {id: soft-too, deny: 'true', level: soft}\n",
        "error": "  - {id: odd, deny: 'after.tier > 3', level: soft}\n",
        "undecided": "  - {id: later, deny: 'after.note == \"x\"', level: soft}\n",
    }
    grants = {"no grant": "", "forbidden": "{actions: ['*'], mode: auto}, {id: never, actions: ['*'], mode: forbid}"}
    given = next((grants[other] for other in grants if other in others), "{actions: ['*'], mode: auto}")
    both = {"no grant", "forbidden"} <= set(others)
    text = f"agents: {{bot: {{roles: [role]}}}}\nroles: {{role: {{grants: [{'' if both else given}]}}}}\n{SOFT}"
    text += "".join(rules[other] for other in others if other in rules)
    change = update(tier="gold", note=UNKNOWN) if "undecided" in others else update(tier="gold")
    for final in (False, True):
        decision = judge(policy(text), change, final=final)
        passes = not set(others) & {"hard", "error", "no grant", "forbidden"} and not (final and "undecided" in others)
        assert decision.verdict is Verdict.DENY
        assert (decision.otherwise is not None) == passes
        after = lifted(decision, overriding("soft", "soft-too", "odd", "later", "hard", "never", "default-deny"))
        assert (after.verdict is not Verdict.DENY) == passes


def lift(consent: Consent, *rules: str) -> Decision:
    more = "".join(f"  - {{id: {rule}, deny: 'true', level: soft}}\n" for rule in rules)
    return lifted(judge(policy(ALL + SOFT + more), update(tier="gold")), consent)


def test_every_soft_rule_that_denies_must_be_overridden_if_by_different_people():
    assert lift(overriding("soft"), "too").verdict is Verdict.DENY
    ann, ben = overriding("soft").overrides[0], overriding("too").overrides[0]
    assert lift(Consent(overrides=(ann, ben)), "too").verdict is Verdict.ALLOW


def test_an_override_is_of_the_step_it_names_only():
    assert lift(overriding("soft", step="other")).verdict is Verdict.DENY


def test_an_overridden_rule_goes_on_saying_that_it_denies_and_who_let_it_pass():
    (finding,) = [item for item in lift(overriding("soft")).findings if item.rule == "soft"]
    assert finding.outcome is Outcome.OVERRIDDEN
    assert finding.reason.startswith("denies, overridden by `ann` until then: why. What it said: it forbids that")


def test_a_decision_is_what_it_was_where_nothing_is_overridden():
    decision = judge(policy(ALL + SOFT), update(tier="trial"))
    assert lifted(decision, overriding("soft")) is decision


@pytest.mark.parametrize(("rule", "said"), [
    ("{id: r, deny: 'true', override: {from: [leads], expires: 4h}}", "nobody overrides a hard rule"),
    ("{id: r, deny: 'true', level: hard, override: {from: [leads], expires: 4h}}", "nobody overrides a hard rule"),
    ("{id: r, deny: 'true', level: advisory, override: {from: [leads], expires: 4h}}", "denies nothing"),
    ("{id: r, deny: 'true', level: soft, override: {from: [], expires: 4h}}", ""),
    ("{id: r, deny: 'true', level: soft, override: {from: [leads]}}", ""),
    ("{id: r, deny: 'true', level: soft, override: {from: [leads], expires: forever}}", ""),
    ("{id: r, deny: 'true', level: soft, override: {from: [leads], expires: 0h}}", ""),
    ("{id: r, deny: 'true', level: soft, override: {from: [leads], expires: 4h, to: x}}", ""),
])
def test_an_override_that_would_mean_nothing_is_an_error_with_its_place(rule, said):
    with pytest.raises(Invalid) as wrong:
        policy(f"invariants:\n  - {rule}\n")
    assert any(said in item.detail and item.span and item.span.line == 4 for item in wrong.value.diagnostics)


def test_who_may_override_and_for_how_long_is_in_the_digest():
    base = policy(ALL + SOFT + PEOPLE + GLASS).digest
    for old, new in (("expires: 4h", "expires: 8h"), ("from: [leads]", "from: [on-call]"), ("24h", "48h")):
        assert policy((ALL + SOFT + PEOPLE + GLASS).replace(old, new)).digest != base


def test_the_matrix_names_the_people_who_may_override_and_break_the_glass():
    shown = matrix(policy(ALL + SOFT + "  - {id: bare, deny: 'true', level: soft}\n" + PEOPLE + GLASS), GROUND)
    facts = {item["invariant"]: dict(invariant_facts(item)).get("override") for item in shown["invariants"]}
    assert facts == {"soft": "by leads (ann), for 4h at most", "bare": "by broken glass only"}
    assert glass(shown) == "on-call (olga), for 30m at most, reviewed by somebody else within 1d"
    assert "nobody may" in glass(matrix(policy(ALL), GROUND))


def codes(text: str) -> dict[str, str]:
    return {item.code: item.severity.value for item in lint(policy(text), GROUND)}


@pytest.mark.parametrize(("text", "code", "severity"), [
    (ALL + SOFT + PEOPLE.replace("leads", "lead"), "unknown-group", "error"),
    (ALL + SOFT + "people: {ann: {groups: [leads]}}\n", "no-keys", "error"),
    (ALL + "invariants: [{id: r, deny: 'false', level: soft}]\n", "no-override", "warning"),
    (ALL + PEOPLE.replace("on-call", "calls") + GLASS, "unknown-group", "error"),
    (ALL + "people: {olga: {groups: [on-call], keys: ['ssh-ed25519 BBBB']}}\n" + GLASS, "no-reviewer", "error"),
    (ALL + PEOPLE + GLASS.replace("30m", "25h"), "long-glass", "warning"),
])
def test_lint_tells_of_overrides_nobody_could_give_and_reviews_nobody_could_make(text, code, severity):
    assert codes(text).get(code) == severity


def test_lint_is_silent_where_people_can_override_break_and_review():
    assert not codes(ALL + SOFT + PEOPLE + GLASS).keys() & {"unknown-group", "no-keys", "no-override", "no-reviewer", "long-glass"}


@pytest.mark.parametrize(("tier", "expect", "passes"), [
    ("gold", "{decision: deny, rule: soft, overridable: true}", True),
    ("gold", "{decision: deny, overridable: false}", False),
    ("trial", "{decision: allow, overridable: false}", True),
    ("trial", "{decision: allow, overridable: true}", False),
])
def test_a_case_may_expect_that_a_denial_is_overridable(tier, expect, passes):
    text = f"""version: 1
kind: PolicyTest
cases:
  - name: one
    given: {{agent: bot, signed: true, action: crm.row.update, target: customers/42,
             before: {{tier: monthly}}, after: {{tier: {tier}}}}}
    expect: {expect}
"""
    cases = load_cases([("cases.yaml", text.encode())], GROUND)
    assert run(cases, policy(ALL + SOFT)).passes is passes
