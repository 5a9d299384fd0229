"""Values not known before apply: undecided where the outcome hangs on one, decided where it doesn't."""

from __future__ import annotations

import pytest

from agentctl.model.change import Effect
from agentctl.model.decision import Mode, Outcome, Verdict
from agentctl.model.plan import From
from agentctl.model.values import UNKNOWN, Hidden
from tests.policy.ground import ALL, ROW, change, grants, judge, outcomes, policy, record, update

TOUCHES = [
    'after.note == "x"',
    'after.note != "x"',
    "after.note == null",
    "has(after.note)",
    "has(after.note.deep)",
    'after.note.deep == "x"',
    'after["note"] == "x"',
    "after == before",
    '"note" in after',
    "after.size() == 3",
    "after.exists(k, k == 'nothing')",
    "after.all(k, k != 'nothing')",
    "dyn(after).note == 1",
    'changes.exists(c, c.after == "x")',
    "changes.exists(c, has(c.after) && c.after == 'x')",
    "changes == []",
    'changes[0].after == "x"',
    '[after.note].exists(n, n == "x")',
    'after.note == "x" || before.tier == "nope"',
    'after.tier == "annual" && after.note == "x"',
    'true ? after.note == "x" : false',
    "type(after.note) == string",
    'args.later == "x"',
    "has(args.later)",
    "args == {}",
    'args.list[0] == "x"',
]
UNTOUCHED = [
    ('after.tier == "annual" || after.note == "x"', True),
    ('after.note == "x" || after.tier == "annual"', True),
    ('after.note == "x" && false', False),
    ('before.tier == "annual" && after.note == "x"', False),
    ('before.note == "x"', False),
    ("size(changes) == 2", True),
    ('changes.all(c, c.path in ["tier", "note"])', True),
    ('changes.exists(c, c.path == "tier" && c.after == "annual")', True),
    ("has(before.note)", True),
    ('environment == "staging"', True),
    ('before.tier == "monthly" ? true : after.note == "x"', True),
]


def unknown_note(note=UNKNOWN):
    later = {"later": From("make", "after", ("id",)), "list": [UNKNOWN], "known": 1}
    return change(record(ROW, {**ROW, "tier": "annual", "note": note}), arguments=later)


@pytest.mark.parametrize("condition", TOUCHES)
@pytest.mark.parametrize("role", ["deny", "require", "when"])
def test_what_hangs_on_an_unknown_is_undecided_and_denied_at_last(role, condition):
    other = ", deny: 'true'" if role == "when" else ""
    rules = policy(ALL + f"invariants: [{{id: x, {role}: {quoted(condition)}{other}}}]\n")
    decision = judge(rules, unknown_note())
    assert outcomes(decision)["x"] is Outcome.UNDECIDED
    assert decision.verdict is Verdict.CONSENT
    assert judge(rules, unknown_note(), final=True).verdict is Verdict.DENY


def test_a_hidden_value_is_as_good_as_unknown():
    rules = policy(ALL + "invariants: [{id: x, deny: 'after.note == \"x\"'}]\n")
    decision = judge(rules, unknown_note(Hidden("hmac:1")))
    assert outcomes(decision)["x"] is Outcome.UNDECIDED


@pytest.mark.parametrize("condition, value", UNTOUCHED)
def test_what_an_unknown_cannot_change_is_decided(condition, value):
    rules = policy(ALL + f"invariants: [{{id: x, require: {quoted(condition)}}}]\n")
    assert judge(rules, unknown_note()).verdict is (Verdict.ALLOW if value else Verdict.DENY)


def test_a_rule_whose_prohibition_cannot_apply_does_not_wait_for_its_when():
    rules = policy(ALL + "invariants: [{id: x, when: 'after.note == 1', deny: 'effect == \"delete\"'}]\n")
    assert judge(rules, unknown_note()).verdict is Verdict.ALLOW


def test_a_scope_that_cannot_be_decided_holds_with_the_consent_its_grant_asks_for():
    rules = grants("{actions: ['*'], mode: approve, where: 'before.note == \"x\"'}")
    decision = judge(rules, unknown_note())
    assert (decision.verdict, decision.mode) == (Verdict.DENY, Mode.FORBID), "false before the change is false"
    creating = judge(rules, change(record(None, {"note": UNKNOWN})))
    assert (creating.verdict, creating.mode) == (Verdict.CONSENT, Mode.APPROVE)
    assert [item.outcome for item in creating.findings] == [Outcome.UNDECIDED]


def test_an_undecided_grant_does_not_hold_what_another_covers_but_its_consent_is_asked():
    rules = grants("{actions: ['*'], mode: auto}", "{actions: ['*'], mode: approve, where: 'after.note == \"x\"'}")
    decision = judge(rules, change(record(None, {"note": UNKNOWN})))
    assert (decision.verdict, decision.mode) == (Verdict.CONSENT, Mode.APPROVE)
    assert Outcome.UNDECIDED not in {item.outcome for item in decision.findings}


def test_a_forbidding_grant_that_cannot_be_decided_holds():
    rules = grants("{actions: ['*'], mode: auto}", "{actions: ['*'], mode: forbid, where: 'after.note == \"x\"'}")
    decision = judge(rules, change(record(None, {"note": UNKNOWN})))
    assert decision.verdict is Verdict.CONSENT
    assert Outcome.UNDECIDED in {item.outcome for item in decision.findings}


def test_a_field_that_becomes_unknown_is_a_changed_field():
    assert judge(grants("{actions: ['*'], fields: [tier]}"), update(note=UNKNOWN)).verdict is Verdict.DENY


def test_an_advisory_rule_that_is_undecided_holds_nothing():
    rules = policy(ALL + "invariants: [{id: x, level: advisory, deny: 'after.note == 1'}]\n")
    decision = judge(rules, unknown_note())
    assert decision.verdict is Verdict.ALLOW
    assert "x" not in {item.rule for item in decision.findings}


def test_a_read_whose_values_are_not_at_hand_is_judged_by_its_address_and_undecided_by_its_values():
    reading = change(effect=Effect.READ, action="crm.row.read", reads=("crm/customers/42",))
    assert judge(policy(ALL), reading).verdict is Verdict.ALLOW
    rules = policy(ALL + "invariants: [{id: x, deny: 'after.region == \"us\"'}]\n")
    assert outcomes(judge(rules, reading))["x"] is Outcome.UNDECIDED
    scoped = grants("{actions: ['*'], mode: auto, where: 'before.region == \"eu\"'}")
    assert outcomes(judge(scoped, reading))["roles.role.grants[0]"] is Outcome.UNDECIDED


def quoted(condition: str) -> str:
    return '"' + condition.replace('"', '\\"') + '"'
