"""Every example does what its expected.txt shows: each line typed there is run for real in a fresh copy.

An expected.txt is written by hand as the lines to type; `--update-golden` fills in what they say.
"""

from __future__ import annotations

import io
import re
import shlex
import socket
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from agentctl.demo.scratch import make
from agentctl.demo.typed import typed

EXAMPLES = Path(__file__).parents[2] / "examples"
LOGIN = "maria"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/agentctl.yaml"))

# What differs from one run to the next, and what stands for it.
VARYING = (
    (r"sha256:[0-9a-f]{64}", "sha256:…"),
    (r"\b[0-9a-f]{40}\b", "COMMIT"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME"),
    (r"\d+\.\d\d s\b", "0.00 s"),
    (r"\(pid \d+\)", "(pid 1)"),
)
NAMED = (
    (r"lineage +(\w{16})\b", "LINEAGE"),
    (r"(?:Run|Rollback of) (\w{8})\b", "RUN"),
    (r"(?:Plan|Rollback of \S+) +([0-9a-f]{12})\b", "DIGEST"),
)


@pytest.fixture
def workspace(monkeypatch):
    for name in ("XDG_CONFIG_HOME", "AGENTCTL_KEY_FILE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    # Not tmp_path: its length differs, and lines would be broken elsewhere.
    with tempfile.TemporaryDirectory(prefix="agentctl-", dir="/tmp") as folder:
        for name, value in {"HOME": f"{folder}/home", "LOGNAME": LOGIN, "COLUMNS": "100", "LINES": "50"}.items():
            monkeypatch.setenv(name, value)
        yield Path(folder, "workspace")


@pytest.mark.parametrize("name", NAMES)
def test_the_example_does_what_it_shows(name, workspace, update_golden):
    expected = EXAMPLES / name / "expected.txt"
    make(EXAMPLES / name, workspace, LOGIN)
    shown = play(expected.read_text("utf-8"), workspace)
    if update_golden:
        expected.write_text(shown, "utf-8")
    assert shown == expected.read_text("utf-8")


def test_there_are_examples_and_each_explains_itself():
    assert len(NAMES) >= 4
    for name in NAMES:
        assert (EXAMPLES / name / "README.md").read_text("utf-8").startswith("# ")
        assert "$ agentctl plan" in (EXAMPLES / name / "expected.txt").read_text("utf-8")


def play(transcript: str, workspace: Path) -> str:
    """Type every `$ agentctl` and `crm>` line of a transcript again and return the new one."""
    screen = io.BytesIO()
    for line in transcript.splitlines():
        if line.startswith("$ agentctl "):
            code = typed(workspace, *shlex.split(line)[2:], answers="yes", to=screen)
            screen.write(f"(exit {code})\n\n".encode() if code else b"\n")
        elif line.startswith("crm> "):
            screen.write(f"{line}\n".encode())
            with closing(sqlite3.connect(workspace / "crm.db")) as database:
                database.execute(line.removeprefix("crm> "))
                database.commit()
    return normalised(screen.getvalue().decode(), workspace)


def normalised(text: str, workspace: Path) -> str:
    text = text.replace(str(workspace.parent), "/tmp").replace(f"@{socket.gethostname()}", "@laptop")
    for pattern, stand_in in VARYING:
        text = re.sub(pattern, stand_in, text)
    for pattern, stand_in in NAMED:
        for number, name in enumerate(dict.fromkeys(re.findall(pattern, text)), start=1):
            text = text.replace(name, f"{stand_in}-{number}")
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
