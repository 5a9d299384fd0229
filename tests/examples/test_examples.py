"""Every example does what its expected.txt shows: each line typed there is run for real in a fresh copy.

An expected.txt is written by hand as the lines to type; `--update-golden` fills in what they say.
"""

from __future__ import annotations

import pytest

from tests.examples.prepared import EXAMPLES, GITHUB, github_of, ready
from tests.examples.screens import normalised, play
from tests.systems.github_house import USER

NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/agentctl.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_the_example_does_what_it_shows(name, workspace, update_golden, tmp_path, monkeypatch):
    expected = EXAMPLES / name / "expected.txt"
    monkeypatch.setenv("GITHUB_TOKEN", USER)
    with github_of(EXAMPLES / name, tmp_path / "log") as url:
        ready(EXAMPLES / name, workspace, url=url)
        shown = normalised(play(expected.read_text("utf-8"), workspace).replace(url or GITHUB, GITHUB))
    if update_golden:
        expected.write_text(shown, "utf-8")
    assert shown == expected.read_text("utf-8")


def test_there_are_examples_and_each_explains_itself():
    assert len(NAMES) >= 4
    for name in NAMES:
        assert (EXAMPLES / name / "README.md").read_text("utf-8").startswith("# ")
        assert "$ agentctl plan" in (EXAMPLES / name / "expected.txt").read_text("utf-8")
