"""A workspace that is the same in every run: its path, the person at it, and how wide the terminal is."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.examples.screens import LOGIN


@pytest.fixture
def workspace(monkeypatch):
    for name in ("XDG_CONFIG_HOME", "AGENTCTL_KEY_FILE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    # Not tmp_path: its length differs, and lines would be broken elsewhere.
    with tempfile.TemporaryDirectory(prefix="agentctl-", dir="/tmp") as folder:
        for name, value in {"HOME": f"{folder}/home", "LOGNAME": LOGIN, "COLUMNS": "100", "LINES": "50"}.items():
            monkeypatch.setenv(name, value)
        yield Path(folder, "workspace")
