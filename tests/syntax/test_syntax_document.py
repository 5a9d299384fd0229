"""Every node of a document knows its place, to the column."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.model.diagnostic import Severity
from agentctl.syntax.document import Source, json_pointer
from agentctl.syntax.yaml import parse

TEXT = """\
# a comment
version: 1
\u00e4 \U0001f600: {k: [a, "b",  {z: 12.50}]}
steps:
  - id: one
    with:
      text: |
        line
      "quoted key": 'x'
  -   id: two
      needs: []
      gone:
"""


@pytest.mark.parametrize(("pointer", "value", "key"), [
    ((), (2, 1), (2, 1)),
    (("version",), (2, 10), (2, 1)),
    (("\u00e4 \U0001f600",), (3, 6), (3, 1)),
    (("\u00e4 \U0001f600", "k"), (3, 10), (3, 7)),
    (("\u00e4 \U0001f600", "k", 0), (3, 11), (3, 11)),
    (("\u00e4 \U0001f600", "k", 1), (3, 14), (3, 14)),
    (("\u00e4 \U0001f600", "k", 2, "z"), (3, 24), (3, 21)),
    (("steps",), (5, 3), (4, 1)),
    (("steps", 0), (5, 5), (5, 5)),
    (("steps", 0, "with"), (7, 7), (6, 5)),
    (("steps", 0, "with", "text"), (7, 13), (7, 7)),
    (("steps", 0, "with", "quoted key"), (9, 21), (9, 7)),
    (("steps", 1), (10, 7), (10, 7)),
    (("steps", 1, "needs"), (11, 14), (11, 7)),
    (("steps", 1, "absent"), (10, 7), (10, 7)),
    (("steps", 5, "x"), (5, 3), (5, 3)),
    (("steps", 1, "id", "below"), (10, 11), (10, 11)),
])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_values_and_keys_know_their_place(pointer, value, key, ends):
    document = parse(TEXT.replace("\n", ends).encode(), "plan.yaml")
    place = document.span(pointer)
    at_key = document.span(pointer, key=True)
    assert (place.line, place.column) == value
    assert (at_key.line, at_key.column) == key


def test_the_entries_of_a_list_know_their_places_together():
    document = parse(TEXT.encode(), "plan.yaml")
    assert [(span.line, span.column) for span in document.spans(("steps",))] == [(5, 5), (10, 7)]


def test_lines_are_those_of_the_file():
    document = parse(TEXT.replace("\n", "\r\n").encode(), "plan.yaml")
    assert [document.source(number) for number in range(1, 13)] == TEXT.split("\n")[:12]


def test_a_diagnostic_carries_pointer_place_and_line():
    document = parse(b"a:\n  b/c~d: [1, 2]\n", "plan.yaml")
    found = document.diagnostic("x", "Summary", "Detail.", "Hint.", ("a", "b/c~d", 1))
    assert (str(found.span), found.pointer, found.source) == ("plan.yaml:2:14", "/a/b~1c~0d/1", "  b/c~d: [1, 2]")
    assert found.severity is Severity.ERROR


def test_a_line_too_long_to_read_is_cut():
    document = parse(b'["' + b"a" * 10_000 + b'", .5]', "x")
    near = document.diagnostic("x", "S", pointer=(0,))
    far = document.diagnostic("x", "S", pointer=(1,))
    assert len(near.source) == 401
    assert far.source == ""
    assert far.span
    assert far.span.column == 10_006


@given(st.text(st.sampled_from("ab\n"), max_size=5000), st.data())
def test_any_offset_becomes_the_line_and_column_an_editor_shows(text, data):
    source = Source("x", text)
    offset = data.draw(st.integers(0, len(text)))
    before = text[:offset].split("\n")
    span = source.span(offset)
    assert (span.line, span.column) == (len(before), len(before[-1]) + 1)
    line = text.split("\n")[span.line - 1]
    assert source.line(span.line) == (line if len(line) <= 400 else line[:400] + "…")


_LEAVES = st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=5)
_TREES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4), max_leaves=20
)


def _pointers(value, pointer=()):
    yield pointer, value
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, inner in entries:
        yield from _pointers(inner, (*pointer, part))


@given(_TREES)
def test_what_stands_at_a_place_is_the_value_that_claims_it(tree):
    for text, file in ((json.dumps(tree, indent=1), "x.json"), ("--- " + json.dumps(tree), "x.yaml")):
        document = parse(text.encode(), file)
        lines = text.split("\n")
        for pointer, value in _pointers(document.value):
            span = document.span(pointer)
            rest = "\n".join([lines[span.line - 1][span.column - 1 :], *lines[span.line :]])
            assert json.JSONDecoder().raw_decode(rest)[0] == value


def test_pointers_are_written_as_the_rfc_says():
    assert json_pointer(("a/b", 0, "m~n", "")) == "/a~1b/0/m~0n/"
