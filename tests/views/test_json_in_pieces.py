"""A long document is told piece by piece, as the text it would be in one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.errors import Unwritable
from agentctl.views.emit import Format, emit, save_json
from agentctl.views.jsontext import one_line, pretty, tell
from agentctl.views.look import Look

printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="#:"))
scalars = st.none() | st.booleans() | st.integers() | st.floats() | printable | st.just("Zoë")
wires = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(printable, inner) | st.tuples(inner), max_leaves=30
)
LONG = {"head": 1, "steps": [{"id": f"s{number}", "none": None, "list": ["a", "b"]} for number in range(20_000)]}


@given(st.dictionaries(printable, wires), st.booleans())
def test_the_text_is_that_of_the_standard_library(document, ascii_only):
    assert pretty(document, ascii_only=ascii_only) == json.dumps(document, indent=2, ensure_ascii=ascii_only) + "\n"


@given(st.dictionaries(st.text(), st.lists(st.text() | st.dictionaries(st.text(), st.text())), max_size=5))
def test_nothing_is_lost_by_making_it_harmless(document):
    assert json.loads(pretty(document)) == json.loads(one_line(document)) == document


def test_a_long_document_is_never_whole_in_memory():
    pieces: list[str] = []
    tell(LONG, pieces.append)
    assert "".join(pieces) == pretty(LONG) == json.dumps(LONG, indent=2) + "\n"
    assert max(map(len, pieces)) < len("".join(pieces)) / 10


def test_a_command_for_ci_is_none_wherever_a_piece_ends():
    document = {"steps": ["::error::x ##[error]"] * 20_000}
    pieces: list[str] = []
    tell(document, pieces.append)
    assert len(pieces) > 1
    assert "::error" not in "".join(pieces)
    assert "##[" not in "".join(pieces)
    assert json.loads("".join(pieces)) == document


def test_a_reader_who_goes_in_the_middle_ends_the_telling_and_nothing_else():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        emit(LONG, lambda *_: "", Format.JSON, stream, Look())


def test_a_full_disk_in_the_middle_is_told():
    with Path("/dev/full").open("w") as full, pytest.raises(Unwritable, match="No space left"):
        emit(LONG, lambda *_: "", Format.JSON, full, Look())


def test_a_long_document_is_in_its_file_whole(tmp_path):
    save_json(LONG, tmp_path / "out.json")
    assert (tmp_path / "out.json").read_text(encoding="utf-8") == pretty(LONG)
