"""What the reader of plain blocks reads is what the full reader reads; whatever it does not know it leaves to that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agentctl.errors import Invalid
from agentctl.syntax import block, events
from agentctl.syntax.characters import read_text
from agentctl.syntax.document import Document, Pointer, Source
from agentctl.syntax.yaml import DEFAULTS, read

HERE = Path(__file__).parents[2]
PLAN = """\
# What was asked for in ticket 4711.
version: 1
kind: Plan
intent: Move everybody to another tier.

steps:
  - id: s1
    action: crm.row.update
    target: customers/1
    with: {tier: annual, seats: -3, "more": 'x', of: [a, 1.50, {b: null}], key: {$from: steps.s0.after.id}}
    because: The customer asked for it in issue#12, at 12:30.   # and again
    needs: []       # none
  - id: s2
    with:
      discount: 12.50
      name: "moved: as asked"
      note: 'it is "so"'   # "said"
      at: {url: "sqlite:///crm.db", root: ./data, "time": 2026-01-01T00:00:00Z}
      list:     # of three
      - a
      - -5
      -   b
    needs:
      - s1
people: {ann: {groups: [on-call]}}
"""
COMMON = PLAN.replace('"more": \'x\', ', "").replace("-   b", "- b")


def whole(text: str) -> Document:
    return events.read(Source("x.yaml", text), DEFAULTS.depth)


def pointers(node: Any, above: Pointer = ()) -> list[Pointer]:
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [above, *(found for key, item in below for found in pointers(item, (*above, key)))]


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal to the type and the digit, and their keys come in the same order."""
    return repr(one) == repr(other)


def judge(text: str) -> bool:
    """Hold what is read of ``text`` in one way to what is read in the other, and tell whether it was read."""
    try:
        read_text(text.encode("utf-8", "surrogatepass"), "x.yaml", DEFAULTS.size)
    except Invalid:
        return False
    found = block.read(text, DEFAULTS.depth)
    if found is None:
        return False
    expected = whole(text)
    assert not expected.diagnostics
    assert same(found.value, expected.value)
    document = read(text.encode(), "x.yaml")
    assert not document.diagnostics
    assert same(document.wire(document.value), expected.wire(expected.value))
    for pointer in found.entries:
        assert document.spans(pointer) == expected.spans(pointer)
    for pointer in pointers(expected.value):
        assert document.span(pointer) == expected.span(pointer)
        assert document.span(pointer, key=True) == expected.span(pointer, key=True)
    return True


def test_a_common_plan_is_read_without_the_full_reader():
    assert judge(COMMON)
    assert judge("---\n" + COMMON.rstrip("\n"))


@pytest.mark.parametrize("path", sorted(HERE.glob("examples/**/*.yaml")), ids=lambda path: str(path.relative_to(HERE)))
def test_every_example_is_read_alike(path):
    judge(path.read_text())


def test_what_is_text_as_a_key_is_not_so_as_a_value():
    assert judge("true: a\nnull: {true: null, no: true}\nsteps:\n  - true: true\n    null: null\n")
    assert judge("a: 'true'\nb: true\nc: {d: \"null\", e: null}\nf: null\n")


@pytest.mark.parametrize("more", range(-3, 4))
@pytest.mark.parametrize("end", ["\n", "", "\n\n\n  # so\n"])
def test_where_lines_are_taken_apart_together_makes_no_difference(more, end):
    lines = block._TOGETHER // 1000  # where one lot of lines ends, and the next begins
    text = "steps:\n" + "".join(f"  - because: {'x' * 986}\n" for _ in range(lines))
    text += f"  - because: {'y' * (block._TOGETHER - len(text) - 14 + more)}\n    id: z\n  - a{end}"
    assert judge(text)


WORDS = [
    "a", "id", "steps", "with", "- ", "-", ":", ": ", "?", "? ", "#", " #", "# c", "\n", "\n", "\n", "  ", "    ", " ",
    "{", "}", "[", "]", ",", ", ", '"', "'", '"x"', "'y'", "''", "\\", "\\n", "&", "*", "!", "|", ">", "%", "@", "`",
    "---", "---\n", "...", "<<", "~", "null", "true", "no", "012", "1", "-5", "12.50", "1e3", "9007199254740993", "+1",
    "-0", ".5", ".inf", "12:30", "a:b", "a#b", "http://x/y?z=1", "é", "\u00a0", "\U0001f600", "\u3000", "$from", "a.b",
    "x" * 101, "y" * 1100, "\t", "\r\n", "=", "(", "/", "_", " # ", "  # c\n", "# ", '": ', "{}", "[]", "{a: b}", "[a, b]", "{a: [b]}", "- - ",
]
KEYS = st.sampled_from(["a", "b", "c", "id", "$from", "null", "a.b", "y"])
SCALARS = st.sampled_from([
    "a", "a b", "12.50", "-3", "null", "true", "~", '"q"', "'q'", "12:30", "é", "a#b", "[]", "{}", "{a: b}", "[a, 1]",
    "{a: {b: [c, 'd']}}", "no", "-x", "x" * 1100, "9007199254740993",
])


