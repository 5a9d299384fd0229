"""Times as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.cli.options import seconds
from agentctl.errors import Usage


@given(st.integers(min_value=0, max_value=10**6))
def test_a_unit_multiplies_and_none_means_seconds(number):
    assert seconds(str(number)) == seconds(f"{number}s") == number
    assert seconds(f"{number}m") == number * 60
    assert seconds(f"{number}h") == number * 3600


@pytest.mark.parametrize("text", ["", "s", "-1s", "1.5s", "1d", "0x10", "1 s", "nan", "inf", "1e3", "²"])
def test_what_is_not_a_time_is_refused_and_quoted(text):
    with pytest.raises(Usage, match="is not a time; write 30s, 5m or 1h") as refused:
        seconds(text)
    assert repr(text) in str(refused.value)
