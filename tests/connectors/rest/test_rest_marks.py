"""A text that is sent with our mark is read back as it was given, whatever it ends with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.connectors.rest.expressions import Scope, evaluate, mark, unmarked


def sent(text: str) -> str:
    marked: str = evaluate({"$marked": {"$argument": "body"}}, Scope(arguments={"body": text}, key="k"))
    return marked


@given(st.text(alphabet=st.sampled_from("a \r\n<!->"), max_size=12))
def test_what_is_marked_is_read_back_as_it_was(text: str) -> None:
    assert mark("k") in sent(text)
    assert unmarked(sent(text)) == text


@pytest.mark.parametrize("text", ["a\n", "a\n\n", "\n", "a\r\n", mark("other"), f"a\n\n{mark('other')}"])
def test_no_end_of_a_text_is_taken_for_ours(text: str) -> None:
    assert unmarked(sent(text)) == text


def test_a_system_may_end_lines_its_own_way() -> None:
    assert unmarked(sent("a\nb").replace("\n", "\r\n")) == "a\r\nb"
