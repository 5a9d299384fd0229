from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import stat
import subprocess
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime

import pytest

from agentctl.errors import Locked, Unwritable, Usage
from agentctl.store import lock, owner

NOW = datetime(2026, 1, 1, 2, tzinfo=UTC)

HOLDER = """
import os, subprocess, sys
from datetime import UTC, datetime
from pathlib import Path
from agentctl.store import lock, owner
me = owner.myself(run="r-other", person="mallory", now=datetime(2026, 1, 1, 2, tzinfo=UTC))
held = lock.acquire(Path(sys.argv[1]), me)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lock"


@pytest.fixture
def me():
    return owner.myself(run="r1", person="lead", now=NOW)


def holder(path, then):
    """Another process that takes the lock, says so, and goes on with ``then``."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER + then, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def end(process):
    process.stdin.close()
    process.wait()
    process.stdout.close()


WAIT = "print('held', flush=True); sys.stdin.read()"


def test_the_lock_says_who_holds_it_while_it_is_held(path, me):
    with lock.acquire(path, me) as held:
        assert owner.show(path) == me
        assert me.alive is True
        assert held.broke is None
    assert owner.show(path) is None


def test_a_second_process_is_told_who_holds_it_since_when_and_by_which_run(path, me):
    other = holder(path, WAIT)
    try:
        with pytest.raises(Locked) as caught:
            lock.acquire(path, me)
    finally:
        end(other)
    assert caught.value.code == 8
    for fact in ("mallory", "2026-01-01T02:00:00+00:00", "r-other", str(other.pid)):
        assert fact in caught.value.detail
    assert caught.value.command == "agentctl show r-other"


def test_one_process_cannot_take_it_twice(path, me):
    with lock.acquire(path, me), pytest.raises(Locked):
        lock.acquire(path, me)


def test_waiting_ends_when_it_is_given_back(path, me):
    other = holder(path, "print('held', flush=True); sys.stdin.readline(); held.release(); sys.stdin.read()")
    other.stdin.write("\n")
    other.stdin.flush()
    lock.acquire(path, me, timeout=30).release()
    end(other)


def test_waiting_ends_when_its_time_is_over(path, me):
    with lock.acquire(path, me), pytest.raises(Locked):
        lock.acquire(path, me, timeout=0.06)


def test_a_killed_owner_loses_it_at_once_and_the_next_one_is_told(path, me):
    other = holder(path, WAIT)
    other.send_signal(signal.SIGKILL)
    end(other)
    assert owner.show(path).alive is False
    with lock.acquire(path, me) as held:
        assert (held.broke.run, held.broke.person, held.broke.pid) == ("r-other", "mallory", other.pid)
    with lock.acquire(path, me) as held:
        assert held.broke is None


def test_a_child_that_outlives_its_parent_does_not_hold_the_lock_on(path, me):
    """Forked without exec (``os.fork``) and with (``subprocess``): both live on when the owner is killed."""
    other = holder(
        path,
        """
sleeper = subprocess.Popen(["sleep", "60"], close_fds=False)
if (child := os.fork()) == 0:
    sys.stdin.read()
    os._exit(0)
print('held', flush=True)
print(sleeper.pid, child, flush=True)
sys.stdin.read()
""",
    )
    children = [int(word) for word in other.stdout.readline().split()]
    other.send_signal(signal.SIGKILL)
    other.wait()
    try:
        assert all(_runs(child) for child in children)
        lock.acquire(path, me, timeout=20).release()    # the child may still be on its way out of `fork`
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
        end(other)


def _runs(pid):
    os.kill(pid, 0)
    return True


def test_a_forked_childs_end_does_not_give_away_its_parents_lock(path, me):
    other = holder(
        path,
        """
if (child := os.fork()) == 0:
    held.release()
    os._exit(0)
os.waitpid(child, 0)
print('held', flush=True)
sys.stdin.read()
""",
    )
    try:
        with pytest.raises(Locked, match="mallory"):
            lock.acquire(path, me)
    finally:
        end(other)


