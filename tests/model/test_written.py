"""What is written straight from values is the canonical form of their wire form, and is refused where that is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.model.action import Reversibility
from agentctl.model.canonical import canonical
from agentctl.model.change import Change, Effect, Inverse, RecordChange, change_bytes, change_to_wire
from agentctl.model.plan import Evidence, Format, From, OnFailure, Plan, Secret, Step, plan_to_wire
from agentctl.model.values import SAFE_INTEGER, Hidden, NotAValue, Unknown

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["", "$", "$from", "$decimal", 'a"b\\', "\x00\x1f\x7f\u2028", "\ufb33", "\U0001f600", ":1.5,", "true"]
)
names = texts
plain = st.none() | st.booleans() | texts | st.integers() | st.integers(SAFE_INTEGER - 1, SAFE_INTEGER + 1)
odd = st.one_of(
    st.integers(-SAFE_INTEGER - 1, -SAFE_INTEGER + 1), st.decimals(allow_nan=False, allow_infinity=False),
    st.binary(max_size=4), st.datetimes(timezones=st.none() | st.just(UTC)), st.dates(),
    st.builds(Unknown, st.none() | st.dictionaries(names, texts, max_size=2)), st.builds(Hidden, texts),
)


def nested(leaves):
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(names, inner, max_size=3),
        max_leaves=6,
    )


values = nested(plain | odd)
references = st.one_of(
    st.builds(From, texts, st.sampled_from(["after", "receipt"]), st.lists(texts, max_size=2).map(tuple)),
    st.builds(Secret, texts), st.builds(Format, texts, st.dictionaries(names, values, max_size=2)),
)
arguments = st.dictionaries(names, nested(plain | odd | references), max_size=3)
fields = st.dictionaries(names, values, max_size=4)
few = st.lists(texts, max_size=2).map(tuple)
steps = st.builds(
    Step, id=texts, action=texts, target=texts, with_=arguments, because=texts, evidence=few, needs=few
)
changes = st.builds(
    Change, step=texts, action=texts, target=texts, effect=st.sampled_from(Effect), arguments=arguments,
    records=st.lists(
        st.builds(RecordChange, address=texts, before=st.none() | fields, after=st.none() | fields), max_size=2
    ).map(tuple),
    reads=few, notes=few, receipt=fields,
    inverse=st.builds(Inverse, kind=st.sampled_from(Reversibility), step=st.none() | steps, stays=texts),
)
plans = st.builds(
    Plan, intent=texts, agent=texts, steps=st.lists(steps, max_size=3).map(tuple), requested_by=texts,
    evidence=st.lists(st.builds(Evidence, id=texts, uri=texts), max_size=2).map(tuple),
    on_failure=st.sampled_from(OnFailure), tenant=texts, environment=texts,
)


@given(changes)
def test_a_change_is_written_as_its_wire_form_is(change):
    assert change_bytes(change) == canonical(change_to_wire(change))


@given(plans)
def test_a_plan_is_written_as_its_wire_form_is(plan):
    assert plan.canonical == canonical(plan_to_wire(plan))


@pytest.mark.parametrize("value", [
    0, -1, True, Decimal("1.50"), Decimal("1E+2000"), 2**60, b"\x00", date(2024, 2, 29),
    datetime(2024, 2, 29, 12, tzinfo=UTC), Unknown("x"), {"$from": "steps.a.after.b"}, {"a": {"$int": "1"}}, (1, "a"),
    {"\ufb33": 1, "\U0001f600": 2},
])
def test_each_kind_of_value_is_written_as_its_wire_form_is(value):
    change = Change(step="s", action="a.b", target="t", effect=Effect.UPDATE, receipt={"b": value, "a": [value]})
    assert change_bytes(change) == canonical(change_to_wire(change))


LOOP: list = []
LOOP.append(LOOP)


@pytest.mark.parametrize("value", [1.5, float("nan"), Decimal("NaN"), "\ud800", {"\udfff": 1}, {1: 2}, object(), LOOP])
def test_what_has_no_canonical_form_is_refused(value):
    change = Change(step="s", action="a.b", target="t", effect=Effect.UPDATE, receipt={"a": value})
    with pytest.raises(NotAValue):
        change_bytes(change)
