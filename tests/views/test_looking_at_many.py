"""What is asked of many values in a row at once comes to what is asked of each."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from agentctl.views import safe
from agentctl.views.document import outliers, varying

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
