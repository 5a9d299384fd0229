"""A command imports what it uses. Start-up is a promise, so the modules are counted, not the milliseconds."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

import agentctl

HEAVY = {
    "cel_expr_python", "cryptography", "deepdiff", "git", "h11", "jsonschema", "jsonschema_rs", "psycopg", "pydantic",
    "sqlalchemy", "yaml",
}

ACTING = {
    "agentctl.engine.again", "agentctl.engine.differing", "agentctl.engine.edit", "agentctl.engine.settle",
    "agentctl.store.lock", "agentctl.trace.journal", "agentctl.workspace.unlocking", "agentctl.workspace.witnessing",
}

WORKSPACE = """\
version: 1
kind: Workspace
tenant: acme
environment: test
policy: policy.yaml
connectors:
  crm: {type: sql, url: "sqlite:///crm.db", rate: 60/min}
  site: {type: file, root: .}
  mem: {type: memory}
"""
POLICY = """\
version: 1
kind: Policy
agents:
  bot: {roles: [mover]}
roles:
  mover:
    grants:
      - {actions: [mem.record.create], mode: approve}
      - {actions: [mem.record.delete], where: 'before.tier == "pro"', mode: approve}
"""
PLAN = """\
version: 1
kind: Plan
intent: Make a record.
agent: bot
steps:
  - id: s1
    action: mem.record.create
    target: customers
    because: They asked for it.
    with: {fields: {name: Ann, tier: "pro"}}
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of three connectors, and a plan that uses one of them."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    for name, text in (("agentctl.yaml", WORKSPACE), ("policy.yaml", POLICY), ("plan.yaml", PLAN)):
        (folder / name).write_text(text)
    monkeypatch.setenv("AGENTCTL_KEY_FILE", str(tmp_path / "key.json"))
    monkeypatch.setenv("PYTHONPATH", str(Path(agentctl.__file__).parents[1]))
    monkeypatch.chdir(folder)
    subprocess.run([sys.executable, "-m", "agentctl", "init"], check=True, capture_output=True)
    return folder


def imported(*arguments: str) -> set[str]:
    """Return the top-level modules a command imports besides what Python itself starts with."""
    return {name.partition(".")[0] for name in modules(*arguments)}


def modules(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "agentctl", *arguments], check=True, capture_output=True, text=True
    )
    return named(done.stderr)


def modules_of_a_yes(*arguments: str) -> set[str]:
    """Return the modules a command imports that asks on a terminal, and is answered with yes."""
    ours, theirs = pty.openpty()
    answers = [(b"Only `yes` is accepted: ", b"yes\n"), (b"Type `create 1` to do it: ", b"create 1\n")]
    with subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "agentctl", *arguments], stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        said = b""
        with contextlib.suppress(OSError):      # the terminal ends with its last user
            while part := os.read(ours, 1 << 16):
                said += part
                if answers and answers[0][0] in said:
                    os.write(ours, answers.pop(0)[1])
        os.close(ours)
    assert process.returncode == 0, said
    return named(said.decode())


def named(said: str) -> set[str]:
    """Return the modules that Python told of as it imported them."""
    lines = [line for line in said.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def test_the_version_is_told_without_a_command_line_library():
    assert imported("--version") & (HEAVY | {"typer", "click", "rich"}) == set()


def test_help_is_told_without_anything_commands_run_on():
    assert imported("--help") & (HEAVY | {"rich"}) == set()


@pytest.mark.parametrize("command", ["plan", "apply", "show", "rollback"])
def test_a_commands_help_is_told_without_what_the_command_runs_on(command):
    found = imported(command, "--help")
    assert "typer" in found, "otherwise nothing was asked"
    assert found & HEAVY == set()


@pytest.mark.usefixtures("workspace")
def test_a_plan_is_drawn_without_what_its_steps_do_not_use():
    found = modules("plan", "plan.yaml")
    unused = HEAVY | {"click", "typer"}
    assert {name.partition(".")[0] for name in found} & unused == set(), "no step asks the policy's condition, and none is of a row"
    assert "agentctl.connectors.memory.connector" in found
    assert not {name for name in found if name.startswith(("agentctl.connectors.sql", "agentctl.connectors.file"))}
    assert found & {"dataclasses", "inspect", "shutil", "subprocess"} == set(), "no program is started"
    assert found & ACTING == set(), "planning takes no lock, writes no trace and asks no system what became of a step"


@pytest.mark.usefixtures("workspace")
def test_a_plan_is_applied_and_told_of_without_what_its_steps_do_not_use():
    found = modules_of_a_yes("apply", "plan.yaml") | modules("show")
    assert ACTING - found <= {"agentctl.engine.again", "agentctl.engine.differing", "agentctl.engine.edit"}, "otherwise nothing was done"
    unused = ("agentctl.connectors.sql", "agentctl.connectors.file", "sqlalchemy", "jsonschema", "typer")
    assert not {name for name in found if name.startswith(unused)}


@pytest.mark.usefixtures("workspace")
def test_settings_and_plans_are_found_valid_without_the_schema_checker():
    found = modules("validate", "plan.yaml")
    assert {"agentctl.connectors.sql.connector", "agentctl.connectors.file.connector"} <= found, "otherwise nothing was asked"
    assert {name.partition(".")[0] for name in found} & HEAVY == set()
