"""Patterns on actions and targets match what they say, in time linear to the text."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agentctl.policy import globs
from agentctl.policy.automaton import automaton

patterns = st.lists(st.sampled_from(["a", "b", "/", "*", "**", "/**/", "a*", "."]), max_size=8).map("".join)
texts = st.lists(st.sampled_from(["a", "b", "/", "c", "aa", "/a/", ".", "\n"]), max_size=10).map("".join)


def by_definition(pattern: str, text: str) -> bool:
    """The words of docs/POLICY.md as a regular expression, part by part."""
    said = {"/**/": "/(?:.*/)?", "**": ".*", "*": "[^/]*"}
    parts = (said.get(part) or re.escape(part) for part in re.split(r"(/\*\*/|\*\*|\*)", pattern))
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


@settings(max_examples=1000)
@given(patterns, texts)
@example("a/**/b", "a/b")
@example("a/**/b", "a/x/y/b")
@example("a/**/b", "a//b")
@example("**", "")
@example("", "")
def test_letter_by_letter_matches_what_trying_every_way_does(pattern, text):
    glob = globs.target(pattern)
    expected = by_definition(pattern, text)
    assert glob(text) is expected
    assert automaton(glob.parts)(text) is expected


@given(st.lists(patterns, max_size=3), texts)
def test_one_of_several_matches_where_any_does(several, text):
    each = tuple(map(globs.target, several))
    assert globs.either(each)(text) is any(by_definition(pattern, text) for pattern in several)


@pytest.mark.parametrize("pattern", ["*a*a*a*a*b", "**a**a**a**b", "a*/**/a*/**/a*/**/b", "**/**/**/**/b"])
@pytest.mark.parametrize("unit", ["a", "a/", "/"])
def test_a_target_that_nearly_fits_costs_no_more_than_its_length(pattern, unit):
    glob = globs.target(pattern)

    def seconds(letters: int) -> float:
        text = unit * (letters // len(unit))
        began = time.process_time()
        assert not glob(text)
        return time.process_time() - began

    seconds(10)
    assert min(seconds(40_000) for _ in range(3)) < 3 * 10 * max(min(seconds(4_000) for _ in range(3)), 0.002)
