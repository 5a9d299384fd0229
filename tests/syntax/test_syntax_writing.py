"""What is written for a person to edit, and left as it is, is read back as the very same value."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentctl.model.canonical import canonical
from agentctl.model.plan import argument_from_wire, argument_to_wire
from agentctl.model.values import to_wire
from agentctl.planfile.draft import read_arguments
from agentctl.syntax.writing import written

_NEVER = "".join(map(chr, (*range(9), 11, 12, *range(14, 32), *range(127, 133), *range(134, 160))))     # in no plan
_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters=_NEVER), max_size=30)
_LINES = st.lists(st.text(st.sampled_from(" ab#:-|>'\"\t%&*{}[]"), max_size=30), max_size=5).map("\n".join)
_LEAVES = (
    st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.decimals(allow_nan=False, allow_infinity=False, places=2)
    | _TEXT | _LINES | st.binary(max_size=10) | st.dates()
)
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3), max_leaves=12
)


@given(st.dictionaries(_TEXT, _VALUES, max_size=4))
@example({"body": "Dear Ada,\n\nyour tier is now annual.\n\n\n"})
@example({"body": " indented\nfirst"})
@example({"body": "x\n---\n...\n# no comment"})
@example({"a": {"$from": "no reference"}, "null": None, "on": "no", "1": "1"})
def test_what_is_written_is_read_back(arguments):
    wire = {name: argument_to_wire(value) for name, value in arguments.items()}
    found = read_arguments(written(wire).encode(), "draft.yaml")
    assert canonical({name: argument_to_wire(value) for name, value in found.items()}) == canonical(wire)


def test_a_letter_is_a_block_that_a_person_can_edit():
    assert written({"to": ["ada@example.com"], "body": "Dear Ada,\n\nall well.\n", "amount": to_wire(5)}) == (
        'to:\n  - "ada@example.com"\nbody: |\n  Dear Ada,\n\n  all well.\namount: 5\n'
    )


@pytest.mark.parametrize("wire", [
    {"tier": {"$from": "steps.a.after.tier"}},
    {"text": {"$format": "Now {tier}", "tier": {"$from": "steps.a.after.tier"}}},
    {"password": {"$secret": "smtp"}},
    {"deep": {"$literal": {"$from": "as it is"}}},
    {"price": {"$decimal": "12.50"}, "big": {"$int": "9007199254740993"}, "at": {"$time": "2026-01-01T00:00:00Z"}},
])
def test_references_and_values_json_cannot_say_stay_what_they_are(wire):
    found = read_arguments(written(wire).encode(), "draft.yaml")
    assert {name: argument_to_wire(value) for name, value in found.items()} == wire
    assert {name: argument_from_wire(item) for name, item in wire.items()} == found
