"""Two policies over the same recorded changes: widening is found, and what was not recorded is not guessed."""

from __future__ import annotations

import time

import pytest

from agentctl.model.change import Change
from agentctl.model.changeset import Purpose
from agentctl.model.plan import Step
from agentctl.model.policy_report import Shift
from agentctl.model.values import Hidden
from agentctl.policy.replay import Recorded, replay
from tests.policy.ground import NOW, PLAN, SPEC, change, grants, record

TIER = "{id: tiers, actions: ['*'], fields: [tier], mode: approve}"


def recorded(made: Change | None = None, spec=SPEC, **more) -> Recorded:
    made = made or change(record({"tier": "monthly"}, {"tier": "annual"}))
    step = Step(id="s", action=made.action, target=made.target)
    known = {
        "run": "r", "plan": PLAN, "step": step, "change": made, "spec": spec, "tenant": "acme",
        "environment": "staging", "now": NOW, "purpose": Purpose.APPLY, "person": "maria",
    }
    return Recorded(**{**known, **more})


def shift(old, new, item: Recorded | None = None) -> Shift:
    (told,) = replay([item or recorded()], old, new)
    return told.shift


@pytest.mark.parametrize(("old", "new", "expected"), [
    (TIER, TIER, Shift.SAME),
    ("{id: a, actions: ['*'], fields: [note]}", TIER, Shift.ALLOWED),
    (TIER, "{id: a, actions: ['*'], fields: [note]}", Shift.DENIED),
    (TIER, "{id: a, actions: ['*'], mode: manual}", Shift.TIGHTENED),
    ("{id: a, actions: ['*'], mode: manual}", TIER, Shift.LOOSENED),
    ("{id: a, actions: ['*'], approvals: {count: 2, from: [b]}}", "{id: a, actions: ['*'], approvals: {count: 1, from: [b]}}",
     Shift.LOOSENED),
    ("{id: a, actions: ['*'], approvals: {count: 1, from: [b]}}", "{id: a, actions: ['*'], approvals: {count: 1}}",
     Shift.LOOSENED),
    ("{id: a, actions: ['*'], approvals: {count: 1, from: [b]}}", "{id: a, actions: ['*'], approvals: {count: 1, from: [c]}}",
     Shift.LOOSENED),
    ("{id: a, actions: ['*'], approvals: {count: 1}}", "{id: a, actions: ['*'], approvals: {count: 1, from: [b]}}",
     Shift.TIGHTENED),
    ("{id: a, actions: ['*'], mode: approve}", "{id: a, actions: ['*'], approvals: {count: 1}}", Shift.TIGHTENED),
    ("{id: a, actions: ['*'], limits: [{count: 3, per: 1h}]}", "{id: a, actions: ['*']}", Shift.LESS_LIMITED),
    ("{id: a, actions: ['*'], limits: [{count: 3, per: 1h}]}", "{id: a, actions: ['*'], limits: [{count: 4, per: 1h}]}",
     Shift.LESS_LIMITED),
    ("{id: a, actions: ['*'], limits: [{count: 3, per: 1d}]}", "{id: a, actions: ['*'], limits: [{count: 3, per: 1h}]}",
     Shift.LESS_LIMITED),
    ("{id: a, actions: ['*'], limits: [{count: 3, per: 1d}]}",
     "{id: a, actions: ['*'], limits: [{count: 3, per: 1d, by: target}]}", Shift.LESS_LIMITED),
    ("{id: a, actions: ['*'], limits: [{count: 3, per: 1h}]}", "{id: b, actions: ['*'], limits: [{count: 3, per: 1h}]}",
     Shift.SAME),
    ("{id: a, actions: ['*'], limits: [{count: 3, per: 1h}]}", "{id: a, actions: ['*'], limits: [{count: 2, per: 1d}]}",
     Shift.MORE_LIMITED),
    ("{id: a, actions: ['*'], limits: [{count: 3, per: 1h}]}", "{id: a, actions: ['*'], limits: [{count: 0, per: 1h}]}",
     Shift.DENIED),
])
def test_each_way_a_policy_can_answer_otherwise_is_told_apart(old, new, expected):
    assert shift(grants(old), grants(new)) is expected


def test_widening_is_what_allows_more_or_asks_for_less():
    assert {item for item in Shift if item.widens} == {Shift.ALLOWED, Shift.LOOSENED, Shift.LESS_LIMITED}


def test_a_field_nobody_recorded_is_not_taken_for_an_empty_one():
    newer = grants("{id: a, actions: ['*'], where: 'before.region != \"us\"', mode: approve}")
    assert shift(grants(TIER), newer) is Shift.UNTOLD
    had = recorded(change(record({"tier": "monthly", "region": "eu"}, {"tier": "annual", "region": "eu"})))
    assert shift(grants(TIER), newer, had) is Shift.SAME


def test_a_create_is_recorded_whole_so_an_absent_field_is_absent():
    newer = grants("{id: a, actions: ['*'], where: 'after.region == null', mode: approve}")
    made = recorded(change(record(None, {"tier": "annual"})))
    assert shift(grants("{id: a, actions: ['*'], mode: approve}"), newer, made) is Shift.SAME


def test_a_value_that_stays_hidden_is_not_guessed():
    newer = grants("{id: a, actions: ['*'], where: 'after.tier in [\"monthly\", \"annual\"]', mode: approve}")
    hidden = recorded(change(record({"tier": Hidden("a")}, {"tier": Hidden("b")})))
    assert shift(grants(TIER), newer, hidden) is Shift.UNTOLD


def test_a_condition_on_the_whole_record_is_not_answered_from_a_part_of_it():
    newer = grants(TIER, rest="invariants: [{id: i, require: 'size(before) < 3'}]")
    assert shift(grants(TIER), newer) is Shift.UNTOLD


def test_what_is_denied_either_way_is_told_even_where_fields_are_missing():
    newer = grants("{id: a, actions: ['*'], where: 'before.region != \"us\"'}",
                   rest="invariants: [{id: never, deny: 'true'}]")
    (told,) = replay([recorded()], grants(TIER), newer)
    assert (told.shift, told.rule) == (Shift.DENIED, "never")


def test_an_action_nobody_offers_any_more_cannot_be_evaluated():
    assert shift(grants(TIER), grants(TIER), recorded(spec=None)) is Shift.UNTOLD


def test_ten_thousand_recorded_steps_take_seconds():
    old, new = grants(TIER), grants("{id: a, actions: ['*'], where: 'after.tier in [\"monthly\", \"annual\"]', mode: approve}")
    items = [recorded(change(record({"tier": "monthly"}, {"tier": "annual"}, f"crm/customers/{n}"))) for n in
             range(10_000)]
    began = time.monotonic()
    assert {item.shift for item in replay(items, old, new)} == {Shift.SAME}
    assert time.monotonic() - began < 20
