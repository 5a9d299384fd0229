"""A rule that cannot be evaluated denies, in whatever role it stands."""

from __future__ import annotations

import pytest

from agentctl.model.change import Effect
from agentctl.model.decision import Outcome, Verdict
from tests.policy.ground import ALL, ROW, change, grants, judge, outcomes, policy, record, update, why

FAILING = [
    ("before.tpyo == 1", "there is no `tpyo`"),
    ("before.tier", "it does not yield true or false"),
    ("before.tier > 3", "it mixes values of different kinds: _>_(string, int64)"),
    ("1 / (before.discount - before.discount) == 1", "it divides by zero"),
    ("before.note.deep == 1", "it looks for a field in a value that has none"),
    ("decimal(before.tier) > decimal(1)", "decimal() takes a whole number"),
    ("timestamp(before.tier) > now", "timestamp() takes a moment"),
    ("before.tier.matches('(')", "the pattern in matches() is not a valid one"),
    ("args.many.all(a, args.many.all(b, a + b < 100000))", "it takes more steps than a condition may"),
    ("before[before.tier] == 1", "a key it looks up is not there"),
]


@pytest.mark.parametrize("role", ["when", "deny", "require", "where", "forbid where"])
@pytest.mark.parametrize("condition, reason", FAILING)
def test_a_condition_that_fails_denies(role, condition, reason):
    quoted = '"' + condition.replace('"', '\\"') + '"'
    match role:
        case "when":
            rules = policy(ALL + f"invariants: [{{id: x, when: {quoted}, deny: 'false'}}]\n")
        case "deny" | "require":
            rules = policy(ALL + f"invariants: [{{id: x, {role}: {quoted}}}]\n")
        case "where":
            rules = grants(f"{{actions: ['*'], mode: auto, id: x, where: {quoted}}}")
        case _:
            rules = grants("{actions: ['*'], mode: auto}", f"{{actions: ['*'], mode: forbid, id: x, where: {quoted}}}")
    base = update(tier="annual")
    decision = judge(rules, change(*base.records, arguments={"many": list(range(300))}))
    assert decision.verdict is Verdict.DENY
    assert outcomes(decision)["x"] is Outcome.ERROR
    assert reason in why(decision)


def test_an_error_denies_although_another_grant_covers_the_change():
    rules = grants("{actions: ['*'], mode: auto}", "{actions: ['*'], where: 'before.tpyo == 1'}")
    assert judge(rules, update(tier="x")).verdict is Verdict.DENY


def test_an_advisory_rule_that_fails_denies_too():
    rules = policy(ALL + "invariants: [{id: x, level: advisory, deny: 'before.tpyo == 1'}]\n")
    assert judge(rules, update(tier="x")).verdict is Verdict.DENY


def test_a_failure_that_does_not_matter_denies_nothing():
    rules = policy(ALL + "invariants: [{id: x, deny: 'environment == \"prod\" && before.tpyo == 1'}]\n")
    assert judge(rules, update(tier="x")).verdict is Verdict.ALLOW


@pytest.mark.parametrize(
    "value", ["annual\0", "\ud800", b"annual", 2**63, -(2**63) - 1, 1.5, {"deep\0": 1}, ["a\0"]]
)
@pytest.mark.parametrize(
    "condition", ['after.note == "annual"', 'after.note != "annual"', "has(after.note)", "changes == []", "before == after",
                  '"x" in after', "changes.exists(c, c.after == 1)"]
)
def test_a_value_the_expression_library_would_change_is_an_error_not_an_answer(value, condition):
    rules = policy(ALL + f"invariants: [{{id: x, deny: '{condition}'}}]\n")
    decision = judge(rules, update(note=value))
    assert outcomes(decision)["x"] is Outcome.ERROR
    assert "conditions can't judge" in why(decision)


def test_text_cut_at_a_zero_character_is_not_taken_for_what_stands_before_it():
    rules = grants("{actions: ['*'], mode: auto, where: 'before.region == \"eu\"'}")
    assert judge(rules, update({"region": "eu\0us"}, tier="x")).verdict is Verdict.DENY


def test_values_no_condition_names_do_no_harm():
    rules = policy(ALL + "invariants: [{id: x, deny: 'after.tier == \"never\"'}]\n")
    assert judge(rules, update(note=b"\0", tier="x")).verdict is Verdict.ALLOW


def test_a_field_name_with_a_zero_character_is_not_taken_for_another_field():
    rules = grants("{actions: ['*'], mode: auto, where: 'after.region == \"eu\"'}")
    row = {"region\0": "eu", "tier": "x"}
    assert judge(rules, change(record(None, row))).verdict is Verdict.DENY


def test_nothing_a_target_may_hold_makes_a_rule_overlook_it():
    rules = policy(ALL + "invariants: [{id: x, deny: 'target == \"outbox\"'}]\n")
    sending = change(effect=Effect.SIDE_EFFECT)
    for target in ("outbox\0", "out\ud800box"):
        decision = judge(rules, type(sending)(step="s", action="m.send", target=target, effect=Effect.SIDE_EFFECT))
        assert outcomes(decision)["x"] is Outcome.ERROR


def test_numbers_are_never_compared_as_floats():
    rules = policy(ALL + "invariants: [{id: x, require: 'decimal(after.note) == decimal(\"0.3\")'}]\n")
    from decimal import Decimal

    assert judge(rules, update(note=Decimal("0.30"))).verdict is Verdict.ALLOW
    assert judge(rules, update(note=Decimal("0.30000000000000000001"))).verdict is Verdict.DENY


def test_a_forbidding_grant_forbids_where_only_one_side_is_in_its_scope():
    rules = grants("{actions: ['*'], mode: auto}", "{actions: ['*'], mode: forbid, where: 'before.region == \"us\"'}")
    assert judge(rules, update(region="us")).verdict is Verdict.DENY
    assert judge(rules, update({"region": "us"}, region="eu")).verdict is Verdict.DENY
    assert judge(rules, update(tier="x")).verdict is Verdict.ALLOW


@pytest.mark.parametrize(
    "before, after, effect",
    [
        (ROW, None, None),
        (ROW, ROW, Effect.READ),
        (ROW, {**ROW, "tier": "x"}, Effect.SIDE_EFFECT),
        (ROW, {**ROW, "discount": {"percent": 3}}, None),
        (ROW, {**ROW, "discount": None}, None),
        (None, {"discount": 3}, None),
    ],
)
def test_a_grant_that_forbids_fields_forbids_whatever_may_touch_them(before, after, effect):
    rules = grants("{actions: ['*'], mode: auto}", "{actions: ['*'], mode: forbid, fields: [discount.percent]}")
    assert judge(rules, change(record(before, after), effect=effect)).verdict is Verdict.DENY
    assert judge(rules, update(tier="x", region="us")).verdict is Verdict.ALLOW
