"""The demo tells the whole loop, ends as it says, and leaves a workspace to play with."""

from __future__ import annotations

import io
import sqlite3
import subprocess
from contextlib import closing

import pytest

from agentctl.demo.scratch import ASSETS, make
from agentctl.demo.story import tell
from agentctl.errors import Usage


@pytest.fixture
def told(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("XDG_CONFIG_HOME", "AGENTCTL_KEY_FILE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    screen = io.BytesIO()
    tell(tmp_path / "demo", screen)
    return tmp_path / "demo", screen.getvalue().decode()


def test_the_demo_refuses_applies_finds_drift_and_rolls_back_all_it_may(told):
    directory, shown = told
    typed = [line for line in shown.splitlines() if line.startswith("$ agentctl ")]
    assert [line.split()[2] for line in typed] == [
        "init", "plan", "plan", "apply", "show", "drift", "rollback", "verify",
    ]
    assert "customers-are-never-deleted" in shown
    with closing(sqlite3.connect(directory / "crm.db")) as database:
        tiers = dict(database.execute("SELECT id, tier FROM customers WHERE id IN (42, 43)").fetchall())
    assert tiers == {42: "enterprise", 43: "monthly"}, "what somebody changed since stays, the refused deletion never was"
    assert git(directory, "log", "--format=%s") == "The workspace as it was\n"
    assert git(directory, "status", "--porcelain") == "?? reviewed.changeset\n", "site and index are as they were"
    assert "\x1b" not in shown, "no colour where nobody has a terminal"


def test_a_directory_with_files_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(Usage):
        make(ASSETS, tmp_path, "me")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def git(directory, *arguments):
    return subprocess.run(
        ["git", *arguments], cwd=directory, check=True, capture_output=True, text=True
    ).stdout
