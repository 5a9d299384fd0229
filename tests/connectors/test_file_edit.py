"""Setting and unsetting one value keeps every byte that is not it: comments, order, quotes, layout, line ends."""

from __future__ import annotations

import contextlib
import json
import time
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from agentctl.connectors.file.edit import Format, set_value, unset_value
from agentctl.errors import Rejected


def json_set(text: str, path: Any, value: Any) -> str:
    return set_value("f.json", text, Format.JSON, path, value)


def json_unset(text: str, path: Any) -> str:
    return unset_value("f.json", text, Format.JSON, path)


def yaml_set(text: str, path: Any, value: Any) -> str:
    return set_value("f.yaml", text, Format.YAML, path, value)


def yaml_unset(text: str, path: Any) -> str:
    return unset_value("f.yaml", text, Format.YAML, path)


@pytest.mark.parametrize(
    "text, path, value, expected",
    [
        ('{"a": 1}', ["a"], 2, '{"a": 2}'),
        ('{"a":1,"b":2}', ["b"], "x", '{"a":1,"b":"x"}'),
        ('{"a":1}', ["b"], True, '{"a":1, "b":true}'),
        ('{"a":1,"b":2}', ["c"], None, '{"a":1,"b":2,"c":null}'),
        ("{}", ["a"], 1, '{"a": 1}'),
        ("{\n}\n", ["a"], 1, '{\n  "a": 1\n}\n'),
        ('{\n    "a": 1\n}', ["b"], [1, 2], '{\n    "a": 1,\n    "b": [\n        1,\n        2\n    ]\n}'),
        ('{\n\t"a": {}\n}\n', ["a", "b"], 1, '{\n\t"a": {\n\t\t"b": 1\n\t}\n}\n'),
        ('{"a": [1, 2]}', ["a", 2], 3, '{"a": [1, 2, 3]}'),
        ('{"a": [1, 2]}', "/a/-", 3, '{"a": [1, 2, 3]}'),
        ('{"a": [1, 2]}', "/a/0", 3, '{"a": [3, 2]}'),
        ('{"a/b": {"~": 1}}', "/a~1b/~0", 2, '{"a/b": {"~": 2}}'),
        ('{"p": 1.50}', ["p"], Decimal("2.50"), '{"p": 2.50}'),
        ('{"p": 1}\r\n', ["p"], 12345678901234567890, '{"p": 12345678901234567890}\r\n'),
        ('\ufeff{"a": 1}', ["a"], 2, '\ufeff{"a": 2}'),
        ('{"a": "\\u00e9", "b": 1}', ["b"], "é\u2028", '{"a": "\\u00e9", "b": "é\\u2028"}'),
        ("[[1]]", [0, 1], {}, "[[1, {}]]"),
    ],
)
def test_json_set_splices(text: str, path: Any, value: Any, expected: str) -> None:
    assert json_set(text, path, value) == expected


@pytest.mark.parametrize(
    "text, path, expected",
    [
        ('{"a": 1, "b": 2}', ["a"], '{"b": 2}'),
        ('{"a": 1, "b": 2}', ["b"], '{"a": 1}'),
        ('{"a": 1}', ["a"], "{}"),
        ('{\n  "a": 1,\n  "b": 2\n}\n', ["b"], '{\n  "a": 1\n}\n'),
        ('{\n  "a": 1,\n  "b": 2\n}\n', ["a"], '{\n  "b": 2\n}\n'),
        ("[1, 2, 3]", [1], "[1, 3]"),
        ("[1, 2, 3]", "/2", "[1, 2]"),
        ('{"a": 1}', ["z"], '{"a": 1}'),
    ],
)
def test_json_unset_splices(text: str, path: Any, expected: str) -> None:
    assert json_unset(text, path) == expected


YAML = """\
# Prices of the site. Keep the order.
currency: "USD"      # quoted on purpose
plans:
  monthly: {price: 12, trial: no}   # flow
  annual:
    price: 12.00     # too high
    # a comment of its own
    note: |
      two
      lines

# between
regions:
- eu
- name: us   # the second
  tax: 0.07
empty:
'odd key': 'it''s'
"""


