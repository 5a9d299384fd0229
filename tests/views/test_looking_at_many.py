"""What is asked of many values in a row at once comes to what is asked of each."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from agentctl.views import safe
from agentctl.views.document import outliers, varying
from agentctl.views.document.records import changes
from agentctl.views.terminal import varying as drawing

TEXT = st.text(alphabet="abl1I0 9.:/@-$|\n\t\u0430\u200b\u0663", max_size=8)
NUMBERED = st.builds("{}{}".format, st.sampled_from(["", "n", "row-", "r0", "\u0663"]), st.integers(0, 10**32))


@given(st.lists(TEXT | st.text(max_size=4), max_size=8))
@example(["a\nb", "c"])
@example([""])
@example([])
def test_texts_look_the_same_together_as_each_by_itself(texts):
    assert safe.skeletons(texts) == [safe.skeleton(text) for text in texts]


@given(st.lists(TEXT | st.text(max_size=4) | st.sampled_from(["a/.b", "x@y.example", "\x1cx", "ftp://h"]), min_size=1, max_size=6))
def test_a_trait_that_cannot_be_in_texts_together_is_in_none_of_them(texts):
    for trait in outliers._TRAITS:
        if not trait.may_be_in("".join(texts)):
            assert not any(map(trait.of, texts))


@given(st.lists(NUMBERED, min_size=1, max_size=8) | st.lists(st.builds("row-{}".format, st.integers(0, 200)), min_size=1, max_size=9))
@example(["n1", "n01", "n10", "n9"])
@example(["\u06631", "\u066310", "\u06639"])
def test_numbered_names_stand_in_the_order_of_their_numbers_however_many_there_are(names):
    ranks = varying._ranks(names)
    plain = [varying._rank(name) for name in names]
    assert sorted(range(len(names)), key=ranks.__getitem__) == sorted(range(len(names)), key=plain.__getitem__)


def test_most_names_that_somebody_numbered_are_told_by_their_numbers():
    assert varying._ranks(["s9", "s10", "s010"]) == [(9, "9"), (10, "10"), (10, "010")]


@given(st.dictionaries(TEXT, st.none() | st.booleans() | st.integers() | TEXT | st.dictionaries(TEXT, TEXT), max_size=4))
def test_a_record_that_is_made_or_goes_is_told_as_one_that_may_have_something_to_hide(fields):
    for before, after in ((None, fields), ({}, fields), (fields, None), (fields, {}), (None, None)):
        assert changes(before, after, frozenset()) == changes(before, after, frozenset({"not a field"}))


def follows(one: str, other: str) -> bool:
    left, right = drawing._NUMBERED.fullmatch(one), drawing._NUMBERED.fullmatch(other)
    return (
        left is not None and right is not None and (left[1], left[3]) == (right[1], right[3])
        and not left[1][-1:].isdigit() and int(right[2]) == int(left[2]) + 1
    )


@given(TEXT | NUMBERED, TEXT | NUMBERED | st.none(), st.sampled_from(["", "-eu", "\n"]))
@example("999999999999999999", "1000000000000000000", "")
@example("a1b9", "a1b10", "-eu")
@example("09", "10", "")
def test_the_name_that_counts_on_is_the_one_that_has_the_next_number(one, other, end):
    one += end
    following = next(drawing._following(one), None)
    assert following is None or follows(one, following)
    if other is not None:
        assert follows(one, other + end) is (following == other + end)
