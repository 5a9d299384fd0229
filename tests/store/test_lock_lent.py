"""A program that has a part in an effect holds the lock on when whoever started it dies: nobody acts beside it."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from agentctl.errors import Locked
from agentctl.store import lock, owner
from agentctl.store.heirs import heirs

OWNER = """
import subprocess, sys
from datetime import UTC, datetime
from pathlib import Path
from agentctl.store import lock, owner
me = owner.myself(run="r-other", person="mallory", now=datetime(2026, 1, 1, 2, tzinfo=UTC))
held = lock.acquire(Path(sys.argv[1]), me)
child = subprocess.Popen(["cat"], stdin=0, stdout=subprocess.DEVNULL, pass_fds=held.lend())
"""
SAY = "print(child.pid, flush=True)\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lock"


@pytest.fixture
def me():
    return owner.myself(run="r1", person="lead", now=datetime(2026, 1, 1, 2, tzinfo=UTC))


@pytest.fixture
def start(path):
    """Return what starts an owner with a child that lives until our end of its stdin is closed; yields both pids."""
    started = []

    def start(then):
        process = subprocess.Popen([sys.executable, "-c", OWNER + then, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process, int(process.stdout.readline())

    yield start
    for process in started:
        process.stdin.close()
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(lock, "_LINGER", 0.1)


def test_a_killed_owners_child_is_named_and_nobody_gets_the_lock_until_it_ends(path, me, start):
    process, child = start(SAY + "signal = __import__('signal'); signal.pause()")
    assert heirs(path) == (), "while its owner lives the lock is its owner's"
    process.send_signal(signal.SIGKILL)
    process.wait()
    with pytest.raises(Locked) as caught:
        lock.acquire(path, me)
    assert f"`cat` (process {child})" in caught.value.detail
    assert caught.value.command == f"kill {child}"
    assert [(heir.pid, heir.name) for heir in heirs(path)] == [(child, "cat")]
    with pytest.raises(Locked):
        lock.break_(path, me)
    process.stdin.close()
    with lock.acquire(path, me, timeout=30) as held:
        assert held.broke.run == "r-other"


def test_a_dead_owners_child_that_ends_by_itself_is_waited_for_even_by_those_who_would_not_wait(path, me, start, monkeypatch):
    monkeypatch.setattr(lock, "_LINGER", 30)
    process, _ = start(SAY + "signal = __import__('signal'); signal.pause()")
    process.send_signal(signal.SIGKILL)
    process.wait()
    waited = []
    monkeypatch.setattr(lock.time, "sleep", lambda _: waited.append(process.stdin.close()))
    lock.acquire(path, me, timeout=0).release()
    assert waited


def test_what_a_finished_call_left_behind_does_not_hold_the_lock_on(path, me, start):
    start("held.recall(); held.release()\n" + SAY + "signal = __import__('signal'); signal.pause()")
    lock.acquire(path, me).release()


def test_what_an_abandoned_call_started_holds_it_beyond_its_owners_release(path, me, start):
    process, child = start("held.release()\n" + SAY)
    process.wait()
    assert owner.show(path) is None
    with pytest.raises(Locked, match=f"process {child}"):
        lock.acquire(path, me)


def test_whoever_only_waits_is_not_taken_for_one_who_holds_it(path, me, start):
    process, child = start(SAY + "signal = __import__('signal'); signal.pause()")
    process.send_signal(signal.SIGKILL)
    process.wait()
    with path.open() as waiting:
        assert waiting.fileno() > 0
        assert [heir.pid for heir in heirs(path)] == [child]
