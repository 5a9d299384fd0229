"""JSON is read by the rules of YAML: exact, positioned, all problems at once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from agentctl.errors import Invalid
from agentctl.syntax.yaml import parse, read


def syntax_error(text: str):
    with pytest.raises(Invalid) as caught:
        read(text.encode(), "plan.json")
    (only,) = caught.value.diagnostics
    assert only.code == "json-syntax"
    return only


def test_numbers_keep_their_digits_and_texts_their_characters():
    document = parse(b'{"a": 12.50, "b": [1, -0.0, 1E3], "c": "\\ud83d\\ude00\\u2028\\/", "d": null, "e": [], "f": {}}', "x.json")
    assert document.value == {
        "a": Decimal("12.50"), "b": [1, Decimal("-0.0"), Decimal("1E+3")], "c": "😀\u2028/", "d": None, "e": [], "f": {},
    }
    assert str(document.value["a"]) == "12.50"


def test_everything_still_understandable_is_told_at_once():
    found = read(b'{"a": NaN,\n "b": -Infinity, "a": {"c": 1, "c": 1e999},\n "d": "\\u0000", "e": "\\ud800"}', "x.json").diagnostics
    assert [(item.code, item.span.line, item.span.column, item.pointer) for item in found] == [
        ("not-finite", 1, 7, "/a"), ("not-finite", 2, 7, "/b"), ("duplicate-key", 2, 18, "/a"),
        ("duplicate-key", 2, 32, "/c"), ("number-too-long", 2, 37, ""), ("control-character", 3, 7, "/d"),
        ("control-character", 3, 22, "/e"),
    ]


def test_a_lone_surrogate_leaves_no_trace_in_the_value():
    document = read(b'{"a\\udc00": "x\\ud800"}', "x.json")
    assert document.value == {"a\ufffd": "x\ufffd"}
    assert len(document.errors) == 2


@pytest.mark.parametrize(("text", "line", "column"), [
    ('{"a": 1,}', 1, 9), ('{"a" 1}', 1, 6), ("{a: 1}", 1, 2), ('{"a": 012}', 1, 8), ('{"a": .5}', 1, 7),
    ('{"a": 1}\n{"b": 2}', 2, 1), ('["a\tb"]', 1, 4), ("[1, 2", 1, 6), ("[1 2]", 1, 4), ("[tru]", 1, 2), ('["a', 1, 2),
    ("{'a': 1}", 1, 2), ("[1,\n ]", 2, 2), ('{"a": "\\d"}', 1, 8),
])
def test_a_file_called_json_is_held_to_json(text, line, column):
    only = syntax_error(text)
    assert (only.span.line, only.span.column) == (line, column)


def test_a_comma_too_many_gets_its_hint():
    assert "comma" in syntax_error('{"a": 1,}').hint


def test_braces_in_a_yaml_file_may_be_yaml():
    assert parse(b"{a: 1, b: [x, y,]}", "x.yaml").value == {"a": 1, "b": ["x", "y"]}


def test_json_deeper_than_the_limit_is_refused_and_not_retried_as_yaml():
    with pytest.raises(Invalid) as caught:
        read(b'{"a":' * 100 + b"1" + b"}" * 100, "x.yaml")
    assert [item.code for item in caught.value.diagnostics] == ["too-deep"]
    assert parse(b"[" * 64 + b"]" * 64, "x").value
