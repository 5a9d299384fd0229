"""One byte form for one document: RFC 8785's, and never a float."""

import hashlib
import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from agentctl.model.canonical import canonical, checked, digest, digest_bytes
from agentctl.model.values import SAFE_INTEGER, NotAValue

texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers(-SAFE_INTEGER, SAFE_INTEGER) | texts
documents = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20
)


@given(documents)
def test_the_bytes_are_those_of_an_independent_rfc_8785(document):
    assert canonical(document) == rfc8785.dumps(document)


@given(documents)
def test_the_fast_way_and_the_plain_way_agree(document):
    plain = json.dumps(checked(document), ensure_ascii=False, separators=(",", ":")).encode()
    assert canonical(document) == plain


@given(documents)
def test_reading_the_bytes_gives_the_document(document):
    assert json.loads(canonical(document)) == document


def test_keys_are_ordered_by_utf_16_units_as_the_rfc_has_it():
    document = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7}
    assert list(json.loads(canonical(document))) == ["\r", "1", "\x80", "\xf6", "\u20ac", "\U0001f600", "\ufb33"]


@pytest.mark.parametrize(
    "document",
    [
        1.0, -0.0, 1e300, 1e-7, float("nan"), float("inf"), [1.5], {"a": 2.0}, {"a": [0, 1e16]},
        SAFE_INTEGER + 1, -SAFE_INTEGER - 1, [10**40], {"a": 2**53},
        "\ud800", {"\udfff": 1}, ["a\ud834"],
        object(), {1, 2}, b"bytes", {"a": object()},
    ],
)
def test_what_has_no_canonical_form_is_refused(document):
    with pytest.raises(NotAValue):
        canonical(document)


@pytest.mark.parametrize("text", ["1.5", ":1.5", ",12345678901234567890", "[NaN", "a,-1e5", ":Infinity"])
def test_text_that_looks_like_a_number_is_still_text(text):
    assert canonical({"a": text}) == rfc8785.dumps({"a": text})


def test_a_document_that_holds_itself_is_refused():
    loop: list = []
    loop.append(loop)
    with pytest.raises(NotAValue):
        canonical(loop)


def test_the_digest_is_the_sha256_of_the_bytes():
    assert digest({"b": 1, "a": "ü"}) == "sha256:" + hashlib.sha256('{"a":"ü","b":1}'.encode()).hexdigest()
    assert digest_bytes(b"") == "sha256:" + hashlib.sha256(b"").hexdigest()