@pytest.mark.parametrize(
    "path, value, line, new",
    [
        (["currency"], "EUR", 'currency: "USD"      # quoted on purpose', 'currency: "EUR"      # quoted on purpose'),
        (["currency"], 5, 'currency: "USD"      # quoted on purpose', "currency: 5      # quoted on purpose"),
        (["plans", "annual", "price"], Decimal("10.00"), "    price: 12.00     # too high", "    price: 10.00     # too high"),
        (["plans", "monthly", "price"], 10, "  monthly: {price: 12, trial: no}   # flow", "  monthly: {price: 10, trial: no}   # flow"),
        (["plans", "monthly", "trial"], False, "  monthly: {price: 12, trial: no}   # flow", "  monthly: {price: 12, trial: false}   # flow"),
        (["plans", "monthly", "days"], 14, "  monthly: {price: 12, trial: no}   # flow", "  monthly: {price: 12, trial: no, days: 14}   # flow"),
        (["regions", 0], "no", "- eu", '- "no"'),
        (["regions", 1, "name"], "uk", "- name: us   # the second", "- name: uk   # the second"),
        (["regions", 1, "tax"], "12:30", "  tax: 0.07", '  tax: "12:30"'),
        (["empty"], "now", "empty:", "empty: now"),
        (["odd key"], "let's", "'odd key': 'it''s'", "'odd key': 'let''s'"),
        (["regions", 0], date(2026, 1, 1), "- eu", "- 2026-01-01"),
        (["regions", 0], "2026-01-01", "- eu", '- "2026-01-01"'),
        (["regions", 0], "a: b # c", "- eu", '- "a: b # c"'),
        (["regions", 0], "plain words", "- eu", "- plain words"),
        (["regions", 0], "", "- eu", '- ""'),
        (["regions", 0], None, "- eu", "- null"),
        (["regions", 0], {"a": 1}, "- eu", "- a: 1"),
        (["empty"], {"a": [1, "x"]}, "empty:", "empty:\n  a:\n    - 1\n    - x"),
        (["empty"], "two\nlines\n", "empty:", "empty: |\n  two\n  lines"),
    ],
)
def test_yaml_set_changes_one_line_and_no_other(path: Any, value: Any, line: str, new: str) -> None:
    assert YAML.count(line + "\n") == 1
    assert yaml_set(YAML, path, value) == YAML.replace(line + "\n", new + "\n")


@pytest.mark.parametrize(
    "path, value, after, new",
    [
        (["vat"], True, "'odd key': 'it''s'\n", "vat: true\n"),
        (["plans", "annual", "seats"], 5, "      lines\n", "    seats: 5\n"),
        (["plans", "weekly"], {"price": 4}, "      lines\n", "  weekly:\n    price: 4\n"),
        (["regions", 2], "apac", "  tax: 0.07\n", "- apac\n"),
        (["regions", 2], {"name": "uk", "tax": 0}, "  tax: 0.07\n", "- name: uk\n  tax: 0\n"),
        (["regions", 1, "vat"], "yes", "  tax: 0.07\n", '  vat: "yes"\n'),
    ],
)
def test_yaml_set_adds_lines_and_changes_none(path: Any, value: Any, after: str, new: str) -> None:
    assert YAML.count(after) == 1
    assert yaml_set(YAML, path, value) == YAML.replace(after, after + new)


@pytest.mark.parametrize(
    "path, gone",
    [
        (["currency"], 'currency: "USD"      # quoted on purpose\n'),
        (["plans", "annual", "price"], "    price: 12.00     # too high\n"),
        (["plans", "annual", "note"], "    note: |\n      two\n      lines\n"),
        (["plans", "monthly", "price"], "price: 12, "),
        (["plans", "monthly", "trial"], ", trial: no"),
        (["regions", 0], "- eu\n"),
        (["regions", 1], "- name: us   # the second\n  tax: 0.07\n"),
        (["empty"], "empty:\n"),
        (["odd key"], "'odd key': 'it''s'\n"),
    ],
)
def test_yaml_unset_takes_lines_away_and_changes_none(path: Any, gone: str) -> None:
    assert YAML.count(gone) == 1
    assert yaml_unset(YAML, path) == YAML.replace(gone, "")


@pytest.mark.parametrize(
    "text, path, expected",
    [
        ("a:\n  b: 1\nc: 2\n", ["a", "b"], "a: {}\nc: 2\n"),
        ("a:\n- 1\n", ["a", 0], "a: []\n"),
        ("- a: 1\n  b: 2\n", [0, "a"], "- b: 2\n"),
        ("- a: 1\n", [0, "a"], "- {}\n"),
        ("a: 1\nb: 2", ["b"], "a: 1"),
        ("a: 1\r\nb: 2\r\n", ["a"], "b: 2\r\n"),
        ("a: 1\n", ["a"], "{}\n"),
    ],
)
def test_yaml_unset_of_edges(text: str, path: Any, expected: str) -> None:
    assert yaml_unset(text, path) == expected


