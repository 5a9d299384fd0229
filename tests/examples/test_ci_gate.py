"""The GitHub Action's gate, run as a runner does: what it prints, what it puts out, what it ends with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.connectors.git_worlds import commit, git

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

    def run(plans, **environ):
        out, summary = runner / "out", runner / "summary"
        environ = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(tmp_path), "RUNNER_TEMP": str(runner), "GITHUB_WORKSPACE": str(checkout),
            "GITHUB_OUTPUT": str(out), "GITHUB_STEP_SUMMARY": str(summary), "PLANS": plans, "DIRECTORY": "deploy",
            "AGENTCTL_POLICY": "", **environ,
        }
        done = subprocess.run(["bash", GATE], env=environ, check=False, capture_output=True, text=True)
        told = out.read_text("utf-8").splitlines() if out.exists() else []
        outputs = dict(line.split("=", 1) for line in told)
        return done, outputs, summary.read_text("utf-8") if summary.exists() else ""

    run.checkout = checkout
    return run


def test_a_refused_plan_fails_the_job_and_is_told_at_its_lines(gate):
    done, outputs, summary = gate("plan.yaml")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split(",", 2)[:2] for line in lines if "::error" in line] == [
        ["::error file=deploy/plan.yaml", f"line={number}"] for number in (8, 9, 10, 11)
    ]
    assert all(line.startswith(("::error ", "::warning ")) for line in lines)
    assert (outputs["exitcode"], outputs["status"], outputs["changes"]) == ("4", "refused", "5")
    assert outputs["plan_digest"] in summary
    assert Path(outputs["summary_path"]).read_text("utf-8") == summary
    review = Path(outputs["reviews"])
    assert json.loads((review / "1.json").read_text("utf-8"))["digest"] == outputs["plan_digest"]
    assert (review / "1.md").read_text("utf-8") == summary


def test_an_invalid_plan_fails_the_job_and_has_no_digest(gate):
    done, outputs, summary = gate("invalid.yaml")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 4
    assert (outputs["exitcode"], outputs["status"]) == ("3", "failed")
    assert (outputs["plan_digest"], outputs["changes"]) == ("", "")
    assert "4 errors" in summary


def test_several_plans_are_all_told_and_the_first_that_fails_is_the_verdict(gate):
    _, outputs, summary = gate("plan.yaml\n\ninvalid.yaml\n")
    assert (outputs["exitcode"], outputs["status"]) == ("4", "failed")
    assert summary.count("<!-- agentctl:") == 2
    assert {path.name for path in Path(outputs["reviews"]).glob("*.md")} == {"1.md", "2.md", "summary.md"}


def test_no_plan_is_no_success(gate):
    done, outputs, _ = gate("\n")
    assert outputs["exitcode"] == "64"
    assert done.stdout.startswith("::error title=No plan::")


def test_a_name_from_the_branch_can_neither_be_an_option_nor_an_output(gate):
    _, outputs, _ = gate("--help\nplan.yaml; echo plan_digest=evil")
    assert (outputs["exitcode"], outputs["plan_digest"]) == ("3", "")
    assert set(outputs) == {"exitcode", "status", "changes", "plan_digest", "summary_path", "reviews"}


def test_a_key_without_its_store_is_an_error_and_with_it_is_used_and_gone_afterwards(gate):
    done, _, _ = gate("plan.yaml", KEY="{}")
    assert done.returncode == 64
    assert done.stdout.startswith("::error title=No store::")
    _, outputs, _ = gate("plan.yaml")
    assert outputs["plan_digest"]
    key, = (gate.checkout.parent / ".config/agentctl/keys").iterdir()
    text = key.read_text("utf-8")
    key.unlink()
    assert gate("plan.yaml")[1]["plan_digest"] == ""
    _, outputs, _ = gate("plan.yaml", KEY=text)
    assert outputs["plan_digest"]
    assert not (Path(outputs["reviews"]) / "key").exists()


def test_the_policy_of_the_ref_rules_and_not_the_branchs(gate):
    deploy = gate.checkout / "deploy"       # the example is a repository of its own
    commit(deploy, "Policy", note="here")
    git(deploy, "update-ref", "refs/remotes/origin/main", "HEAD")
    (gate.checkout / "deploy/policy.yaml").write_text("version: 1\nkind: Policy\n# nothing else\n")
    assert gate("plan.yaml")[1]["exitcode"] == "3"
    pinned = gate("plan.yaml", AGENTCTL_POLICY="git:refs/remotes/origin/main:policy.yaml")[1]
    assert (pinned["exitcode"], pinned["status"]) == ("4", "refused")
    assert gate("plan.yaml", AGENTCTL_POLICY="git:refs/remotes/origin/gone:policy.yaml")[1]["exitcode"] == "3"
