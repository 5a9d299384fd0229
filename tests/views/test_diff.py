"""Old → new, field by field, as a person can read it."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agentctl.views import diff
from agentctl.views.look import Detail


def lines(before: Any, after: Any, detail: Detail = Detail.COMPACT) -> list[str]:
    return [_said(row) for row in diff.rows({"path": "f", "before": before, "after": after}, detail)]


def _said(row: diff.Row) -> str:
    if row.old is not None and row.new is not None:
        return f"{row.sign} {row.label}: {row.old} → {row.new}"
    return f"{row.sign} {row.label}" + (f": {row.new}" if row.new is not None else "")


@pytest.mark.parametrize(("before", "after", "said"), [
    ("monthly", "annual", '~ f: "monthly" → "annual"'),
    ({"$decimal": "12.50"}, {"$decimal": "12.5"}, "~ f: 12.50 → 12.5"),
    (1, True, "~ f: 1 → true"),
    (1, "1", '~ f: 1 → "1"'),
    (None, {"$unknown": None}, "~ f: null → (known after apply)"),
    ({"$hidden": "a"}, {"$hidden": "b"}, "~ f: (hidden, changed)"),
    ({"$date": "2026-01-01"}, {"$date": "2027-01-01"}, "~ f: 2026-01-01 → 2027-01-01"),
    ({"$int": "9007199254740993"}, 5, "~ f: 9007199254740993 → 5"),
    ({"$bytes": ""}, {"$bytes": "aGVsbG8="}, "~ f: b64 0 B sha256:e3b0c44298fc → b64 5 B sha256:2cf24dba5fb0"),
    ({"$literal": {"$hidden": "x"}}, None, '~ f: {$hidden: "x"} → null'),
])
def test_a_value_is_shown_with_its_type(before, after, said):
    assert lines(before, after)[0] == said


def test_absence_is_not_null():
    assert [_said(row) for row in diff.rows({"path": "f", "after": None}, Detail.COMPACT)] == ["+ f: null"]
    assert [_said(row) for row in diff.rows({"path": "f", "before": None}, Detail.COMPACT)] == ["- f: null"]


def test_a_text_is_compared_line_by_line_with_context():
    before = "\n".join(f"line {number}" for number in range(40))
    said = lines(before, before.replace("line 20", "line twenty"))
    assert said == [
        "~ f: +1 −1 lines", "@ line 19", "  line 18", "  line 19", "- line 20", "+ line twenty", "  line 21", "  line 22",
    ]


def test_full_shows_every_line_of_a_text():
    before = "\n".join(f"line {number}" for number in range(400))
    assert len(lines(before, before + "\nmore", Detail.FULL)) == 1 + 1 + 400 + 1


def test_a_changed_line_ending_is_visible():
    assert "- a\\r" in lines("a\r\nb", "a\nb")


def test_what_is_elided_carries_length_and_digest():
    said = lines("a" * 5000, "b" * 5000)
    assert all("5,000 characters, sha256:" in line for line in said[1:3])
    cut = lines("\n" * 200, "\n".join(map(str, range(200))))[-1]
    assert "more lines (now " in cut
    assert "sha256:" in cut


def test_a_second_difference_out_of_sight_is_announced():
    before = "a" * 500 + "x" + "b" * 500
    after = "A" + "a" * 499 + "y" + "b" * 500
    assert any("differ further on" in line for line in lines(before, after))
    assert not any("differ further on" in line for line in lines("a" * 500, "A" + "a" * 499))


def test_look_alike_values_show_their_code_points():
    assert any("U+0430 CYRILLIC SMALL LETTER A" in line for line in lines("annual", "аnnual"))
    assert any("U+0430" in line for line in lines("x\nannual\ny", "x\nаnnual\ny"))


def test_text_that_runs_right_to_left_cannot_swap_old_and_new():
    assert [line[0] for line in lines("אב", "גד")] == ["~", "-", "+"]


def test_a_collection_is_matched_by_key_not_by_position():
    before = [{"id": 1, "n": 1}, {"id": 2, "n": 2}, {"id": 3, "n": 3}]
    after = [{"id": 3, "n": 3}, {"id": 1, "n": 9}, {"id": 4, "n": 4}]
    assert lines(before, after) == [
        "~ f:", "~ [id=1].n: 1 → 9", "- [id=2]: {id: 2, n: 2}", "+ [id=4]: {id: 4, n: 4}", "~ their order changed",
    ]


def test_a_list_of_values_shows_what_came_and_went_and_that_the_order_changed():
    assert lines(["a", "b"], ["b", "a", "c"]) == ["~ f:", '+ "c"', "~ their order changed"]
    assert lines(["a", "a"], ["a"]) == ["~ f:", '- "a"']
    assert lines([1], [True]) == ["~ f:", "- 1", "+ true"]


def test_a_change_cannot_hide_under_a_private_name():
    assert lines([{"__x": 1, "l": [1]}], [{"__x": 2, "l": [1]}]) == ["~ f:", '~ [0]["__x"]: 1 → 2']


WIRE = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["a", "b", "__c"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["id", "k", "__c"]), inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(WIRE, WIRE)
def test_whatever_differs_is_drawn(before, after):
    assume(diff._identity(before) != diff._identity(after))
    said = lines(before, after, Detail.FULL)
    assert said
    if isinstance(before, list) and isinstance(after, list):
        assert len(said) > 1, "a list that differs says how"


def test_a_pathological_text_does_not_stop_the_review():
    before = "\n".join("ab"[number % 2] for number in range(30_000))
    after = "\n".join("ba"[number % 3 % 2] for number in range(30_000))
    started = time.process_time()
    lines(before, after)
    assert time.process_time() - started < 5


def test_deepdiff_is_not_paid_for_where_it_is_not_used():
    code = (
        "import sys; from agentctl.views import diff; from agentctl.views.look import Detail; "
        "diff.rows({'path': 'f', 'before': [{'id': 1}], 'after': [{'id': 2}]}, Detail.COMPACT); "
        "assert 'deepdiff' not in sys.modules and 'rich' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_newline_that_goes_missing_at_the_end_is_said():
    assert lines("a\nb\n", "a\nc")[-1] == "! the newline at the end is gone"
    assert not any("newline" in line for line in lines("a\nb\n", "a\nc\n"))
