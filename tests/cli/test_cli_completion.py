"""The shells' completion protocols, spoken for real: commands, runs, steps, changesets, plans."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

SHELLS = ("bash", "zsh", "fish")


@pytest.fixture
def complete(workspace, process):
    """Return what ``shell`` would be offered for the last of ``words``."""

    def offered(shell: str, *words: str) -> str:
        line = " ".join(("agentctl", *words))
        environment = os.environ | {
            "_AGENTCTL_COMPLETE": f"complete_{shell}", "COMP_WORDS": line, "COMP_CWORD": str(len(words)),
            "_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        }
        done = process(env=environment)
        assert done.stderr == ""
        return done.stdout

    return offered


@pytest.fixture
def run_id(workspace):
    (name,) = [path.name for path in (workspace / ".agentctl/trace").glob("*-run-*.jsonl")]
    return name.removesuffix(".jsonl").rpartition("-")[2]


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_are_completed(complete, shell):
    offered = complete(shell, "ro")
    assert "rollback" in offered
    assert "apply" not in offered


@pytest.mark.parametrize("shell", SHELLS)
def test_runs_are_completed(complete, shell, run_id):
    assert run_id in complete(shell, "show", "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("show", "latest", "--step", ""), {"page", "note"}),
        (("rollback", "latest", "--from", "n"), {"note"}),
        (("resolve", "latest", ""), {"page", "note"}),
        (("rollback", "latest", "--connector", ""), {"files"}),
        (("connectors", "show", ""), {"files"}),
        (("policy", "explain", "plan.yaml", "--step", "p"), {"page"}),
        (("edit", "plan.yaml", "p"), {"page"}),
        (("edit", "plan.yaml", "--drop", "p"), {"page"}),
        (("state", "show", "files/p"), {"files/pricing.md"}),
        (("plan", "pl"), {"plan.yaml"}),
        (("validate", "plan.yaml", "pl"), {"plan.yaml"}),
        (("plan", "--diff", ""), {"summary", "compact", "full"}),
        (("init", "--policy", "read"), {"read-only"}),
        (("schema", "pl"), {"plan"}),
        (("lock", ""), {"show", "break"}),
    ],
)
def test_what_can_be_named_can_be_completed(complete, words, expected):
    assert set(complete("bash", *words).split()) == expected


def test_changesets_are_completed_by_what_people_type_of_them(complete, workspace):
    (path,) = [path for path in (workspace / ".agentctl/changesets").iterdir() if path.is_file()]
    short = path.name.partition(".")[0].removeprefix("sha256-").removeprefix("sha256:")[:12]
    assert short in complete("bash", "apply", "").split()
    assert complete("bash", "apply", short[:6]).split() == [short]


@pytest.mark.parametrize("words", [("show", ""), ("rollback", "latest", "--step", ""), ("apply", ""), ("state", "show", "")])
def test_completion_outside_a_workspace_offers_nothing_and_says_nothing(complete, tmp_path, monkeypatch, words):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert complete("bash", *words).strip() == ""


def test_the_steps_offered_are_those_of_the_run_that_was_named(complete, run_id):
    assert complete("bash", "rollback", "nosuchrun", "--step", "").strip() == ""
    assert set(complete("bash", "rollback", run_id, "--step", "").split()) == {"page", "note"}


def test_completion_looks_where_the_command_would_run(complete, workspace, run_id, monkeypatch):
    monkeypatch.chdir("/")
    assert run_id in complete("bash", "-C", str(workspace), "show", "")


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_a_script_that_asks_us(workspace, process, shell):
    done = process("--show-completion", shell, env=os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"})
    assert "_AGENTCTL_COMPLETE" in done.stdout


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
def test_bash_itself_completes_with_the_script(workspace, process, tmp_path):
    script = process("--show-completion", "bash", env=os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"})
    (tmp_path / "agentctl").write_text(f'#!/bin/sh\nexec {sys.executable} -m agentctl "$@"\n')
    (tmp_path / "agentctl").chmod(0o755)
    asked = script.stdout + (
        "\nCOMP_WORDS=(agentctl show latest --step pa); COMP_CWORD=4; _agentctl_completion agentctl; echo ${COMPREPLY[@]}"
    )
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(["bash", "-c", asked], check=True, text=True, capture_output=True, env=os.environ | {"PATH": path})
    assert done.stdout.strip() == "page"
