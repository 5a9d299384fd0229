"""Help shows examples as they are typed, every exit code, and what can be set in the environment."""

from __future__ import annotations

import shlex

import pytest
from click import Command, Context, Group, Option

from agentctl.cli.app import root
from agentctl.cli.commands import COMMANDS
from agentctl.errors import Exit

STATEMENTS = {"allow_widening", "auto_approve", "happened", "did_not", "skip", "override", "reason", "withdraw", "drop", "with_",
              "compromised", "replace"}


def leaves(command: Command, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Command]]:
    if not isinstance(command, Group):
        return [(path, command)]
    context = Context(command)
    named = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    return [leaf for name, one in named if one for leaf in leaves(one, (*path, name))]


LEAVES = leaves(root())


def examples(text: str) -> list[str]:
    lines = text.splitlines()
    start = lines.index("  Examples:") + 1
    return [line.strip() for line in lines[start:lines.index("", start)]]


@pytest.mark.parametrize("path", [path for path, _ in LEAVES], ids=" ".join)
def test_every_example_stands_on_a_line_of_its_own_and_is_of_that_command(path, agentctl, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    said = agentctl(*path, "--help")
    assert said.code == 0
    assert said.err == ""
    if path in {("state", "list"), ("state", "rebuild"), ("lock", "show"), ("connectors", "list")}:
        return      # a command of one word needs no example
    for line in examples(said.out):
        assert shlex.split(line)[1:1 + len(path)] == list(path)
        assert len(line) <= 78


def test_every_option_and_argument_says_what_it_is_for():
    for path, command in LEAVES:
        for parameter in command.params:
            assert getattr(parameter, "help", ""), f"{' '.join(path)}: {parameter.name}"


def test_help_is_plain_text_that_lists_each_command_and_exit_code(agentctl, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = agentctl("--help").out
    assert "\x1b" not in text
    assert "╭" not in text
    assert {line.split()[0] for line in text.splitlines() if line.startswith("  ")} >= set(COMMANDS)
    told = text.partition("Exit codes:")[2].split("\n")[1:]
    assert [int(line.split()[0]) for line in told if line.strip()] == [code.value for code in Exit]


def test_no_command_at_all_is_answered_with_help_on_stderr(agentctl):
    said = agentctl()
    assert said.code == Exit.USAGE
    assert said.out == ""
    assert said.err.startswith("Usage: agentctl")
    assert "\\x" not in said.err


def test_a_mistyped_command_gets_a_suggestion(agentctl):
    said = agentctl("roolback", "latest")
    assert said.code == Exit.USAGE
    assert "`roolback`" in said.err
    assert "Did you mean `rollback`?" in said.err


def test_what_a_person_states_cannot_be_set_in_the_environment():
    found = {
        option.name for _, command in LEAVES for option in command.params
        if isinstance(option, Option) and option.name in STATEMENTS
    }
    assert found == STATEMENTS
    for path, command in LEAVES:
        for option in command.params:
            if isinstance(option, Option):
                assert option.allow_from_autoenv == (option.name not in STATEMENTS), f"{path}: {option.name}"


def test_consent_in_the_environment_consents_to_nothing(workspace, agentctl, monkeypatch):
    (workspace / "pricing.md").write_text("Annual: $12\n")
    for name in ("AGENTCTL_APPLY_AUTO_APPROVE", "AGENTCTL_AUTO_APPROVE"):
        monkeypatch.setenv(name, "1")
    said = agentctl("apply", "plan.yaml")
    assert said.code == Exit.CONSENT
    assert (workspace / "pricing.md").read_text() == "Annual: $12\n"


def test_an_option_set_in_the_environment_is_as_if_typed(workspace, agentctl, monkeypatch):
    assert agentctl("runs", "--format", "json").out.startswith("{")
    monkeypatch.setenv("AGENTCTL_RUNS_FORMAT", "json")
    assert agentctl("runs").out.startswith("{")


def test_the_version_and_completion_are_never_set_in_the_environment(workspace, agentctl, monkeypatch):
    for name in ("AGENTCTL_VERSION", "AGENTCTL_INSTALL_COMPLETION", "AGENTCTL_SHOW_COMPLETION"):
        monkeypatch.setenv(name, "1")
    assert "complete" in agentctl("runs").out


def test_a_directory_is_where_every_path_is_meant_from(workspace, agentctl, monkeypatch):
    monkeypatch.chdir("/")
    assert agentctl("-C", str(workspace), "validate", "plan.yaml").code == 0
    monkeypatch.chdir("/")
    monkeypatch.setenv("AGENTCTL_DIRECTORY", str(workspace))
    assert agentctl("validate", "plan.yaml").code == 0


def test_a_directory_that_is_not_there_is_a_usage_error(workspace, agentctl):
    said = agentctl("-C", "nowhere", "runs")
    assert said.code == Exit.USAGE
    assert "nowhere: No such file or directory." in said.err
