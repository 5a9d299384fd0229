"""Who may undo: ``rollback:`` instead of grants, and words that help whoever it stops."""

from __future__ import annotations

import pytest

from agentctl.model.changeset import Purpose
from agentctl.model.decision import Mode, Outcome, Signatures, Verdict
from tests.policy.ground import HEAD, ROW, change, grants, judge, judge_inverse, outcomes, policy, record, update, why

RULES = """
invariants:
  - {id: no-deletes, deny: 'effect == "delete"', except: [rollback]}
  - {id: eu-only, require: 'after.region != "us"'}
rollback: {from: [on-call], approvals: {count: 0}}
people:
  ann: {groups: [on-call], aliases: [ann@acme.example, annie]}
  bob: {groups: [sales], aliases: [bob]}
"""


def undo(rules, changed, person="ann"):
    return judge(rules, changed, purpose=Purpose.ROLLBACK, person=person)


@pytest.mark.parametrize("person", ["ann", "annie", "ann@acme.example"])
def test_on_call_undoes_what_no_grant_would_let_an_agent_do(person):
    decision = undo(policy(RULES), change(record(ROW, None)), person)
    assert (decision.verdict, decision.mode, decision.signatures) == (Verdict.CONSENT, Mode.APPROVE, None)
    assert [item.rule for item in decision.findings] == ["rollback"]


@pytest.mark.parametrize("person", ["", "bob", "carol", "ANN", "Ann"])
def test_whoever_is_not_named_may_not_undo(person):
    assert undo(policy(RULES), update(tier="x"), person).verdict is Verdict.DENY


def test_invariants_hold_for_rollbacks_unless_they_except_them():
    decision = undo(policy(RULES), update(region="us"))
    assert decision.verdict is Verdict.DENY
    assert outcomes(decision) == {"eu-only": Outcome.DENIES, "rollback": Outcome.GRANTS}


def test_a_rollback_may_ask_for_signatures():
    signed = policy(RULES.replace("count: 0", "count: 2"))
    assert undo(signed, update(tier="x")).signatures == Signatures(count=2, groups=("on-call",))


def test_grants_that_forbid_agents_do_not_stop_on_call():
    rules = grants("{actions: ['*'], mode: forbid}", rest=RULES)
    assert undo(rules, update(tier="x")).verdict is Verdict.CONSENT


@pytest.mark.parametrize(
    "rules, person",
    [
        ("agents: {}\n", "carol"),
        ("agents: {}\n", "CORP\\carol o'neil"),
        (RULES, "carol"),
        (RULES, "CORP\\carol"),
        (RULES, "bob"),
        ("people: {bob: {groups: [sales], aliases: [bob], keys: ['ssh-ed25519 AAAA']}}\n", "bob"),
    ],
)
def test_the_message_gives_the_very_lines_that_would_permit_it(rules, person):
    denied = undo(policy(rules), update(tier="x"), person)
    assert denied.verdict is Verdict.DENY
    lines = why(denied).partition(":\n")[2]
    known = "".join(line + "\n" for line in rules.splitlines() if not line.startswith(("people", "  bob")))
    # What is there already stays, and the lines of the message stand below it.
    repaired = known.replace("  ann:", "people:\n  ann:") + lines.replace("people:\n", "") if "ann" in rules else lines
    assert undo(policy(repaired + "\n"), update(tier="x"), person).verdict is Verdict.CONSENT, HEAD + repaired


def test_an_inverse_is_judged_at_plan_without_knowing_who_will_undo():
    decision = judge_inverse(policy(RULES), change(record(ROW, None)))
    assert decision.verdict is Verdict.CONSENT
    assert judge_inverse(policy(RULES), update(region="us")).verdict is Verdict.DENY
    assert judge_inverse(grants("{actions: ['*']}"), update(tier="x")).verdict is Verdict.DENY


def test_purpose_is_told_to_conditions():
    rules = policy(RULES + "\n").invariants
    assert rules[0].excepted == {Purpose.ROLLBACK}
    asked = policy(RULES.replace('after.region != "us"', 'purpose == "apply"'))
    assert undo(asked, update(tier="x")).verdict is Verdict.DENY
