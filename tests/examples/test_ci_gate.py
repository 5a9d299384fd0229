"""The GitHub Action's gate, run as a runner does: what it prints, what it puts out, what it ends with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
GATE = ROOT / ".github/actions/plan/gate"


@pytest.fixture
def gate(tmp_path):
    """Return the gate as a function, in a checkout whose folder `deploy` is the example `refused`."""
    checkout, runner = tmp_path / "checkout", tmp_path / "runner"
    checkout.mkdir()
    runner.mkdir()
    subprocess.run(
        [sys.executable, ROOT / "examples/prepare.py", "refused", checkout / "deploy"], check=True, capture_output=True
    )

    def run(plan):
        out, summary = runner / "out", runner / "summary"
        environ = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(tmp_path), "RUNNER_TEMP": str(runner), "GITHUB_WORKSPACE": str(checkout),
            "GITHUB_OUTPUT": str(out), "GITHUB_STEP_SUMMARY": str(summary), "PLAN": plan, "DIRECTORY": "deploy",
        }
        done = subprocess.run(["bash", GATE], env=environ, check=False, capture_output=True, text=True)
        outputs = dict(line.split("=", 1) for line in out.read_text("utf-8").splitlines())
        return done, outputs, summary.read_text("utf-8")

    return run


def test_a_refused_plan_fails_the_job_and_is_told_at_its_lines(gate):
    done, outputs, summary = gate("plan.yaml")
    assert done.returncode == 4, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split(",", 2)[:2] for line in lines if "::error" in line] == [
        ["::error file=deploy/plan.yaml", f"line={number}"] for number in (8, 9, 10, 11)
    ]
    assert all(line.startswith(("::error ", "::warning ")) for line in lines)
    assert outputs["exitcode"] == "4"
    assert outputs["changes"] == "5"
    assert outputs["plan_digest"] in summary
    assert Path(outputs["summary_path"]).read_text("utf-8") == summary
    assert json.loads(Path(outputs["summary_path"] + ".json").read_text("utf-8"))["digest"] == outputs["plan_digest"]


def test_an_invalid_plan_fails_the_job_and_has_no_digest(gate):
    done, outputs, summary = gate("invalid.yaml")
    assert done.returncode == 3
    assert len(done.stdout.splitlines()) == 4
    assert (outputs["exitcode"], outputs["plan_digest"], outputs["changes"]) == ("3", "", "")
    assert "4 errors" in summary
