"""A command imports what it uses. Start-up is a promise, so the modules are counted, not the milliseconds."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "cel_expr_python", "cryptography", "deepdiff", "git", "h11", "jsonschema", "jsonschema_rs", "psycopg", "pydantic",
    "sqlalchemy", "yaml",
}


def imported(*arguments: str) -> set[str]:
    """Return the top-level modules a command imports besides what Python itself starts with."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "agentctl", *arguments], check=True, capture_output=True, text=True
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


def test_the_version_is_told_without_a_command_line_library():
    assert imported("--version") & (HEAVY | {"typer", "click", "rich"}) == set()


def test_help_is_told_without_anything_commands_run_on():
    assert imported("--help") & (HEAVY | {"rich"}) == set()


@pytest.mark.parametrize("command", ["plan", "apply", "show", "rollback"])
def test_a_commands_help_is_told_without_what_the_command_runs_on(command):
    found = imported(command, "--help")
    assert "typer" in found, "otherwise nothing was asked"
    assert found & HEAVY == set()
