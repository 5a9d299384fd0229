"""Every error becomes a message and an exit code; a bug becomes a report without values."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentctl.cli import boundary
from agentctl.errors import AgentctlError, Exit
from agentctl.resources import schema_names

SECRET = "hunter2-do-not-tell"


@pytest.mark.parametrize(
    "arguments",
    [
        ("nosuch",), ("plan",), ("plan", "a", "b"), ("plan", "--nosuch", "a"), ("plan", "--diff", "loud", "a"), ("apply",),
        ("apply", "plan.yaml", "--resume", "latest"), ("apply", "plan.yaml", "--lock-timeout", "soon"),
        ("plan", "plan.yaml", "--again", "-1"), ("runs", "--since", "yesterday"), ("runs", "--status", "great"),
        ("resolve", "latest", "page", "--reason", "x"), ("resolve", "latest", "page", "--happened", "--skip", "--reason", "x"),
        ("schema", "nosuch"), ("show", "nosuch"), ("show", "latest", "--step", "nosuch"), ("connectors", "show", "nosuch"),
        ("state", "show", "nosuch"), ("init", "fresh", "--policy", "nosuch"), ("rollback", "nosuch"), ("policy",),
        ("policy", "explain", "plan.yaml", "--step", "nosuch"), ("stop", "latest"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_ends_with_64_and_says_nothing_on_stdout(workspace, agentctl, arguments):
    (workspace / "pricing.md").write_text("Annual: $12\n")
    said = agentctl(*arguments)
    assert (said.code, said.out) == (Exit.USAGE, "")
    assert said.err


def test_where_there_is_no_workspace_the_command_to_make_one_is_told(tmp_path, agentctl, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = agentctl("runs")
    assert said.code == Exit.USAGE
    assert "\n      agentctl init\n" in said.err


def broken(error: Exception):
    def begin(*_, **__):
        raise error

    return begin


def bug(agentctl, monkeypatch, tmp_path, error: Exception):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("agentctl.cli.session.Session.begin", broken(error))
    return agentctl("plan", SECRET)


def test_a_bug_is_reported_with_its_place_but_without_any_value(agentctl, monkeypatch, tmp_path):
    cause = ValueError(f"the password is {SECRET}")
    error = KeyError(SECRET)
    error.__cause__ = cause
    said = bug(agentctl, monkeypatch, tmp_path, error)
    assert said.code == Exit.UNEXPECTED
    assert "This is a bug in agentctl" in said.err
    assert "Traceback" not in said.err
    (report,) = (tmp_path / "state/agentctl").iterdir()
    assert str(report) in said.err.replace("\n  ", "")
    text = report.read_text()
    assert "builtins.KeyError" in text
    assert "builtins.ValueError" in text
    assert "test_cli_boundary.py" in text
    assert SECRET not in text + said.err
    assert report.stat().st_mode & 0o077 == 0


def test_a_bug_that_cannot_be_written_down_is_still_told_as_one(agentctl, monkeypatch, tmp_path):
    (tmp_path / "state").write_text("a file stands where the folder would be")
    said = bug(agentctl, monkeypatch, tmp_path, RuntimeError(SECRET))
    assert said.code == Exit.UNEXPECTED
    assert "could not be written down: RuntimeError" in said.err
    assert "with that file" not in said.err
    assert SECRET not in said.err


def family() -> list[type[AgentctlError]]:
    found, seen = [AgentctlError], []
    while found:
        seen.append(one := found.pop())
        found += one.__subclasses__()
    return [one for one in seen if one.__module__ == "agentctl.errors"]


@pytest.mark.parametrize("error", family(), ids=lambda one: one.__name__)
def test_each_error_ends_with_its_own_code_and_the_command_alone_on_its_line(agentctl, monkeypatch, error):
    monkeypatch.setattr("agentctl.cli.session.Session.begin", broken(error("What it is", "Why it is.", hint="Now:", command="agentctl show")))
    said = agentctl("runs")
    assert said.code == error.code
    assert said.out == ""
    assert said.err == "error: What it is\n  Why it is.\n  Now:\n      agentctl show\n"


def test_a_reader_who_has_seen_enough_changes_neither_the_code_nor_the_screen(workspace):
    (workspace / "pricing.md").write_text("Annual: $12\n")
    for command in ("show", "plan plan.yaml --detailed-exitcode", f"schema {schema_names()[0]}", "--help", "verify"):
        line = f"{sys.executable} -m agentctl {command} | true; exit ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", line], check=False, capture_output=True, text=True)
        assert (done.stderr, done.stdout) == ("", "")
        assert done.returncode == (Exit.CHANGES if command.startswith("plan") else Exit.OK)


def test_a_full_disk_under_stdout_is_told_as_what_it_is(workspace, process):
    with Path("/dev/full").open("w") as full:
        done = process("runs", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == Exit.UNREACHABLE
    assert done.stderr.startswith("error: The output could not be written\n")


def test_with_stdout_closed_the_command_is_done_all_the_same(workspace):
    line = f"{sys.executable} -m agentctl runs --json-into runs.json >&- 2>&-"
    assert subprocess.run(["bash", "-c", line], check=False).returncode == Exit.OK
    assert (workspace / "runs.json").read_text().startswith("{")


def test_colour_is_for_terminals_and_can_be_forbidden_and_forced(workspace, process):
    assert "\x1b[" not in process("runs").stdout
    assert "\x1b[" in process("runs", env=os.environ | {"FORCE_COLOR": "1"}).stdout
    assert "\x1b[" not in process("runs", env=os.environ | {"FORCE_COLOR": "1", "NO_COLOR": "1"}).stdout
    assert "\x1b[" not in process("--no-color", "runs", env=os.environ | {"FORCE_COLOR": "1"}).stdout
    assert "\x1b[" not in process("--no-color", "plan", "no.yaml", env=os.environ | {"FORCE_COLOR": "1"}).stderr
    assert "\x1b[" not in process("nosuch", env=os.environ | {"FORCE_COLOR": "1", "AGENTCTL_NO_COLOR": "1"}).stderr


def test_what_a_live_system_refuses_is_shown_at_its_line_of_the_plan(workspace, agentctl):
    (workspace / "pricing.md").unlink()
    said = agentctl("plan", "plan.yaml")
    assert said.code == Exit.INVALID
    assert "plan.yaml:6:5" in said.err
    assert "    6 │   - id: page\n      │     ^\n" in said.err
    assert said.err.endswith("\nerror: The plan cannot be carried out (1 error)\n")


def test_a_refusal_names_every_step_in_one_place(workspace, agentctl):
    plan = (workspace / "plan.yaml").read_text().replace("because:", "needs: [] #").replace("$10", "$11")
    (workspace / "plan.yaml").write_text(plan.replace("$12", "$10", 1).replace("note.txt", "other.txt"))
    said = agentctl("apply", "plan.yaml")
    assert said.code == Exit.REFUSED
    assert said.err.startswith("error: Policy refuses\n  step `page`: ")
    assert "\n  step `note`: " in said.err
    assert "\n  Nothing was executed.\n" in said.err
    assert said.err.endswith("\n      agentctl policy explain plan.yaml --step page\n")
    assert "policy explain" not in said.out, "said once"


def test_the_trace_of_a_bug_names_no_value():
    try:
        int(SECRET)
    except ValueError as error:
        text = boundary._trace(error)
    assert SECRET not in text
    assert "builtins.ValueError" in text
