"""What is plainly typed is read as the command-line library reads it, and everything else is left to that."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentctl.cli import app, plainly
from agentctl.cli.call import begin
from agentctl.cli.commands import COMMANDS, command
from agentctl.cli.declared import Argument, parameters
from agentctl.errors import AgentctlError, Exit


def paths():
    """Yield the words and the function of each command, those of groups too."""
    for name in COMMANDS:
        found = command(name)
        if isinstance(found, Mapping):
            yield from (((name, word), function) for word, function in found.items())
        else:
            yield (name,), found


PATHS = dict(paths())
_ARGUMENT = st.characters(exclude_characters="\0")     # no system hands over a NUL
ODD = [
    "", "-", "--", "-o", "-oX", "--out", "--out=", "--out=x", "--no-color", "--format=json", "--format", "json", "terminal", "JSON",
    "latest", "0", "007", "-1", "1_000", "²", "٣", "1e3", " 3", "--step", "--help", "-h", "--", "plan", "show", "é", "\udcff", "a b",
    "full", "compact", "=", "--=x", "---step", "-", "incomplete", "yes", "--version", "-C", "-C.", "/tmp", "x.yaml", "--agai",
]


@st.composite
def lines(draw):
    """A command line: mostly what its command takes, now and then anything."""
    path = draw(st.sampled_from(sorted(PATHS)))
    declared = parameters(PATHS[path])
    words = [*draw(typed(parameters(begin))), *path, *draw(typed(declared))]
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        words.insert(draw(st.integers(0, len(words))), draw(st.sampled_from(ODD)))
    return words


@st.composite
def typed(draw, declared):
    groups = []
    for one in declared:
        many = draw(st.integers(0, 3)) if one.many else 1
        for _ in range(many):
            if isinstance(one.said, Argument):
                groups += [[draw(value(one.one))]] if draw(st.integers(0, 9)) else []
            elif not draw(st.integers(0, 3)):
                name = draw(st.sampled_from(one.said.names))
                if one.one is bool:
                    groups.append([name])
                elif draw(st.booleans()):
                    groups.append([name, draw(value(one.one))])
                else:
                    groups.append([f"{name}={draw(value(one.one))}"])
    return [word for group in draw(st.permutations(groups)) for word in group]


def value(one: type) -> st.SearchStrategy[str]:
    if hasattr(one, "__members__"):
        return st.sampled_from([*[member.value for member in one], "other", "TERMINAL"])
    if one is int:
        return st.one_of(st.integers(-2, 99).map(str), st.sampled_from(ODD))
    return st.one_of(st.sampled_from(["plan.yaml", "latest", "s1", "30s", "a b", "x=y", "-x", "3"]), st.text(_ARGUMENT, max_size=4))


def by_the_library(words):
    """Return what the command-line library makes of ``words``; None where it answers or refuses them itself."""
    try:
        read = app.read(words)
    except (AgentctlError, ValueError, SystemExit):
        return None
    return None if isinstance(read, Exit) else read


@settings(max_examples=400, deadline=None)
@given(lines())
def test_what_is_plain_is_read_as_the_library_reads_it(words):
    if (plain := plainly.read(words, {})) is not None:
        assert plain == by_the_library(words)


@pytest.mark.parametrize("path", sorted(PATHS), ids=" ".join)
def test_each_command_is_plain_with_every_option_it_has(path):
    """Otherwise the test above might compare nothing."""
    words = list(path)
    for one in parameters(PATHS[path]):
        sample = next(iter(one.one)).value if hasattr(one.one, "__members__") else "3"
        words += [] if isinstance(one.said, Argument) else [one.said.names[-1], *([] if one.one is bool else [sample])]
        words += [sample] if isinstance(one.said, Argument) else []
    plain = plainly.read(["--no-color", "-C", "here", *words], {})
    assert plain is not None
    assert plain == by_the_library(["--no-color", "-C", "here", *words])
    assert plain.start == {"directory": "here", "no_color": True, "policy": ""}


@pytest.mark.parametrize("words", [
    [], ["--help"], ["plan", "--help"], ["plan", "-h"], ["policy"], ["roolback"], ["plan"], ["plan", "a", "b"], ["plan", "a", "--agai", "1"],
    ["plan", "a", "--again", "-1"], ["plan", "a", "--format", "JSON"], ["plan", "a", "--detailed-exitcode=yes"], ["plan", "a", "-o"],
    ["plan", "-ox", "a"], ["plan", "--", "a"], ["plan", "a", "--out", "x", "--out", "y"], ["policy", "nothing"], ["--version"],
])
def test_mistakes_questions_and_rarer_ways_are_left_to_the_library(words):
    assert plainly.read(words, {}) is None


@pytest.mark.parametrize("name", [
    "AGENTCTL_DIRECTORY", "AGENTCTL_NO_COLOR", "AGENTCTL_POLICY", "AGENTCTL_RUNS_FORMAT", "AGENTCTL_RUNS_HELP", "_AGENTCTL_COMPLETE",
])
def test_what_is_set_in_the_environment_is_left_to_the_library(name):
    assert plainly.read(["runs"], {"AGENTCTL_PLAN_FORMAT": "json", "AGENTCTL_KEY_FILE": "/key"}) is not None
    assert plainly.read(["runs"], {name: "1"}) is None


@pytest.mark.parametrize("words", [["runs"], ["plan", "plan.yaml", "--diff", "full"], ["-C", ".", "policy", "lint"]])
def test_a_plain_command_line_is_read_without_the_library(words):
    code = f"import os, sys; from agentctl.cli.plainly import read; assert read({words!r}, {{}}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=os.environ)
    assert "agentctl.cli.commands" in done.stdout.split()
    assert {"typer", "click"} & set(done.stdout.split()) == set()
