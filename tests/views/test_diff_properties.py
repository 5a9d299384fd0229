"""What is listed as different is all that is different, once, and in order: put into the old record it gives the new."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agentctl.model.edit import differences
from agentctl.model.values import fields_from_wire, same, to_wire
from agentctl.policy.units import changed
from agentctl.views.document.records import changes
from agentctl.views.values import key as identity

KEYS = st.sampled_from(["a", "b", "c", "é", "e\u0301"])
LEAVES = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "1", "true", Decimal("1.0"), Decimal("1.00"), Decimal(1), b"a"])
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=10)
RECORDS = st.dictionaries(KEYS, VALUES, max_size=4)


def put(record: dict[str, Any], change: dict[str, Any]) -> None:
    *above, last = change["path"].split(".")
    for key in above:
        record = record[key]
    if "after" in change:
        record[last] = change["after"]
    else:
        del record[last]


@given(RECORDS, RECORDS)
def test_the_differences_that_are_shown_make_the_new_record_of_the_old(before, after):
    wire = to_wire(before)
    for change in changes(before, after, frozenset()):
        put(wire, change)
    assert same(fields_from_wire(wire), after)


@given(RECORDS, RECORDS)
def test_each_difference_is_shown_once_and_none_that_is_none(before, after):
    shown = changes(before, after, frozenset())
    assert len({change["path"] for change in shown}) == len(shown)
    for change in shown:
        assert change.keys() != {"path"}
        assert "before" not in change or "after" not in change or identity(change["before"]) != identity(change["after"])
    assert bool(shown) != same(before, after)
    assert [change["path"] for change in shown] == [".".join(path) for path in changed(before, after)], "what policy is asked about"


@given(RECORDS, RECORDS)
def test_differences_of_arguments_make_what_a_person_made_of_what_the_agent_wrote(wrote, made):
    old, new = to_wire(wrote), to_wire(made)
    result = copy.deepcopy(old)
    for difference in differences(old, new):
        put(result, difference)
    assert same(fields_from_wire(result), fields_from_wire(new))


@given(RECORDS)
def test_a_record_does_not_differ_from_itself(record):
    assert changes(record, copy.deepcopy(record), frozenset()) == []
    assert list(changed(record, copy.deepcopy(record))) == []
