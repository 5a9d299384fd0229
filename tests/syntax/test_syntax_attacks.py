"""What an author who wishes us ill can put into a file, and what it costs us."""

from __future__ import annotations

import socket
import time
import tracemalloc

import pytest

from agentctl.errors import Invalid
from agentctl.syntax import schema
from agentctl.syntax.suggest import nearest
from agentctl.syntax.yaml import parse, read

MIB = 2**20


def codes(data: bytes, file: str = "plan.yaml") -> list[str]:
    try:
        return [item.code for item in read(data, file).diagnostics]
    except Invalid as error:
        return [item.code for item in error.diagnostics]


def seconds(data: bytes) -> float:
    """Return the least processor time of three readings."""
    times = []
    for _ in range(3):
        start = time.process_time()
        codes(data)
        times.append(time.process_time() - start)
    return min(times)


def grows_linearly(small: bytes, times: int, large: bytes) -> bool:
    """Whether the larger input costs no more than a generous multiple of its share (quadratic would be ``times`` more)."""
    return seconds(large) < 3 * times * max(seconds(small), 0.002)


def test_the_million_laughs_end_at_the_first_alias():
    lines = [b"a0: &a0 [x, x]"] + [b"a%d: &a%d [*a%d, *a%d]" % (n, n, n - 1, n - 1) for n in range(1, 60)]
    document = None
    with pytest.raises(Invalid) as caught:
        document = parse(b"\n".join(lines), "plan.yaml")
    assert document is None
    assert {item.code for item in caught.value.diagnostics} <= {"anchor", "alias", "too-many-problems"}


