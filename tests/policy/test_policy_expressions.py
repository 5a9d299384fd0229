"""Conditions: what is refused when a policy is loaded, what one is said to read, and exact decimals."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agentctl.policy import expressions
from agentctl.policy.decimals import PLACES, WHOLE, NotADecimal, comparable
from agentctl.policy.expressions import Failed, NotAnExpression, activation, ask, reads


@pytest.mark.parametrize(
    "source, column, why",
    [
        ("before.tier = 1", 13, "token recognition error"),
        ("beforr.tier == 1", 7, "there is nothing called `beforr`. Did you mean `before`?"),
        ("1 + 'a' == 2", 3, "found no matching overload for '_+_' applied to '(int, string)'"),
        ("effect == 1", 8, "found no matching overload"),
        ("size(step.evidense) > 0", 6, "`step` has no field `evidense`. Did you mean `evidence`?"),
        ("has(action.nmae)", 5, "`action` has no field `nmae`. Did you mean `name`?"),
        ("now", 1, "a condition is true or false; this one yields timestamp"),
        ("'text'", 1, "a condition is true or false; this one yields string"),
        ("decimal(after.a) > 1", 18, "found no matching overload"),
        ("decimal(after.a) > '1'", 18, "found no matching overload"),
        ("decimal(after.a) > after.b", 1, "write decimal(…) on both sides"),
        ("after.b in [decimal(1)]", 1, "write decimal(…) on both sides"),
        ("decimal(after.a) + decimal(1) > decimal(2)", 1, "decimals are only compared"),
        ("size(decimal(after.a)) == 3", 1, "decimals are only compared"),
        ("decimal(1.5) == decimal(1)", 8, "found no matching overload"),
        ("double(after.a) > 1.5", 1, "double() would round"),
        ("changes.exists(before, before.path == 'x')", 1, "`before` already names"),
        ("[1].all(environment, true)", 1, "`environment` already names"),
        ("(" * 40 + "true" + ")" * 40, 1, "nested too deeply"),
        ("a" * 4001, 1, "at most 4000 characters"),
        ("after" + ".a" * 1500 + " == 1", 1, "nested too deeply"),
        ("", 1, ""),
    ],
)
def test_what_cannot_be_meant_is_refused_at_load(source, column, why):
    with pytest.raises(NotAnExpression) as refused:
        expressions.compile(source)
    assert why in refused.value.why
    assert refused.value.column == column


@pytest.mark.parametrize(
    "source, read",
    [
        ("before.tier == after.region", {"tier", "region"}),
        ('before["tier"] == 1 && has(after.note)', {"tier", "note"}),
        (".before.tier == 1", {"tier"}),
        ("before.address.city == 'x'", {"address"}),
        ("action.name == 'x' && args.tier == 'y'", set()),
        ("['a'].exists(k, k == before.tier)", {"tier"}),
        ("before == after", None),
        ("before[step.id] == 1", None),
        ("'tier' in before", None),
        ("size(before) == 1", None),
        ("dyn(before).tier == 1", None),
        ("[before][0].tier == 1", None),
        ("{'x': before}.x.tier == 1", None),
        ("before.all(k, k != 'x')", None),
        ("(true ? before : after).tier == 1", None),
        ("[before].exists(b, b.tier == 1)", None),
        ("changes.all(c, c.path == 'tier')", None),
        ("size(changes) == 1", None),
    ],
)
def test_reads_names_fields_or_says_that_it_cannot_tell(source, read):
    assert reads(expressions.compile(source)) == (None if read is None else frozenset(read))


# Conditions built at random, over records whose fields the condition may or may not look at.

NAMES = st.sampled_from(["a", "b", "c"])
SIDES = st.sampled_from(["before", "after"])
LEAVES = st.one_of(
    st.builds("{}.{} == {}".format, SIDES, NAMES, st.integers(0, 2)),
    st.builds('{}["{}"] == {}'.format, SIDES, NAMES, st.integers(0, 2)),
    st.builds("has({}.{})".format, SIDES, NAMES),
    st.builds("{}.{} in [{}.{}, 1]".format, SIDES, NAMES, SIDES, NAMES),
    st.builds("[1, 2].exists(k, k == {}.{})".format, SIDES, NAMES),
    st.builds("[{}.{}].all(k, k == 1)".format, SIDES, NAMES),
    st.builds("{}.exists(k, k == '{}')".format, SIDES, NAMES),
    st.builds("'{}' in {}".format, NAMES, SIDES),
    st.builds("[{}][0].{} == 1".format, SIDES, NAMES),
    st.builds("{}[{}.{} == 1 ? 'a' : 'b'] == 1".format, SIDES, SIDES, NAMES),
    st.just("before == after"),
    st.just("size(before) == 3"),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
    ),
    max_leaves=5,
)
ROWS = st.fixed_dictionaries({name: st.integers(0, 2) for name in "abc"})


@given(CONDITIONS, ROWS, ROWS, ROWS, ROWS)
def test_no_field_outside_reads_can_change_an_answer(source, before, after, other_before, other_after):
    condition = expressions.compile(source)
    named = reads(condition)
    assume(named is not None)
    first = ask(condition, activation({"before": before, "after": after}))
    moved = {"before": {**other_before, **_only(before, named)}, "after": {**other_after, **_only(after, named)}}
    assert ask(condition, activation(moved)) == first


def _only(row, names):
    return {name: row[name] for name in names if name in row}


NUMBERS = st.decimals(
    allow_nan=False, allow_infinity=False, places=PLACES, min_value=-(10**15), max_value=10**15
) | st.integers(-(2**63), 2**63 - 1).map(Decimal)


@given(NUMBERS, NUMBERS)
def test_decimals_compare_as_the_numbers_do(left, right):
    mine, theirs = comparable(format(left, "f")), comparable(format(right, "f"))
    assert (mine < theirs, mine == theirs) == (left < right, left == right)


@pytest.mark.parametrize(
    "text",
    ["", "x", "1e3", "1_000", " 1", "1\n", "٣", "NaN", "Infinity", "-", "1.", ".5", "--1", "9" * (WHOLE + 1),
     "0." + "0" * PLACES + "1", "9" * 201, "1\0"],
)
def test_what_is_no_exact_decimal_is_refused(text):
    with pytest.raises(NotADecimal):
        comparable(text)


def test_decimals_compare_inside_conditions():
    facts = activation({"after": {"price": "12.50", "old": "12.5", "count": 12, "name": "x"}})
    for source, truth in {
        "decimal(after.price) == decimal(after.old)": True,
        "decimal(after.price) > decimal(after.count)": True,
        'decimal("-2") < decimal("-1.99")': True,
        'decimal("0.10") + decimal("0.20") == decimal("0.30")': None,
        'decimal(after.price) in [decimal("12.5")]': True,
        "!(decimal(after.price) <= decimal(12))": True,
    }.items():
        if truth is None:
            with pytest.raises(NotAnExpression):
                expressions.compile(source)
        else:
            assert ask(expressions.compile(source), facts) is truth
    assert isinstance(ask(expressions.compile("decimal(after.name) == decimal(1)"), facts), Failed)
