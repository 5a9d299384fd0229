"""Every example does what its expected.txt shows: each line typed there is run for real in a fresh copy.

An expected.txt is written by hand as the lines to type; `--update-golden` fills in what they say.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from agentctl.demo.scratch import make
from tests.examples.screens import LOGIN, normalised, play

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/agentctl.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_the_example_does_what_it_shows(name, workspace, update_golden):
    expected = EXAMPLES / name / "expected.txt"
    make(EXAMPLES / name, workspace, LOGIN)
    shown = normalised(play(expected.read_text("utf-8"), workspace))
    if update_golden:
        expected.write_text(shown, "utf-8")
    assert shown == expected.read_text("utf-8")


def test_there_are_examples_and_each_explains_itself():
    assert len(NAMES) >= 4
    for name in NAMES:
        assert (EXAMPLES / name / "README.md").read_text("utf-8").startswith("# ")
        assert "$ agentctl plan" in (EXAMPLES / name / "expected.txt").read_text("utf-8")
