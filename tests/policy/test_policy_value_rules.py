"""Rules on values: how far a number may move, exactly, whatever is null, absent or not known."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.model.decision import Outcome, Verdict
from agentctl.model.values import UNKNOWN
from agentctl.policy import expressions
from agentctl.policy.decimals import NOT_MINOR, NotADecimal, minor
from agentctl.policy.expressions import Failed, activation, ask
from tests.policy.ground import SPEC, change, grants, judge, outcomes, policy, record, why

# A price may fall, and never rises by more than 10 %.
TENTH = "minor(after.price, 2) * 10 <= minor(before.price, 2) * 11"
PRICED = replace(SPEC, record={"type": "object", "properties": {"price": {}, "note": {}, "owner": {}}})
ABSENT = object()


def priced(before, after, rules=None):
    rows = [None if value is ABSENT else {"price": value, "note": "n"} for value in (before, after)]
    rules = rules or grants(f"{{id: g, actions: ['*'], mode: auto, where: '{TENTH}'}}")
    return judge(rules, change(record(*rows)), spec=PRICED)


@pytest.mark.parametrize("before, after, allowed", [
    ("10.00", "11.00", True), ("10.00", "11.01", False), ("10.00", "0.00", True), ("10.00", "9.99", True),
    ("0.10", "0.11", True), ("0.10", "0.12", False), ("0", "0.00", True), ("0.00", "0.01", False),
    ("19.99", "21.98", True), ("19.99", "21.99", False),       # 21.989 is the most there is
    ("90000000000000.00", "99000000000000.00", True), ("90000000000000.00", "99000000000000.01", False),
])
@pytest.mark.parametrize("kind", [Decimal, str])
def test_a_price_may_fall_and_never_rise_by_more_than_a_tenth(before, after, allowed, kind):
    assert (priced(kind(before), kind(after)).verdict is Verdict.ALLOW) is allowed


@pytest.mark.parametrize("before, after", [
    (10, 11), (10, Decimal("11.00")), (Decimal("1E+1"), Decimal(11)),
])
def test_whole_numbers_and_decimals_are_reckoned_alike(before, after):
    assert priced(before, after).verdict is Verdict.ALLOW


@pytest.mark.parametrize("before, after", [
    (ABSENT, Decimal("1.00")),                  # a create has no price before
    (Decimal("1.00"), ABSENT),                  # a delete has none after
    (None, Decimal("1.00")),
    (Decimal("1.00"), None),
    (Decimal("1.001"), Decimal("1.00")),        # nothing is rounded
    (Decimal("1E+19"), Decimal("1.00")),
    ("12,50", Decimal("1.00")), ("1e3", Decimal("1.00")), (" 1", Decimal("1.00")), ("", Decimal("1.00")),
    ("١", Decimal("1.00")), (True, Decimal("1.00")), ([1], Decimal("1.00")),
    (9 * 10**16, 9 * 10**16),                   # fits, and its tenfold does not
])
def test_what_cannot_be_reckoned_with_denies(before, after):
    decision = priced(before, after)
    assert decision.verdict is Verdict.DENY
    assert outcomes(decision)["g"] is Outcome.ERROR


def test_a_value_not_known_yet_holds_at_plan_and_denies_before_the_effect():
    rules = grants(f"{{id: g, actions: ['*'], mode: auto, where: '{TENTH}'}}")
    going = change(record({"price": Decimal("1.00")}, {"price": UNKNOWN}))
    assert judge(rules, going, spec=PRICED).verdict is Verdict.CONSENT
    assert judge(rules, going, spec=PRICED, final=True).verdict is Verdict.DENY


def test_creating_and_deleting_get_words_of_their_own():
    said = f'effect == "update" ? {TENTH} : effect == "create" && minor(after.price, 2) <= 10000'
    rules = grants(f"{{id: g, actions: ['*'], mode: auto, where: '{said}'}}")
    assert priced(ABSENT, Decimal("100.00"), rules).verdict is Verdict.ALLOW
    assert priced(ABSENT, Decimal("100.01"), rules).verdict is Verdict.DENY
    assert priced(Decimal("1.00"), ABSENT, rules).verdict is Verdict.DENY
    assert priced(Decimal("1.00"), Decimal("1.10"), rules).verdict is Verdict.ALLOW


def test_consent_to_a_price_rule_is_to_both_prices():
    assert priced(Decimal("1.00"), Decimal("1.10")).reads == {"price"}


def test_an_invariant_can_say_the_same_of_everybody():
    rules = policy(
        "agents: {bot: {roles: [role]}}\nroles: {role: {grants: [{actions: ['*'], mode: auto}]}}\n"
        f"invariants:\n  - {{id: tenth, when: 'effect == \"update\"', require: '{TENTH}'}}\n"
    )
    assert priced(Decimal("10.00"), Decimal("11.00"), rules).verdict is Verdict.ALLOW
    assert "it requires that minor(after.price, 2)" in why(priced(Decimal("10.00"), Decimal("12.00"), rules))
    assert priced(ABSENT, Decimal("12.00"), rules).verdict is Verdict.ALLOW


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-10**12, max_value=10**12))
def test_cents_are_exactly_a_hundred_times_the_price(price):
    assert minor(format(price, "f"), 2) == price * 100


@pytest.mark.parametrize("number, places", [("1.234", 2), ("1", -1), ("1", 21), ("x", 2), (10**19, 0), ("1" * 300, 0)])
def test_what_cents_cannot_hold_is_refused_in_words_without_the_value(number, places):
    with pytest.raises(NotADecimal):
        minor(number, places)
    told = ask(expressions.compile(f"minor(before.price, {places}) > 0"), activation({"before": {"price": "1.234"}}))
    assert told is True or told == Failed(NOT_MINOR)


LISTED = grants("{id: all, actions: ['*'], mode: auto}", "{id: not, actions: ['*'], mode: forbid, fields: [owner, note.x]}")


@pytest.mark.parametrize("before, after, denied", [
    ({"price": 1}, {"price": 2}, False),
    ({"owner": "a"}, {"owner": "b"}, True),
    ({}, {"owner": "a"}, True),                             # a new field
    ({"owner": "a"}, {}, True),                             # and one that goes
    ({"owner": "a"}, {"owner": None}, True),
    ({"note": {"x": 1}}, {"note": {"x": 2}}, True),         # inside
    ({"note": {"y": 1}}, {"note": {"y": 2}}, False),
    ({"note": {"x": 1}}, {"note": "gone"}, True),           # and what holds it
    ({"note": {"x": {"z": 1}}}, {"note": {"x": {"z": 2}}}, True),
    (None, {"price": 1}, False),
    (None, {"owner": "a"}, True),
    ({"price": 1}, None, True),                             # a delete takes every field
])
def test_a_list_of_forbidden_fields_stops_what_touches_them_and_nothing_else(before, after, denied):
    decision = judge(LISTED, change(record(before, after)), spec=PRICED)
    assert (decision.verdict is Verdict.DENY) is denied
    if denied:
        assert why(decision).startswith("grant not forbids ")
        assert after is None or "changing `" in why(decision)
