"""What moved between plan and now, and what may have become anything because it was never known."""

from agentctl.engine.moved import fits, moved
from agentctl.model.change import Change, Effect, RecordChange, strongest
from agentctl.model.snapshot import Address
from agentctl.model.values import UNKNOWN

RECORD = Address("crm/customers/42")


def change(before, after, address=RECORD):
    records = (RecordChange(address=address, before=before, after=after),)
    return Change(step="s", action="crm.row.update", target="customers/42", effect=strongest(records), records=records)


def test_the_same_twice_has_not_moved():
    assert moved(change({"tier": "a"}, {"tier": "b"}), change({"tier": "a"}, {"tier": "b"})) == ()


def test_a_changed_before_names_field_planned_and_now():
    (found,) = moved(change({"tier": "a"}, {"tier": "b"}), change({"tier": "x"}, {"tier": "b"}))
    assert (found.address, found.field, found.side, found.planned, found.now) == (RECORD, "tier", "before", "a", "x")


def test_a_changed_effect_is_found_though_the_world_stood_still():
    (found,) = moved(change({"tier": "a"}, {"tier": "b"}), change({"tier": "a"}, {"tier": "c"}))
    assert found.side == "after"


def test_a_record_that_is_gone_or_has_come_has_moved():
    assert moved(change({"tier": "a"}, {"tier": "b"}), change(None, {"tier": "b"}))
    assert moved(change(None, {"tier": "b"}), change({"tier": "a"}, {"tier": "b"}))


def test_one_more_record_has_moved():
    one, two = change({"n": 1}, {"n": 2}), change({"n": 1}, {"n": 2}, Address("crm/customers/43"))
    both = Change(
        step="s", action="crm.row.update", target="customers", effect=Effect.UPDATE, records=one.records + two.records
    )
    assert moved(one, both)
    assert moved(both, one)


def test_a_deleted_record_with_a_new_field_has_moved():
    assert moved(change({"a": 1}, None), change({"a": 1, "b": 2}, None))


def test_absent_and_null_are_two_things():
    assert moved(change({"a": 1}, {"a": 2, "b": None}), change({"a": 1, "b": None}, {"a": 2, "b": None}))
    assert moved(change({"a": 1, "b": None}, {"a": 2, "b": None}), change({"a": 1}, {"a": 2, "b": None}))
    assert not fits({"b": None}, {})


def test_a_field_that_somebody_added_meanwhile_is_not_overwritten_unseen():
    (found,) = moved(change({"a": 1}, {"a": 1, "b": 1}), change({"a": 1, "b": 5}, {"a": 1, "b": 1}))
    assert (found.field, found.planned, found.now) == ("b", None, 5)


def test_what_was_unknown_may_become_anything():
    assert moved(change({"tier": "a"}, {"tier": UNKNOWN}), change({"tier": "a"}, {"tier": "c"})) == ()
    assert moved(change({"tier": UNKNOWN}, {"tier": "b"}), change({"tier": "b"}, {"tier": "b"})) == ()


def test_an_equal_number_of_another_type_has_moved():
    assert moved(change({"n": 1}, {"n": 2}), change({"n": True}, {"n": 2}))


def test_a_new_record_is_matched_by_what_it_became():
    new, real = Address("crm/customers/new:make"), Address("crm/customers/43")
    planned, now = change({"n": 1}, {"n": 2}, new), change({"n": 1}, {"n": 2}, real)
    assert moved(planned, now)
    assert moved(planned, now, {new: real}) == ()


def test_a_prediction_fits_what_shows_it_and_more():
    assert fits({"a": 1, "b": UNKNOWN}, {"a": 1, "b": 5, "c": 7})
    assert not fits({"a": 1}, {"a": 2})
    assert not fits({"a": 1}, None)
    assert fits(None, None)
    assert not fits(None, {"a": 1})
