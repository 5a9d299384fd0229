"""Where a document goes, how wide, in which colours."""

from __future__ import annotations

import io
import json
import os
import pty

import pytest

from agentctl.errors import Unwritable
from agentctl.views.emit import save_json
from agentctl.views.look import look_for


@pytest.fixture
def terminal():
    leader, follower = pty.openpty()
    with os.fdopen(leader, "wb"), os.fdopen(follower, "w") as stream:
        yield stream


@pytest.mark.parametrize(("environ", "no_color", "coloured"), [
    ({}, False, True), ({"NO_COLOR": "1"}, False, False), ({"TERM": "dumb"}, False, False), ({}, True, False),
    ({"NO_COLOR": ""}, False, True), ({"FORCE_COLOR": "1"}, True, False),
])
def test_a_terminal_gets_colour_unless_somebody_minds(terminal, environ, no_color, coloured):
    assert look_for(terminal, environ, no_color=no_color).colour is coloured


def test_a_pipe_gets_colour_only_where_forced():
    assert not look_for(io.StringIO(), {}).colour
    assert look_for(io.StringIO(), {"FORCE_COLOR": "1"}).colour


def test_the_width_is_the_terminals_or_as_told():
    assert look_for(io.StringIO(), {}).width == 80
    assert look_for(io.StringIO(), {"COLUMNS": "132"}).width == 132
    assert look_for(io.StringIO(), {"COLUMNS": "wide"}).width == 80


def test_json_beside_the_drawing_is_written_whole(tmp_path):
    save_json({"kind": "X"}, tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text()) == {"kind": "X"}
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_json_that_cannot_be_written_says_why(tmp_path):
    with pytest.raises(Unwritable, match=r"nowhere.*No such file"):
        save_json({}, tmp_path / "nowhere" / "out.json")
