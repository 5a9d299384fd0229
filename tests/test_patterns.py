"""A pattern that is compiled when it is first asked answers as one that was compiled at once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.patterns import regex

ASKED = ("match", "fullmatch", "search", "findall", "split")


def told(answer: Any) -> Any:
    return (answer.span(), answer.groups()) if isinstance(answer, re.Match) else answer


@given(st.sampled_from(["a+", "(a)|b", "", "^[^a]*$", r"\d"]), st.sampled_from([0, re.IGNORECASE]), st.text("aAb1", max_size=9))
def test_it_answers_alike(text: str, flags: int, asked_of: str) -> None:
    theirs, ours = re.compile(text, flags), regex(text, flags)
    for name in ASKED * 2:
        assert told(getattr(ours, name)(asked_of)) == told(getattr(theirs, name)(asked_of))
    assert ours.sub("x", asked_of) == theirs.sub("x", asked_of)
    assert (ours.pattern, ours.flags, ours.groups) == (theirs.pattern, theirs.flags, theirs.groups)


def test_bytes_are_looked_through_too() -> None:
    found = regex(rb"b+").search(b"abb")
    assert found
    assert found.span() == (1, 3)


def test_what_was_asked_once_is_kept() -> None:
    ours = regex("a")
    assert ours.match is ours.match


def test_what_is_no_pattern_fails_when_it_is_asked() -> None:
    ours = regex("(")
    with pytest.raises(re.error):
        ours.match("a")
    with pytest.raises(AttributeError):
        regex("a").unheard_of  # type: ignore[attr-defined]  # noqa: B018  # what is tried