@pytest.mark.parametrize(
    "text, path, value, expected",
    [
        ("", ["a"], 1, "a: 1\n"),
        ("# only a comment", ["a"], 1, "# only a comment\na: 1\n"),
        ("a: 1", ["b"], 2, "a: 1\nb: 2"),
        ("a: 1\r\n", ["b"], 2, "a: 1\r\nb: 2\r\n"),
        ("a:\n  b: 1\n", ["a"], 5, "a: 5\n"),
        ("a: # why\n  b: 1\n", ["a"], {"c": 2}, "a: # why\n  c: 2\n"),
        ("a: 1 # why\n", ["a"], {"c": 2}, "a: {c: 2} # why\n"),
        ("a: {}\n", ["a", "b"], 1, "a: {b: 1}\n"),
        ("a:\n    b: 1\n", ["c"], {"d": 1}, "a:\n    b: 1\nc:\n    d: 1\n"),
        ("- - 1\n", [0, 1], 2, "- - 1\n  - 2\n"),
        ("--- # head\na: 1\n...\n", ["a"], 2, "--- # head\na: 2\n...\n"),
        ("a: x\n", ["a"], "\U0001f600", 'a: "\U0001f600"\n'),
        ("a: >\n  folded\n  text\nb: 1\n", ["a"], "short", "a: short\nb: 1\n"),
    ],
)
def test_yaml_set_of_edges(text: str, path: Any, value: Any, expected: str) -> None:
    assert yaml_set(text, path, value) == expected


@pytest.mark.parametrize(
    "text, path",
    [
        ("a: 1", ["a", "b"]),               # not a container
        ("a: [1]", ["a", 5]),               # beyond the end
        ("a: [1]", ["a", "x"]),             # not an index
        ("a: {b: 1}", ["x", "y"]),          # no such container
        ("a: 1\na: 2\n", ["a"]),            # which of them?
        ("a: &x {b: 1}\nc: *x\n", ["a", "b"]),  # would change c as well
        ("a: &x {b: 1}\nc: *x\n", ["c", "b"]),
        ("a: &x 1\nc: *x\n", ["a"]),        # c would dangle
        ("a: {b: &x 1}\nc: *x\n", ["a"]),
        ("a: 1\n---\nb: 2\n", ["a"]),       # two documents
        ("a: [1", ["a"]),                   # not YAML
        ("? [complex]\n: 1\n", ["[complex]", "x"]),
        ("[" * 200 + "]" * 200, [0]),
        ("just text", ["a"]),
    ],
)
def test_what_is_ambiguous_or_not_there_is_refused(text: str, path: Any) -> None:
    with pytest.raises(Rejected, match=r"f\.yaml"):
        yaml_set(text, path, 7)


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', '{"a": NaN}', '{"a": 1,}', '{"a": 1} // why', "", "[" * 5000, "{'a': 1}"])
def test_what_is_not_one_json_document_is_refused(text: str) -> None:
    with pytest.raises(Rejected):
        json_set(text, ["a"], 3)


def test_values_without_a_form_in_the_file_are_refused() -> None:
    for value in (b"bytes", [b"bytes"], date(2026, 1, 1)):
        with pytest.raises(Rejected):
            json_set('{"a": 1}', ["a"], value)
    with pytest.raises(Rejected):
        yaml_set("a: 1\n", ["a"], b"bytes")


def test_an_alias_can_be_replaced_where_it_stands() -> None:
    assert yaml_set("a: &x 1\nc: *x\n", ["c"], 2) == "a: &x 1\nc: 2\n"


HOSTILE = {
    "deep flow": "[" * 400_000,
    "deep block": "- " * 200_000,
    "deep keys": "? " * 200_000,
    "deep mapping": "".join(" " * n + "a:\n" for n in range(1000)),
    "wide": "a:\n" + "- 1\n" * 20_000,
    "aliases": "a: &a [x]\n" + "".join(f"b{n}: [*a, *a, *a]\n" for n in range(5000)),
    "comments": "a: 1\n" + "# c\n" * 50_000,
    "spaces": "a: 1" + " " * 400_000,
    "quotes": "a: '" + "''" * 200_000 + "'\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_no_more_than_its_length(name: str) -> None:
    began = time.process_time()
    for act in (lambda: yaml_set(HOSTILE[name], ["a"], 7), lambda: yaml_set(HOSTILE[name], ["z"], 7), lambda: yaml_unset(HOSTILE[name], ["a"]),
                lambda: json_set(HOSTILE[name], ["a"], 7)):
        with contextlib.suppress(Rejected):
            act()
    assert time.process_time() - began < 10


# ---- for every document and every place

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\x85\u2028\u2029"), max_size=8)
KEYS = st.one_of(st.sampled_from(["a", "b", "no", "1", "x y", "-", "#", "a: b", "<<", "null", ""]), TEXTS)
LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), TEXTS, st.decimals(allow_nan=False, allow_infinity=False, places=2),
    st.sampled_from(["no", "12:30", "0o7", "1_000", "2026-01-01", "=", "~", "a\nb\n", "a\n b", " a", "a ", "- a", "|", "\t"]),
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8)
DOCUMENTS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=4)


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in [(*above, key), *places(item, (*above, key))]]


