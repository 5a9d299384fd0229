"""JSON means one thing, exactly, or it is told why it is no answer."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.connectors.rest.http import Headers, Request, Response
from agentctl.connectors.rest.http.decode import NotJSON, decoded, values
from agentctl.errors import Indeterminate, Rejected, Unreachable
from agentctl.model.values import from_wire, to_wire

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_another_program_wrote_is_read_as_it_meant_it(value):
    assert values(json.dumps(value).encode()) == value
    assert values(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")) == value


@given(st.binary(max_size=200) | st.text(alphabet='[]{}:,"\\u0d8 1e-.truefalsn', max_size=60).map(str.encode))
def test_no_bytes_do_anything_but_be_read_or_refused(body):
    try:
        found = values(body)
    except NotJSON:
        return
    assert from_wire(to_wire(found)) == found


@pytest.mark.parametrize(("text", "value"), [
    ("1.10", Decimal("1.10")), ("9007199254740993", 9007199254740993), ("1e2", Decimal("1E+2")), ("-0", 0),
    ("0.1", Decimal("0.1")), ('"\\ud83d\\ude00"', "😀"), ("\ufeff[1]", [1]), (" null\n", None),
])
def test_numbers_and_characters_are_exact(text, value):
    found = values(text.encode())
    assert (found, type(found), str(found)) == (value, type(value), str(value))


@pytest.mark.parametrize(("body", "why"), [
    (b"", r"is not JSON \(line 1, column 1\)"),
    (b"<html>", "is not JSON"),
    (b"{'a': 1}", r"is not JSON \(line 1, column 2\)"),
    (b"[1,\n2 3]", r"is not JSON \(line 2, column 3\)"),
    (b"[1] [2]", "is not JSON"),
    (b'{"a": 1, "a": 2}', "a key occurs more than once"),
    (b'{"a": 1, "\\u0061": 2}', "a key occurs more than once"),
    (b"[NaN]", "a number that is none"),
    (b"-Infinity", "a number that is none"),
    (b"1" * 401, "longer than any record needs"),
    (b"1e999999999", "longer than any record needs"),
    (b"1" * 1_000_000, "longer than any record needs"),
    (b'["\\ud83d"]', "half a character"),
    (b'{"\\udc00": 1}', "half a character"),
    (b'"\\ud83d"', "half a character"),
    (b"\xff", r"is not text in UTF-8 \(byte 1\)"),
    ("[1]".encode("utf-16"), "is not text in UTF-8"),
    (b"[" * 65 + b"]" * 65, "nested deeper than 64 levels"),
    (b'{"a":' * 65 + b"1" + b"}" * 65, "nested deeper than 64 levels"),
    (b"[" * 1_000_000, "nested deeper than 64 levels|is not JSON"),
])
def test_what_could_be_read_in_two_ways_is_refused(body, why):
    with pytest.raises(NotJSON, match=why):
        values(body)


def test_sixty_four_levels_are_read():
    assert values(b"[" * 64 + b"]" * 64)


@pytest.mark.parametrize(("method", "status", "kind"), [
    ("GET", 200, Unreachable), ("GET", 404, Unreachable), ("POST", 201, Indeterminate), ("POST", 422, Rejected),
    ("POST", 500, Indeterminate),
])
def test_what_cannot_be_read_is_told_as_what_became_of_the_request(method, status, kind):
    response = Response(status=status, headers=Headers(), body=b'{"secret": "canary"', url="https://x.example/y")
    with pytest.raises(kind, match="Answer not readable") as told:
        decoded(Request(method=method, path="/y", deadline=1), response)
    assert told.value.__context__ is None, "Python's own error holds the whole text"
    assert "canary" not in str(told.value)
