"""A workspace with one applied run, made once; and the command line as a function."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from agentctl.cli.boundary import run

PLAN = """\
version: 1
kind: Plan
intent: The annual plan costs $10 a month.
agent: assistant
steps:
  - id: page
    action: files.text.replace
    target: pricing.md
    with: {find: "$12", replace: "$10", count: 1}
    because: The page still shows the old price.
  - id: note
    action: files.file.create
    target: note.txt
    with: {content: "hello"}
    because: Somebody may wonder.
"""


class Terminal(io.StringIO):
    """Text typed, or said, on a terminal."""

    def isatty(self) -> bool:
        return True


class Said(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def _model(tmp_path_factory):
    root = tmp_path_factory.mktemp("cli")
    (root / "ws").mkdir()
    (root / "ws/pricing.md").write_text("Annual: $12\n")
    (root / "ws/plan.yaml").write_text(PLAN)
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
        patch.setenv("AGENTCTL_KEY_FILE", str(root / "key"))
        patch.setattr(sys, "stdin", Terminal("yes\n"))
        patch.setattr(sys, "stderr", Terminal())
        patch.chdir(root / "ws")
        assert run(["init"]) == 0
        assert run(["apply", "plan.yaml"]) == 0
    return root


@pytest.fixture
def workspace(_model, tmp_path, monkeypatch) -> Path:
    shutil.copytree(_model, tmp_path / "cli")
    for name in [name for name in os.environ if name.startswith("AGENTCTL_")] + ["NO_COLOR", "FORCE_COLOR"]:
        monkeypatch.delenv(name, raising=False)
    for name, value in {"AGENTCTL_KEY_FILE": str(tmp_path / "cli/key"), "HOME": str(tmp_path), "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path / "cli/ws")
    return tmp_path / "cli/ws"


@pytest.fixture
def agentctl(capsys):
    """Return the command line as a function, in this process."""

    def typed(*arguments: str) -> Said:
        capsys.readouterr()
        code = run(arguments)
        return Said(code, *capsys.readouterr())

    return typed


@pytest.fixture
def process():
    """Return the command line as a function, in a process of its own."""

    def typed(*arguments: str, **settings) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "agentctl", *arguments]
        settings = {"stdin": subprocess.DEVNULL, "capture_output": True} | settings
        return subprocess.run(command, check=False, text=True, **settings)

    return typed
