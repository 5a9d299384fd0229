"""What every step of CI and every look at a run pays for: a command imports the libraries it uses and no other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

WORKSPACE = """\
version: 1
kind: Workspace
tenant: acme
environment: test
policy: policy.yaml
connectors:
  crm: {type: sql, url: "sqlite:///crm.db"}
  site: {type: file, root: ./site}
  code: {type: git, path: .}
"""
POLICY = """\
version: 1
kind: Policy
agents: {bot: {roles: [writer]}}
roles: {writer: {grants: [{actions: ["site.text.*"]}]}}
"""
PLAN = """\
version: 1
kind: Plan
intent: Look.
agent: bot
steps:
  - {id: look, action: site.text.read, target: a.txt, because: Asked to.}
"""
LIBRARIES = {"cryptography", "deepdiff", "git", "jsonschema", "psycopg", "pydantic", "sqlalchemy"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("startup")
    (root / "site").mkdir()
    (root / "site" / "a.txt").write_text("x\n")
    for name, text in (("agentctl.yaml", WORKSPACE), ("policy.yaml", POLICY), ("plan.yaml", PLAN)):
        (root / name).write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    for command in (["init"], ["apply", "plan.yaml"]):
        subprocess.run([sys.executable, "-m", "agentctl", *command], cwd=root, check=True, capture_output=True)
    return root


@pytest.mark.parametrize(
    ("command", "unused"),
    [
        ("validate plan.yaml", LIBRARIES | {"rich"}),
        ("show", LIBRARIES | {"cel_expr_python"}),
        ("runs", LIBRARIES | {"cel_expr_python"}),
        ("verify", LIBRARIES - {"cryptography"} | {"cel_expr_python"}),
        ("plan plan.yaml", LIBRARIES - {"cryptography"}),
    ],
)
def test_a_command_imports_only_what_it_uses(workspace, command, unused):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "agentctl", *command.split()],
        cwd=workspace, capture_output=True, text=True, check=True,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    found = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}
    assert "agentctl" in found
    assert found & unused == set()