@pytest.mark.parametrize("unit", [b"[", b"- ", b"{a: ", b'{"a":', b"? ", b"[[", b"{? "])
def test_depth_costs_nothing_however_deep(unit):
    tracemalloc.start()
    found = codes(unit * (4 * MIB // len(unit)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == ["too-deep"]
    assert peak < 64 * MIB
    assert grows_linearly(unit * 1000, 64, unit * 64_000)


@pytest.mark.parametrize("unit", [b"[", b" ", b"\n", b"a"])
def test_one_byte_too_many_is_refused_unread(unit):
    assert codes(unit * (64 * MIB + 1)) == ["too-large"]


def test_sixty_four_mebibytes_of_brackets_cost_no_more_than_reading_them():
    start = time.process_time()
    assert codes(b"[" * (64 * MIB)) == ["too-deep"]
    assert codes(b"- " * (32 * MIB)) == ["too-deep"]
    assert time.process_time() - start < 20


@pytest.mark.parametrize(("small", "large"), [
    (b"%TAG !a! x\n" * 2000, b"%TAG !a! x\n" * 64_000),
    (b"a: 1\n...\n" + b"%%TAG !a! x\n" * 2000, b"a: 1\n...\n" + b"%%TAG !a! x\n" * 64_000),
    (b"#" * 2000, b"#" * 64_000),
    (b"\n" * 2000 + b"a: .nan", b"\n" * 64_000 + b"a: .nan"),
    (b"a: x" + b" " * 2000 + b"b #c", b"a: x" + b" " * 64_000 + b"b #c"),
    (b"a: " + b" #" * 2000, b"a: " + b" #" * 64_000),
    (b"a: " + b"- " * 20 + b"x: " * 2000, b"a: " + b"- " * 20 + b"x: " * 64_000),
    (b"a: 'x" + b"''" * 2000, b"a: 'x" + b"''" * 64_000),
    (b'a: "' + b"\\x41" * 2000 + b'"', b'a: "' + b"\\x41" * 64_000 + b'"'),
    (b"a: 1" + b"0" * 2000 + b"e", b"a: 1" + b"0" * 64_000 + b"e"),
    (b"[" + b"1," * 2000, b"[" + b"1," * 64_000),
    (b"a: |\n" + b" x\n" * 2000, b"a: |\n" + b" x\n" * 64_000),
    (b"a: |\n" + b" " * 2000 + b"\n x", b"a: |\n" + b" " * 64_000 + b"\n x"),
    (b"k" * 2000 + b": 1", b"k" * 64_000 + b": 1"),
    (b"".join(b"k%d: 1\n" % n for n in range(2000)), b"".join(b"k%d: 1\n" % n for n in range(64_000))),
    (b"".join(b"- &a%d x\n" % n for n in range(2000)), b"".join(b"- &a%d x\n" % n for n in range(64_000))),
    (b"a: {b: c" + b":d" * 2000 + b"}", b"a: {b: c" + b":d" * 64_000 + b"}"),
    (b"a: {b: '" + b"c" * 2000 + b"}", b"a: {b: '" + b"c" * 64_000 + b"}"),
    (b"a: [" + b"b, " * 2000 + b"c: ]", b"a: [" + b"b, " * 64_000 + b"c: ]"),
    (b"a: " + b"b " * 2000 + b": c", b"a: " + b"b " * 64_000 + b": c"),
    (b"a:\n- b: c\n" * 2000, b"a:\n- b: c\n" * 64_000),
    (b"a:\n" + b"- b: c\n" * 2000 + b"x", b"a:\n" + b"- b: c\n" * 64_000 + b"x"),
    (b" " * 2000 + b"a: 1", b" " * 64_000 + b"a: 1"),
])
def test_near_misses_stay_linear(small, large):
    assert grows_linearly(small, 32, large)


@pytest.mark.parametrize(("data", "code"), [
    (b"a: \xff\n", "not-utf8"), (b"a: \xc0\x80\n", "not-utf8"), (b"a: \xed\xa0\x80\n", "not-utf8"),
    (b"a: \xf8\x88\x80\x80\x80\n", "not-utf8"), (b"\xff\xfea\x00", "not-utf8"), (b"\xfe\xff\x00a", "not-utf8"),
    (b"\xff\xfe\x00\x00", "not-utf8"), ("a: 1".encode("utf-16"), "not-utf8"), ("a: 1".encode("utf-32"), "not-utf8"),
    (b"a: \x00\n", "control-character"), (b"a: \x1b[31mred\n", "control-character"), (b"a: x\ry: 1\n", "control-character"),
    (b"a: \x7f", "control-character"), ("a: x\x85b: 1".encode(), "control-character"), (b"\x0c", "control-character"),
    ("a: x\u2028b: 1".encode(), "control-character"), ("a: x\u2029b: 1".encode(), "control-character"),
    ("a: \ufeffb".encode(), "control-character"), ("a: \uffff".encode(), "control-character"),
    ('{"a": "x\u2028"}'.encode(), "control-character"), (b'{"a": "\x00"}', "control-character"),
    (b'a: "\\0"', "control-character"), (b'a: "\\e"', "control-character"), (b'a: "\\x7f"', "control-character"),
    (b'"\\u001b": 1', "control-character"), (b'{"\\u0000": 1}', "control-character"), (b'a: "\\ud800"', "yaml-syntax"),
])
def test_no_character_gets_in_that_changes_how_a_text_reads(data, code):
    assert codes(data) == [code]


@pytest.mark.parametrize("unit", [b"\n", b"#\n", b" ", b"# \n \n"])
@pytest.mark.parametrize("document", [b"a: .nan\n", b"--- {a: .nan}\n...\n"])
def test_nothing_however_much_of_it_takes_no_memory(unit, document):
    blank = unit * (2 * MIB // len(unit))
    before = blank if blank.endswith(b"\n") else b"# " + blank + b"\n"
    tracemalloc.start()
    assert codes(before + document + blank) == ["not-finite"]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * MIB


def test_line_separators_may_be_written_as_escapes():
    assert parse(b'a: "\\N\\L\\P\\t\\u2028"', "x").value == {"a": "\x85\u2028\u2029\t\u2028"}


def test_every_refused_character_in_the_text_is_told_up_to_a_number():
    assert codes(b"a: \x01\x02\nb: \x03") == ["control-character"] * 3
    assert codes(b"\x01" * 1000) == ["control-character"] * 20


def test_truncated_binary_and_foreign_files_are_refused_in_words():
    for data in (b"\x89PNG\r\n\x1a\n\x00\x00", b"PK\x03\x04", b"\x7fELF", b"SQLite format 3\x00", b"\x00" * 100):
        assert codes(data)[0] in ("not-utf8", "control-character")


def test_every_prefix_of_a_document_is_read_or_refused_and_nothing_else():
    whole = 'a: &x [1, "\\u0041 é", {b: \'c\', ? d : |\n  e #\n }]\nf: *x\n%T\n--- !t {"g": 1.5e3}\n'.encode()
    for end in range(len(whole)):
        codes(whole[:end])
        codes(whole[end:], "x.json")


def test_no_schema_makes_us_fetch_anything():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"
        for broken in ({"$ref": url}, {"properties": {"a": {"$ref": url}}}, {"$id": url, "$ref": "other.json"}):
            with pytest.raises(Invalid):
                schema.problems(broken, {"a": 1})
        assert schema.problems({"$schema": url, "type": "string"}, 1)
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_pattern_from_a_stranger_takes_linear_time():
    nasty = {"type": "string", "pattern": "^(a+)+$"}
    start = time.process_time()
    assert schema.problems(nasty, "a" * 100_000 + "!")
    assert time.process_time() - start < 5


def test_a_suggestion_for_a_huge_word_is_not_worth_its_cost():
    assert nearest("a" * 1_000_000, ["b" * 1_000_000]) == ""
    assert nearest("row.updat", ["row.update", "row.delete"]) == "row.update"