def test_a_reused_pid_is_not_taken_for_the_owner(path, me):
    gone = replace(me, started="1", run="r-gone")
    path.write_text(json.dumps(asdict(gone)))
    assert owner.show(path).alive is False
    with lock.acquire(path, me) as held:
        assert held.broke == gone


def test_an_owner_from_before_a_reboot_is_dead(path, me):
    gone = replace(me, boot="another-boot")
    path.write_text(json.dumps(asdict(gone)))
    assert owner.show(path).alive is False
    with lock.acquire(path, me) as held:
        assert held.broke == gone


def test_an_owner_on_another_machine_keeps_it_until_a_person_breaks_it(path, me):
    theirs = replace(me, host="elsewhere", boot="another-boot", run="r-theirs")
    path.write_text(json.dumps(asdict(theirs)))
    assert owner.show(path).alive is None
    with pytest.raises(Locked, match="elsewhere") as caught:
        lock.acquire(path, me)
    assert caught.value.command == 'agentctl lock break --reason "…"'
    assert owner.show(path) == theirs
    with lock.break_(path, me) as held:
        assert held.broke == theirs
        assert owner.show(path) == me


def test_an_owner_that_lives_cannot_be_broken(path, me):
    other = holder(path, WAIT)
    try:
        with pytest.raises(Locked):
            lock.break_(path, me)
    finally:
        end(other)


def test_breaking_a_lock_nobody_holds_is_a_usage_error(path, me):
    with pytest.raises(Usage, match="not held"):
        lock.break_(path, me)
    lock.acquire(path, me).release()
    with pytest.raises(Usage, match="not held"):
        lock.break_(path, me)


@pytest.mark.parametrize("data", [b"{", b'{"run": ', b"[]", b'{"run": 1}', b"\xff", b"[" * 70_000])
def test_an_owner_that_died_while_writing_its_name_is_broken_too(path, me, data):
    path.write_bytes(data)
    with lock.acquire(path, me) as held:
        assert held.broke is not None
        assert held.broke.person == ""
        assert owner.show(path) == me


def test_a_lock_file_removed_under_a_waiter_is_not_taken_for_the_lock(path, me, monkeypatch):
    real, removed = fcntl.flock, []

    def flock(descriptor, how):
        real(descriptor, how)
        if not removed:
            path.unlink()
            removed.append(path)

    monkeypatch.setattr(fcntl, "flock", flock)
    with lock.acquire(path, me):
        assert owner.show(path) == me
        with pytest.raises(Locked):
            lock.acquire(path, me)


def test_the_lock_file_is_its_owners_only_or_its_groups(path, me):
    lock.acquire(path, me).release()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lock.acquire(path, me, mode=0o660).release()
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_a_lock_that_cannot_be_written_is_told(tmp_path, me):
    with pytest.raises(Unwritable, match="could not be taken"):
        lock.acquire(tmp_path / "absent" / "lock", me)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unwritable):
        lock.acquire(tmp_path / "link", me)


def test_releasing_twice_is_harmless(path, me):
    held = lock.acquire(path, me)
    held.release()
    with lock.acquire(path, me):
        held.release()
        assert owner.show(path) == me


def test_of_many_racing_processes_one_at_a_time_holds_it(tmp_path):
    program = HOLDER.rpartition("held =")[0] + """
place = Path(sys.argv[1])
for _ in range(20):
    with lock.acquire(place, me, timeout=60):
        counter = place.with_name("counter")
        number = int(counter.read_text())
        counter.write_text(str(number + 1))
"""
    (tmp_path / "counter").write_text("0")
    racers = [subprocess.Popen([sys.executable, "-c", program, tmp_path / "lock"]) for _ in range(4)]
    assert [racer.wait() for racer in racers] == [0] * 4
    assert (tmp_path / "counter").read_text() == "80"


def test_the_start_time_of_a_process_is_read_past_any_name():
    assert re.fullmatch(r"[0-9]+", owner._started(os.getpid()))
    assert owner._started(2**22 + 1) == ""
