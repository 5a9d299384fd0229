"""A git that outlives its agentctl: nobody acts beside it, it is named, and what it did is found and not done twice."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
from contextlib import contextmanager, suppress

import pytest

from agentctl.errors import Exit
from tests.e2e.house import PATIENCE, step

PAGE = step("page", "site.text.replace", "index.html", {"find": "$12", "replace": "$10", "count": 1})
COMMIT = step("commit", "code.commit.create", "main", {"paths": ["site/index.html"], "message": "New price"})
SLOW_GIT = """#!/bin/sh
for word in "$@"; do
    if [ "$word" = update-ref ]; then
        echo $$ > {began}
        read -r _ < {go}
    fi
done
exec {git} "$@"
"""


class SlowGit:
    """A git that, about to move a branch, waits until it is let go on."""

    def __init__(self, folder):
        self.path, self._began, self._go = folder / "bin", folder / "began", folder / "go"
        self.path.mkdir()
        for pipe in (self._began, self._go):
            os.mkfifo(pipe)
        program = self.path / "git"
        program.write_text(SLOW_GIT.format(began=self._began, go=self._go, git=shutil.which("git")))
        program.chmod(0o755)
        self.environ = {"PATH": f"{self.path}:{os.environ['PATH']}"}

    def waits(self) -> int:
        """Return its process once it is about to move the branch."""
        began = os.open(self._began, os.O_RDONLY | os.O_NONBLOCK)
        try:
            assert select.select([began], [], [], PATIENCE)[0], "no git was about to move the branch"
            return int(os.read(began, 100))
        finally:
            os.close(began)

    def goes_on(self) -> None:
        self._go.write_text("\n")


@pytest.fixture
def slow(tmp_path):
    return SlowGit(tmp_path)


@contextmanager
def ending(process):
    """See to it that a process of a test that failed does not live on."""
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def test_while_a_killed_runs_git_lives_nothing_is_resumed_and_it_is_named(house, slow):
    house.plan(PAGE, COMMIT)
    with house.sitting("apply", "plan.yaml", **slow.environ) as sitting:
        sitting.until("commit  code.commit.create  main …")
        git = slow.waits()
        with ending(git):
            sitting.signal(signal.SIGKILL)
            assert sitting.ended().code == -signal.SIGKILL
            told = house.run("apply", "--resume", "latest")
            assert told.code == Exit.LOCKED, told.all
            assert f"(process {git})" in told.err
            assert f"    kill {git}\n" in told.err
            shown = house.run("lock", "show")
            assert f"process {git}" in shown.out
            assert house.run("lock", "show", "--format", "json").json["heirs"] == [{"pid": git, "name": "git"}]
            assert house.run("lock", "break", "--reason", "it is dead").code == Exit.LOCKED
            assert "New price" not in house.git("log", "--format=%s")
            slow.goes_on()
            told = house.typed("apply", "--resume", "latest")
    assert told.code == Exit.OK, told.all
    assert house.git("log", "--format=%s").splitlines() == ["New price", "first"]
    assert house.run("verify").code == Exit.OK


def test_whoever_resumes_waits_for_a_killed_runs_git_that_is_about_to_end(house, slow):
    house.plan(PAGE, COMMIT)
    with house.sitting("apply", "plan.yaml", **slow.environ) as sitting:
        sitting.until("commit  code.commit.create  main …")
        git = slow.waits()
        with ending(git):
            sitting.signal(signal.SIGKILL)
            sitting.ended()
            with house.sitting("apply", "--resume", "latest") as resuming:
                slow.goes_on()
                told = resuming.ended()
    assert told.code == Exit.OK, told.all
    assert house.git("log", "--format=%s").splitlines() == ["New price", "first"]


def test_ending_a_killed_runs_git_as_told_lets_the_next_one_go_on(house, slow):
    house.plan(PAGE, COMMIT)
    with house.sitting("apply", "plan.yaml", **slow.environ) as sitting:
        sitting.until("commit  code.commit.create  main …")
        git = slow.waits()
        with ending(git):
            sitting.signal(signal.SIGKILL)
            sitting.ended()
            subprocess.run(["kill", str(git)], check=True)
            told = house.typed("apply", "--resume", "latest")
    assert told.code == Exit.OK, told.all
    assert house.git("log", "--format=%s").splitlines() == ["New price", "first"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_twice_to_stop_takes_its_git_along(house, slow, number):
    house.plan(PAGE, COMMIT)
    with house.sitting("apply", "plan.yaml", **slow.environ) as sitting:
        sitting.until("commit  code.commit.create  main …")
        git = slow.waits()
        with ending(git):
            sitting.signal(number)
            sitting.until("Stopping after the step in flight")
            sitting.signal(number)
            assert sitting.ended().code in (Exit.INTERRUPTED, Exit.TERMINATED)
            with pytest.raises(ProcessLookupError):
                os.kill(git, 0)
            told = house.typed("apply", "--resume", "latest")
    assert told.code == Exit.OK, told.all
    assert house.git("log", "--format=%s").splitlines() == ["New price", "first"]
    assert not [record for record in house.records() if record["kind"] == "unlock"], "the lock was given back"