@st.composite
def blocks(draw: st.DrawFn, depth: int = 0, indent: int = 0) -> str:
    """Return a mapping or a list in lines of their own, each of which stands ``indent`` spaces in, or one wrong."""
    lines = []
    is_list = draw(st.booleans()) if depth else False
    names = draw(st.lists(KEYS, min_size=1, max_size=3))
    for name in names:
        start = " " * (indent if draw(st.integers(0, 40)) else draw(st.integers(0, 6)))
        start += "- " if is_list else f"{name}:"
        deeper = indent + draw(st.sampled_from([2, 2, 2, 4, 1, 0]))
        if depth < 3 and draw(st.booleans()):
            inner = draw(blocks(depth + 1, indent + 2 if is_list else deeper))
            lines.append(start + (inner[indent + 2 :] if is_list else "\n" + inner))
        else:
            lines.append(start + draw(st.sampled_from(["", " "])) + draw(SCALARS) + "\n")
        if draw(st.integers(0, 9)) == 0:
            lines[-1] = lines[-1][:-1] + draw(st.sampled_from([" # c\n", "   #\n", " #c\n", "# c\n", " # c: 'd' # e\n"]))
        lines.append(draw(st.sampled_from(["", "", "", "", "\n", "# c\n", "    # d: e\n", "   \n"])))
    return "".join(lines)


@st.composite
def edited(draw: st.DrawFn, whole: st.SearchStrategy[str]) -> str:
    """Return a text with up to four of its places written over."""
    text = draw(whole)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        end = min(len(text), at + draw(st.sampled_from([0, 0, 1, 2, 8])))
        text = text[:at] + draw(st.sampled_from(WORDS)) + text[end:]
    return text


@settings(max_examples=600)
@given(edited(st.just(COMMON) | st.just(PLAN)))
@example(PLAN)
def test_a_plan_with_a_slip_of_the_pen_is_read_alike(text):
    judge(text)


@settings(max_examples=1200)
@given(edited(blocks()) | st.lists(st.sampled_from(WORDS), max_size=14).map("".join))
@example("a: b\n  c: d\n")
@example("a:\n- b\n  - c\n")
@example("a: b\n- c\n")
@example("a: - b\n")
@example("a: b: c\n")
@example("a: 'it''s'\n")
@example("a: {b: c}d\n")
@example("a: [b, c]: d\n")
@example("a: ...\nb: ---\n")
@example("a: x #y\n")
@example("a: {b:c}\n")
@example("a: {b: c d, e: 1}\n")
@example("a: 'b'# c\n")
@example("a: {b: c}# d\n")
@example("a: 'b' #c\n")
@example("a:  # c\n  b: c\n")
@example("a: [1, [2, {b: -}]]\n")
@example("a: b\na: c\n")
@example("a: {b: 1, b: 2}\n")
@example("a: b\n---\nc: d\n")
def test_any_text_is_read_alike(text):
    judge(text)


@pytest.mark.parametrize("depth", [3, 63, 64, 65])
@pytest.mark.parametrize("unit", ["mappings", "lists", "brackets"])
def test_depth_is_bounded_as_the_full_reader_bounds_it(depth, unit):
    text = {
        "mappings": "".join(f"{'  ' * n}a:\n" for n in range(depth - 1)) + f"{'  ' * (depth - 1)}a: b\n",
        "lists": "".join(f"{'  ' * n}a:\n{'  ' * n}- b: c\n" for n in range((depth - 1) // 2)),
        "brackets": "a: " + "[" * (depth - 1) + "]" * (depth - 1) + "\n",
    }[unit]
    if depth <= 64:
        assert judge(text)
    else:
        assert block.read(text, DEFAULTS.depth) is None or judge(text)


def test_a_common_plan_and_its_places_are_read_without_pyyaml():
    asked = (
        "import sys; from agentctl.syntax.yaml import read; document = read(sys.stdin.buffer.read(), 'x.yaml');"
        "document.span(('steps', 1, 'with', 'name')); print('yaml' in sys.modules, document.value['version'])"
    )
    done = subprocess.run([sys.executable, "-c", asked], input=COMMON.encode(), capture_output=True, check=True)
    assert done.stdout.decode().split() == ["False", "1"]


def test_places_are_found_when_they_are_asked_for():
    wrong = COMMON.replace("needs: []", "needs: [s0]")
    document = read(wrong.encode(), "x.yaml")
    assert document.span(("steps", 0, "needs", 0)) == whole(wrong).span(("steps", 0, "needs", 0))
    assert str(document.span(("steps", 0, "needs", 0))) == "x.yaml:12:13"


def test_a_list_on_one_line_has_each_of_its_places_told_once():
    source = Source("x", "x" * 100 + "\nab\n" + "é" * 50)
    offsets = [0, 5, 100, 101, 102, 104, 104, 140]
    assert source.spans(offsets) == [source.span(offset) for offset in offsets]
