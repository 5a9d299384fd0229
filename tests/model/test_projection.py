"""What consent is about: every field that changes, whatever it is called, and nothing kept twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentctl.model.action import Reversibility
from agentctl.model.change import Change, Effect, Inverse, RecordChange, strongest
from agentctl.model.plan import Step
from agentctl.model.projection import project
from agentctl.model.snapshot import Address
from agentctl.model.values import differing, same

_NAMES = st.sampled_from(["a", "b", "a.b", "a.", ".", "$x", "etag"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.text("xy", max_size=1) | st.decimals(0, 1, places=1),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=2),
    max_leaves=4,
)
_FIELDS = st.dictionaries(_NAMES, _VALUES, max_size=4)
_SOME = st.frozensets(_NAMES)


def change(before, after, with_=None) -> Change:
    record = RecordChange(address=Address("crm/customers/1"), before=before, after=after)
    undo = Step(id="s", action="crm.undo", target="customers/1", with_={} if with_ is None else with_)
    return Change(
        step="s", action="crm.do", target="customers/1", effect=strongest((record,)), records=(record,),
        inverse=Inverse(kind=Reversibility.EXACT, step=undo, stays="a trace"),
    )


@given(_FIELDS, _FIELDS)
def test_the_fields_that_differ_are_those_that_are_not_the_same(left, right):
    assert set(differing(left, right)) == {
        name for name in {*left, *right} if not (name in left and name in right and same(left[name], right[name]))
    }


@given(_FIELDS, _FIELDS, _SOME)
def test_whatever_changes_is_consented_to(before, after, reads):
    (cut,) = project(change(before, after), reads, frozenset()).records
    assert cut.before == {name: before[name] for name in before if name in reads or name in differing(before, after)}
    assert cut.after == {name: after[name] for name in after if name in reads or name in differing(before, after)}


def test_a_change_of_a_field_whose_name_has_a_dot_is_consented_to():
    (cut,) = project(change({"a.b": 1, "c": 2}, {"a.b": 5, "c": 2}), frozenset(), frozenset()).records
    assert (cut.before, cut.after) == ({"a.b": 1}, {"a.b": 5})


@given(_FIELDS, _SOME)
def test_of_a_record_that_comes_or_goes_all_but_what_changes_by_itself_is_consented_to(fields, volatile):
    kept = {name: value for name, value in fields.items() if name not in volatile}
    (made,) = project(change(None, fields), frozenset(), volatile).records
    (gone,) = project(change(fields, None), frozenset(), volatile).records
    assert (made.before, made.after, gone.before, gone.after) == (None, kept, kept, None)


@given(_FIELDS, _FIELDS, st.none() | _SOME, _SOME, _FIELDS)
def test_what_is_consented_to_is_the_same_once_cut(before, after, reads, volatile, with_):
    once = project(change(before, after, with_), reads, volatile)
    assert once.inverse.step is not None
    assert once.inverse.step.with_ == {}
    assert project(once, reads, volatile) == once


def test_a_change_that_is_consented_to_whole_is_kept_once():
    whole = change(None, {"name": "Ada"})
    assert project(whole, frozenset(), frozenset()) is whole


def test_consent_to_looking_is_about_the_address_and_not_what_is_found():
    record = RecordChange(address=Address("crm/customers/1"), before={"a": 1}, after={"a": 1})
    look = Change(
        step="s", action="crm.read", target="customers/1", effect=Effect.READ, records=(record,), reads=(record.address,)
    )
    assert project(look, frozenset(), frozenset()).records == ()
