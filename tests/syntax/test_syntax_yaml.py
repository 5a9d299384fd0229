"""What strict YAML means here, and what it says of the YAML that people and models really write."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.errors import Invalid
from agentctl.model.diagnostic import Severity
from agentctl.model.values import decimal_text
from agentctl.syntax.scalars import TooLong, plain
from agentctl.syntax.yaml import Limits, parse, read


def told(text: str | bytes, file: str = "plan.yaml") -> list[tuple[str, int, int]]:
    """Return code, line and column of everything said about ``text``."""
    data = text.encode() if isinstance(text, str) else text
    try:
        found = read(data, file).diagnostics
    except Invalid as error:
        found = error.diagnostics
    return [(item.code, item.span.line, item.span.column) for item in found if item.span]


def hint(text: str) -> str:
    with pytest.raises(Invalid) as caught:
        parse(text.encode(), "plan.yaml")
    (only,) = caught.value.diagnostics
    assert only.code == "yaml-syntax"
    return only.hint


@pytest.mark.parametrize("word", [
    "no", "yes", "on", "off", "y", "N", "012", "0o17", "0x1F", "1_000", "12:30", "12:30:45", "2026-01-01", "+5", ".5",
    "5.", "1.", "1e", "0b1", "nan", "inf", "infinity", "12.50.1", "١٢", "1²", "=", "tRUE",
])
def test_what_other_versions_of_yaml_would_change_stays_text(word):
    assert parse(f"a: {word}\n".encode(), "x").value == {"a": word}


@pytest.mark.parametrize(("word", "value"), [
    ("true", True), ("FALSE", False), ("null", None), ("~", None), ("", None), ("0", 0), ("-7", -7), ("-0", 0),
    ("9007199254740993", 9007199254740993), ("'true'", "true"), ('"12"', "12"), ("''", ""),
])
def test_plain_words_of_the_core_schema_mean_what_they_say(word, value):
    found = parse(f"a: {word}\n".encode(), "x").value["a"]
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("word", ["12.50", "12.5", "0.10", "-0.00", "1e3", "1E-7", "1.0", "79228162514264337593543950335.1"])
def test_a_decimal_keeps_the_digits_it_was_written_with(word):
    found = parse(f"a: {word}\n".encode(), "x").value["a"]
    assert isinstance(found, Decimal)
    assert found.as_tuple() == Decimal(word).as_tuple()


@pytest.mark.parametrize("word", [".nan", ".NaN", "NaN", ".inf", "-.INF", "+.inf", "Infinity", "-Infinity"])
def test_what_is_not_finite_is_refused_and_not_taken_for_text(word):
    assert told(f"a: {word}\n") == [("not-finite", 1, 4)]
    assert parse(f"a: '{word}'\n".encode(), "x").value == {"a": word}


@pytest.mark.parametrize("word", ["9" * 401, "0." + "1" * 400, "1e400", "1e-400", "1e99999999999999999999", "-" + "9" * 5000,
                                  "11e400", "0.1e-400", "1." + "1" * 390 + "e-20"])
def test_a_number_too_long_to_be_one_is_refused(word):
    assert told(f"a: {word}\n") == [("number-too-long", 1, 4)]


@pytest.mark.parametrize("word", ["9" * 400, "1e399", "-1e-399", "0." + "1" * 399])
def test_a_long_number_within_bounds_is_kept(word):
    assert parse(f"a: {word}\n".encode(), "x").value["a"] == Decimal(word)


@given(digits=st.text("0123456789", min_size=1, max_size=400), point=st.integers(0, 400), exponent=st.integers(-410, 410))
def test_a_number_that_is_read_can_be_read_as_it_is_written_back(digits, point, exponent):
    whole, fraction = digits[:point].lstrip("0") or "0", digits[point:]
    try:
        read = plain(f"{whole}{'.' if fraction else ''}{fraction}e{exponent}")
    except TooLong:
        return
    again = plain(decimal_text(Decimal(read)))
    assert again == read


def test_keys_are_always_text():
    assert parse(b"1: a\ntrue: b\nno: c\n2026-01-01: d\n1.50: e\nnull: f\n", "x").value == {
        "1": "a", "true": "b", "no": "c", "2026-01-01": "d", "1.50": "e", "null": "f",
    }


def test_everything_still_understandable_is_told_at_once():
    text = (
        "a: &x 1\n"
        "b: *x\n"
        "<<: {q: 1}\n"
        "a: 2\n"
        "c: !!python/object:os.system {z: .inf}\n"
        "l: [1, *x, {d: 1, d: 2}, 1e999]\n"
        "~: v\n"
        "*k : v\n"
    )
    assert told(text) == [
        ("anchor", 1, 4), ("alias", 2, 4), ("merge-key", 3, 1), ("duplicate-key", 4, 1), ("tag", 5, 4),
        ("not-finite", 5, 34), ("alias", 6, 8), ("duplicate-key", 6, 19), ("number-too-long", 6, 26),
        ("key-not-text", 7, 1), ("alias", 8, 1),
    ]


def test_a_key_written_twice_keeps_its_first_value_and_problems_in_the_second_are_told():
    document = read(b"a: 1\nb: 2\na: {c: .nan, d: [*x]}\n", "x")
    assert document.value == {"a": 1, "b": 2}
    assert [item.code for item in document.diagnostics] == ["duplicate-key", "not-finite", "alias"]
    assert "line 1" in document.diagnostics[0].detail


def test_the_same_key_in_other_clothes_is_a_duplicate():
    assert told("a: 1\n'a': 2\n\"\\x61\": 3\n") == [("duplicate-key", 2, 1), ("duplicate-key", 3, 1)]


def test_a_mapping_or_list_as_key_is_refused_and_what_follows_is_read():
    document = read(b"? [1, 2]\n: 3\n? {a: b}\n: {c: .nan}\nd: 4\n", "x")
    assert [item.code for item in document.diagnostics] == ["key-not-text", "key-not-text", "not-finite"]
    assert document.value == {"d": 4}


def test_an_expression_in_braces_gets_the_hint_it_needs():
    (only,) = read(b"message: {{ name }}\n", "x").diagnostics
    assert only.code == "key-not-text"
    assert "{{" in only.hint
    assert only.pointer == "/message"


@pytest.mark.parametrize("text", [
    "a: 1\n", "\ufeffa: 1\n", "a: 1\r\n", "---\na: 1\n", "--- \r\na: 1\r\n...\r\n", "# c\n---\n# d\na: 1 # e\n...\n# f\n",
    "a: 1", "\n\n  # c\na: 1\n\n", '{"a": 1}', '\ufeff {"a": 1}\n', "{a: 1}", "{a: 1,}\n# c",
])
def test_marks_comments_and_line_ends_do_not_matter(text):
    assert parse(text.encode(), "x").value == {"a": 1}
    assert parse(text.encode(), "x").diagnostics == ()


@pytest.mark.parametrize(("text", "code", "line"), [
    ("", "empty-file", 1), ("\n# only a comment\n", "empty-file", 1), ("---\n", None, 1),
    ("a: 1\n---\nb: 2\n", "several-documents", 2), ("a: 1\n...\nb: 2\n", "several-documents", 3),
    ("--- a\n--- b\n", "several-documents", 2), ('{"a": 1}\n---\nb: 2\n', "several-documents", 2),
    ("%YAML 1.2\n---\na: 1\n", "directive", 1), ("# c\n\n%TAG ! x:\n---\na: 1\n", "directive", 3),
])
def test_a_file_holds_one_document_without_directives(text, code, line):
    assert told(text) == ([(code, line, 1)] if code else [])


@pytest.mark.parametrize(("text", "words"), [
    ("because: Note: it was asked for\n", 'because: "Note: it was asked for"'),
    ("- because: see: this\n", '- because: "see: this"'),
    ("paths: *.html\n", 'paths: "*.html"'),
    ("- *.html\n", '- "*.html"'),
    ("user: @lead\n", 'user: "@lead"'),
    ("cmd: `ls`\n", 'cmd: "`ls`"'),
    ("format: %d\n", 'format: "%d"'),
    ("name: {{ a }}.b\n", 'name: "{{ a }}.b"'),
    ("text: | all of it\n  b\n", 'text: "| all of it"'),
    ("text: > 5 items\n", 'text: "> 5 items"'),
    ("```yaml\na: 1\n```\n", "Remove the code fence"),
    ("a: 1\n```\n", "Remove the code fence"),
    ("a:\n\tb: 1\n", "Indent with spaces"),
    ("a: 'don't'\n", "write ' inside '…' as ''"),
    ('a: "x" y\n', "put quotes around all of it"),
    ('a: "never closed\nb: 1\n', "Close it"),
    ('a: "\\d"\n', "single quotes"),
    ("a: - b\n", "Begin the list on the next line"),
    ("a: 1\n  b: 2\n", "indentation"),
    ("- a\nb: 1\n", "indentation"),
    ("a: [1, 2\nb: 3\n", "Close the bracket"),
])
def test_a_syntax_error_comes_alone_with_a_hint_that_fits(text, words):
    assert words in hint(text)


def test_a_syntax_error_points_at_the_place_and_shows_the_line():
    with pytest.raises(Invalid) as caught:
        parse(b"version: 1\nbecause: Note: x\n", "plans/a.yaml")
    (only,) = caught.value.diagnostics
    assert str(only.span) == "plans/a.yaml:2:14"
    assert only.source == "because: Note: x"
    assert only.severity is Severity.ERROR


@pytest.mark.parametrize(("line", "cut"), [
    ("because: see issue #12 for more", True), ("because: C#", False), ("because: a b  # the reason", False),
    ("n: 3 # three", False), ("because: 'issue #12'", False), ("because: issue\t#12", True), ("a: b ## c", False),
])
def test_a_value_that_a_comment_may_cut_short_is_warned_about(line, cut):
    document = parse(f"{line}\n".encode(), "x")
    assert [item.code for item in document.diagnostics] == (["comment-cuts-value"] if cut else [])
    assert all(item.severity is Severity.WARNING for item in document.diagnostics)


def test_a_hash_inside_a_block_of_text_is_text():
    document = parse(b"a: |\n  see #12\n  # not a comment\nb: >-\n  x #1\n", "x")
    assert document.value == {"a": "see #12\n# not a comment\n", "b": "x #1"}
    assert document.diagnostics == ()


def test_many_warnings_never_turn_into_an_error():
    document = parse(b"".join(b"- x #1\n" for _ in range(500)), "x")
    assert len(document.value) == 500
    assert 0 < len(document.diagnostics) <= 100


def test_after_a_hundred_errors_reading_stops_and_says_so():
    with pytest.raises(Invalid) as caught:
        read(b"".join(b"- .nan\n" for _ in range(500)), "x")
    codes = [item.code for item in caught.value.diagnostics]
    assert codes == ["not-finite"] * 100 + ["too-many-problems"]


def test_smaller_limits_are_a_callers_to_set():
    with pytest.raises(Invalid) as caught:
        parse(b"a: 1", "x", limits=Limits(size=3))
    assert caught.value.diagnostics[0].code == "too-large"


def test_the_parser_without_libyaml_reads_the_same(monkeypatch):
    import yaml

    from agentctl.syntax import events

    text = b"a: [1, 'x', {b: 12.50, b: *x}] # c\n? {q: 1}\n: &z see #1\n\xc3\xa4: |\n  t\n"
    fast = read(text, "x")
    monkeypatch.setattr(events, "_Events", yaml.SafeLoader)
    slow = read(text, "x")
    assert slow.value == fast.value
    assert slow.diagnostics == fast.diagnostics
