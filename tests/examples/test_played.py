"""The demo of an example goes through to its end and leaves the workspace to look at."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parents[2]


def test_an_example_is_played_by_its_name():
    told = subprocess.run(
        [sys.executable, "-m", "tests.examples.played", "config-edit"], cwd=TOP, capture_output=True, text=True, check=True,
    ).stdout
    typed = re.findall(r"^\$ agentctl .*$", told, re.MULTILINE)
    assert typed == re.findall(r"^\$ agentctl .*$", (TOP / "examples/config-edit/expected.txt").read_text("utf-8"), re.MULTILINE)
    (left,) = re.findall(r"^    (/\S+/workspace)$", told, re.MULTILINE)
    assert (Path(left) / ".agentctl/trace").is_dir()
