"""What foreign text may do to a terminal: show itself, and nothing else."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.views import safe

ANY_TEXT = st.text(st.characters(exclude_categories=()))            # lone surrogates included
NASTY = st.text(st.sampled_from('a \\"\n\t\r\x1b\x00\x7f\x85\x9b\u00a0\u00ad\u034f\u061c\u115f\u180b\u200b\u200f\u2028\u202e\u2066\u2800\u3164\ufe0f\ufeff\uffa0\ud800\U000e0041\U000e0100\u0301nxu023#v[:'), max_size=40)


def forbidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") or character in "\u034f\u115f\u1160\u180b\u2800\u3164\ufe0f\uffa0\U000e0100"


@given(st.one_of(ANY_TEXT, NASTY))
def test_no_forbidden_character_survives_escaping(text):
    for shown in (safe.escape(text), safe.line(text), safe.quoted(text)):
        assert not any(forbidden(character) for character in shown)
        assert "\n" not in shown
        assert not re.search(r"##[a-z]*\[|(?<!\S)::[a-z]", shown)
        shown.encode()


@given(st.one_of(ANY_TEXT, NASTY))
def test_escaping_twice_is_escaping_once(text):
    assert safe.escape(safe.escape(text)) == safe.escape(text)


def test_what_is_let_through_unseen_shows_itself_and_is_no_mark():
    for character in map(chr, range(0x3000)):
        alone = safe.visible(character) and not unicodedata.category(character).startswith("M")
        assert (safe.escape(character) == character) == alone, f"U+{ord(character):04X}"


@given(NASTY, NASTY)
def test_two_different_texts_never_look_the_same_in_quotes(left, right):
    assert (safe.quoted(left) == safe.quoted(right)) == (left == right)


@given(NASTY, NASTY)
def test_two_different_texts_never_look_the_same_on_a_line(left, right):
    assert (safe.line(left) == safe.line(right)) == (left == right)


@pytest.mark.parametrize(("text", "shown"), [
    ("C:\\site\\pricing", "C:\\site\\pricing"),
    ("\\u202e typed out", "\\\\u202e typed out"),
    ("\u202e meant", "\\u202e meant"),
    ("\x1b[2J", "\\x1b[2J"),
    ("a" + " " * 40 + "b", "a\\x20{40}b"),
    ("tab\there", "tab\\there"),
    ("Zoë, 東京, naïve", "Zoë, 東京, naïve"),
    ("## Heading [1]", "## Heading [1]"),
    ("std::vector, ::1, ::/0, a: :b", "std::vector, ::1, ::/0, a: :b"),
    ("  ::error::x y::add-mask::z", "  \\x3a:error::x y\\x3a:add-mask::z"),
    ("a ##[add-mask]e", "a \\x23#[add-mask]e"),
    ("###vso[task.setvariable variable=x]y", "#\\x23#vso[task.setvariable variable=x]y"),
    ("\\x23#[typed out]", "\\\\x23#[typed out]"),
])
def test_ordinary_text_stays_readable_and_hostile_text_shows(text, shown):
    assert safe.line(text) == shown


@pytest.mark.parametrize(("left", "right"), [
    ("annual", "аnnual"), ("annual", "annual "), ("paypal", "paypa1"), ("admin", "adm\u200bin"), ("ＡＢ", "AB"),
    ("it's", "it’s"), ("a-b", "a‑b"), ("Il", "lI"),
])
def test_look_alikes_are_told_apart(left, right):
    assert safe.confusable(left, right)
    assert "U+" in safe.code_points(left, right) or "nothing" in safe.code_points(left, right)


def test_plainly_different_values_are_not_called_look_alikes():
    assert not safe.confusable("monthly", "annual")
    assert not safe.confusable("same", "same")


def test_marks_cannot_pile_up_over_the_lines_above():
    assert safe.escape("e" + "\u0301" * 50).count("\u0301") <= 4
    assert not safe.escape("\u0301x").startswith("\u0301")


def test_a_path_that_cannot_be_shown_as_typed_is_not_offered_for_pasting():
    assert safe.shell_word("plans/next plan.yaml") == "'plans/next plan.yaml'"
    assert safe.shell_word("it's.yaml") == "'it'\\''s.yaml'"
    assert safe.shell_word("a;rm\u202e") is None
    assert safe.shell_word("a\nb") is None


@given(st.text() | st.text(st.characters(max_codepoint=0x7F)) | st.text("Il|1O0`'\" -\t\x7f"))
def test_what_is_seen_of_a_text_does_not_hang_on_how_it_is_found_out(text):
    assert safe.skeleton(text) == safe.skeleton_of_any(text)
