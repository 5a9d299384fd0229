"""Documents in which every string is hostile, drawn: not a byte of it may reach a terminal as more than text."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest

from agentctl.views.emit import Format, emit
from agentctl.views.jsontext import one_line, pretty
from agentctl.views.look import Detail, Look
from tests.views.test_drawings_golden import DRAWINGS

HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07\x1b]8;;http://evil\x1b\\click\r\nPlan: 0 to add, 0 to change, 0 to destroy, 0 side effects.\n"
    "error: x\x00\x08\x7f\x85\x9b31m\u202etxt\u2066\u200b\u2028\u2029\ufeff\ud800\U000e0041\ufe0f\u3164e\u0301\u0301\u0301\u0301\u0301\u0301"
)
# Words that come from our own closed sets choose a symbol or a colour; no stranger can put another one there.
CLOSED = {
    "version", "kind", "effect", "status", "purpose", "ruling", "verdict", "mode", "outcome", "level", "tier", "preview", "severity",
    "precondition", "settlement", "readback", "reversibility", "running", "alive", "standing",
}
PLACE_OF_A_RUN = re.compile(r"\x1b\[[0-9;]*m")


def poisoned(document: Any, key: str = "") -> Any:
    """Return the document with every string in it, every key of a foreign mapping and every list of strings, hostile."""
    if isinstance(document, dict):
        return {name: item if name in CLOSED else poisoned(item, name) for name, item in document.items()}
    if isinstance(document, list):
        return [poisoned(item, key) for item in document]
    if isinstance(document, str) and key not in CLOSED:
        return document + HOSTILE
    return document


def poisoned_keys(document: Any) -> Any:
    """Also poison the keys of mappings whose keys are foreign: arguments, ids, systems, values."""
    if isinstance(document, dict):
        foreign = {"arguments", "ids", "systems", "values", "inputs", "unchanged", "credential", "receipt"}
        return {
            name: {inner + HOSTILE: value for inner, value in item.items()} if name in foreign and isinstance(item, dict) else poisoned_keys(item)
            for name, item in document.items()
        }
    return [poisoned_keys(item) for item in document] if isinstance(document, list) else document


def assert_harmless(drawn: str) -> None:
    bare = PLACE_OF_A_RUN.sub("", drawn)
    allowed_marks = 4
    for line in bare.split("\n"):
        assert line.isprintable(), repr(line)
    assert not re.search("[\ufe00-\ufe0f\u3164\u115f\u2800\U000e0100-\U000e01ef]", bare)
    assert "\u0301" * (allowed_marks + 1) not in bare
    drawn.encode("utf-8")


@pytest.mark.parametrize("detail", list(Detail))
@pytest.mark.parametrize("name", DRAWINGS)
def test_hostile_strings_reach_the_terminal_as_visible_text_only(name, detail):
    document, draw = DRAWINGS[name]()
    for hostile in (poisoned(document), poisoned_keys(copy.deepcopy(document))):
        hostile = _usable(hostile, document)
        for colour in (False, True):
            drawn = draw(hostile, Look(width=80, colour=colour, detail=detail))
            assert_harmless(drawn)


@pytest.mark.parametrize("name", DRAWINGS)
def test_foreign_text_cannot_forge_a_line_of_ours(name):
    """Whoever greps for ``Plan:`` or reads ``error:`` at the left edge reads us, not the agent."""
    document, draw = DRAWINGS[name]()
    honest = draw(document, Look(width=80))
    hostile = draw(_usable(poisoned(document), document), Look(width=80))
    for lead in ("Plan: ", "Run: ", "error: "):
        assert _leading(hostile, lead) == _leading(honest, lead)


@pytest.mark.parametrize("name", DRAWINGS)
def test_json_is_lossless_and_harmless_on_a_terminal(name):
    document, _ = DRAWINGS[name]()
    hostile = poisoned(document)
    for text in (pretty(hostile), one_line(hostile), pretty(hostile, ascii_only=True)):
        assert json.loads(text) == hostile
        assert_harmless(text)
    assert one_line(hostile).count("\n") == 1


def test_what_a_stream_cannot_say_comes_as_an_escape(tmp_path):
    document, draw = DRAWINGS["review-risky"]()
    with (tmp_path / "latin").open("w", encoding="latin-1") as stream:
        emit(document, draw, Format.TERMINAL, stream, Look())
    with (tmp_path / "json").open("w", encoding="ascii") as stream:
        emit(document, draw, Format.JSON, stream, Look())
    assert json.loads((tmp_path / "json").read_text(encoding="ascii")) == document
    assert "\\u2192" in (tmp_path / "latin").read_text(encoding="latin-1")


def _leading(drawn: str, lead: str) -> int:
    return sum(line.startswith(lead) for line in drawn.splitlines())


def _usable(hostile: Any, honest: Any) -> Any:
    """Give back what drawings look things up by: closed words deeper down, and the kinds of risks and consents."""
    if isinstance(hostile, dict) and isinstance(honest, dict):
        for name in ("kind", "statuses"):
            if name in honest:
                hostile[name] = honest[name]
        for name, item in honest.items():
            if name in hostile:
                _usable(hostile[name], item)
    elif isinstance(hostile, list) and isinstance(honest, list):
        for left, right in zip(hostile, honest, strict=True):
            _usable(left, right)
    return hostile