def changed(value: Any, path: tuple[Any, ...], new: Any, *, drop: bool = False) -> Any:
    """The same document with another value at ``path``, by plain means."""
    key, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    if rest:
        copy[key] = changed(copy[key], tuple(rest), new, drop=drop)
    elif drop:
        del copy[key]
    elif isinstance(copy, list) and key == len(copy):
        copy.append(new)
    else:
        copy[key] = new
    return copy


def dumped(value: Any, indent: int | None) -> str:
    return json.dumps(json.loads(json.dumps(value, default=str)), indent=indent, ensure_ascii=False)


def kept(old: str, new: str) -> tuple[str, str]:
    """What of ``old`` is not in ``new`` in the same order at both ends: all that was touched."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return old[start : len(old) - end], new[start : len(new) - end]


@given(document=DOCUMENTS, data=st.data(), value=VALUES, indent=st.sampled_from([None, 1, 4]))
def test_any_json_place_can_be_set_and_unset(document: Any, data: Any, value: Any, indent: int | None) -> None:
    document = json.loads(dumped(document, None))
    value = json.loads(dumped(value, None))
    text = dumped(document, indent)
    path = data.draw(st.sampled_from(places(document)))
    assert json.loads(json_set(text, path, value)) == changed(document, path, value)
    assert json.loads(json_unset(text, path)) == changed(document, path, None, drop=True)
    new = (*path[:-1], "quite new")
    if isinstance(path[-1], str):
        assert json.loads(json_set(text, new, value)) == changed(document, new, value)


def to_yaml(document: Any, style: bool | None) -> str:
    return yaml.safe_dump(document, default_flow_style=style, allow_unicode=True, sort_keys=False, width=10000)


@given(document=DOCUMENTS, data=st.data(), value=VALUES, style=st.sampled_from([False, True, None]))
def test_any_yaml_place_is_set_as_meant_or_refused(document: Any, data: Any, value: Any, style: bool | None) -> None:
    document = json.loads(dumped(document, None))
    value = json.loads(dumped(value, None))
    text = to_yaml(document, style)
    assume(yaml.safe_load(text) == document)
    path = data.draw(st.sampled_from(places(document)))
    for act, meant in (
        (lambda: yaml_set(text, path, value), lambda: changed(document, path, value)),
        (lambda: yaml_unset(text, path), lambda: changed(document, path, None, drop=True)),
        (lambda: yaml_set(text, (*path[:-1], "quite new"), value), lambda: changed(document, (*path[:-1], "quite new"), value)),
    ):
        try:
            result = act()
        except Rejected:
            continue
        assert yaml.safe_load(result) == meant()


SIMPLE = st.dictionaries(
    st.from_regex(r"[a-z]{1,6}", fullmatch=True),
    st.one_of(st.integers(), st.from_regex(r"[a-z]{1,6}", fullmatch=True), st.dictionaries(st.sampled_from("xyz"), st.integers(), min_size=1)),
    min_size=2,
)


@given(document=SIMPLE, data=st.data(), value=st.one_of(st.integers(), st.text(max_size=6), st.booleans()))
def test_ordinary_yaml_is_never_refused_and_no_other_line_changes(document: Any, data: Any, value: Any) -> None:
    lines = []
    for key, item in document.items():
        lines.append(f"# about {key}")
        if isinstance(item, dict):
            lines += [f"{key}:   # group", *(f"    {name}: {number}  # {name}" for name, number in item.items())]
        else:
            lines.append(f"{key}: {item}   # single")
    text = "\n".join(lines) + "\n"
    path = data.draw(st.sampled_from([place for place in places(document) if not isinstance(document[place[0]], dict) or len(place) == 2]))
    new = yaml_set(text, path, value)
    differing = [(old, now) for old, now in zip(text.splitlines(), new.split("\n"), strict=False) if old != now]
    assert len(new.split("\n")) == len(text.split("\n"))
    assert len(differing) <= 1
    for old, now in differing:
        assert old[old.index("#"):] == now[-len(old[old.index("#"):]):]
    gone = yaml_unset(text, path)
    if len(path) == 1 or len(document[path[0]]) > 1:
        remaining = iter(text.splitlines())
        assert all(line in remaining for line in gone.splitlines())
        assert len(gone.splitlines()) == len(text.splitlines()) - 1
