"""Owners that cannot be asked: reused pids, other machines, other containers, other boots, and files that are none."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest

from agentctl.errors import Locked, Unwritable
from agentctl.store import lock, owner
from tests.crash import shim

NOW = datetime(2026, 1, 1, 2, tzinfo=UTC)
HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from agentctl.store import lock, owner
held = lock.acquire(Path(sys.argv[1]), owner.myself(run="r-inside", person="mallory", now=datetime.now(UTC)))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lock"


@pytest.fixture
def me():
    return owner.myself(run="r1", person="lead", now=NOW)


def left(path, who):
    path.write_text(json.dumps(asdict(who)))
    return who


def test_the_pid_of_a_dead_owner_now_another_living_programs_is_not_taken_for_it(path, me):
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as other:
        gone = left(path, replace(me, pid=other.pid, run="r-gone"))
        assert owner.show(path).alive is False
        with lock.acquire(path, me) as held:
            assert held.broke == gone
        other.stdin.close()


@pytest.mark.parametrize("theirs", [
    {"host": "elsewhere", "boot": "b", "machine": "m"},
    {"boot": "b", "machine": "m"},      # called the same, as containers and cloned machines are
    {"boot": "b", "machine": ""},       # which machine it was nobody knows
], ids=["another-host", "another-machine-of-that-name", "a-machine-unknown"])
def test_what_may_be_another_machines_is_not_broken_by_itself(path, me, theirs):
    left(path, replace(me, run="r-theirs", **theirs))
    assert owner.show(path).alive is None
    with pytest.raises(Locked, match="another machine") as caught:
        lock.acquire(path, me)
    assert caught.value.command == 'agentctl lock break --reason "…"'
    with lock.break_(path, me) as held:
        assert held.broke.run == "r-theirs"


def test_an_owner_of_another_container_of_this_kernel_is_dead_once_the_kernel_says_so(path, me):
    gone = left(path, replace(me, host="a-container", pids="pid:[1]", pid=7))
    assert owner.show(path).alive is None, "its processes are not ours to see"
    with lock.acquire(path, me) as held:
        assert held.broke == gone


def test_an_owner_in_a_container_of_the_same_name_is_not_told_dead_while_it_lives(path, me):
    """Its pid is no pid of ours: only the kernel's lock tells."""
    inside = subprocess.Popen(
        ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    try:
        if inside.stdout.readline() != "held\n":
            pytest.skip(f"no process namespaces here: {inside.stderr.read().strip()}")
        shown = owner.show(path)
        assert (shown.host, shown.alive) == (socket.gethostname(), None)
        with pytest.raises(Locked, match="r-inside"):
            lock.acquire(path, me)
        with pytest.raises(Locked):
            lock.break_(path, me)
        inside.send_signal(signal.SIGKILL)
        inside.wait()
        with lock.acquire(path, me, timeout=30) as held:
            assert held.broke.run == "r-inside"
    finally:
        inside.kill()
        inside.communicate()


@pytest.mark.parametrize("shift", [timedelta(days=-400), timedelta(days=400)], ids=["back", "forth"])
def test_a_clock_that_was_set_meanwhile_neither_kills_nor_revives_an_owner(path, me, shift):
    with lock.acquire(path, replace(me, since=(NOW + shift).isoformat())):
        assert owner.show(path).alive is True
        with pytest.raises(Locked):
            lock.acquire(path, me)
    gone = left(path, replace(me, since=(NOW + shift).isoformat(), started="1"))
    with lock.acquire(path, me) as held:
        assert held.broke == gone


def test_a_lock_of_before_machines_were_named_is_still_read(path, me):
    old = {name: value for name, value in asdict(me).items() if name not in ("machine", "pids")}
    path.write_text(json.dumps({**old, "boot": "before"}))
    assert owner.show(path).run == "r1"
    with pytest.raises(Locked, match="another machine"):
        lock.acquire(path, me)


def _folder(path):
    path.mkdir()


def _pipe(path):
    os.mkfifo(path)


def _endless(path):
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [_folder, _pipe, _endless])
def test_what_is_no_file_is_told_with_a_way_out_and_never_waited_for(path, me, make):
    make(path)
    with pytest.raises(Unwritable, match="could not be taken") as caught:
        lock.acquire(path, me)
    assert "remove it" in caught.value.hint
    with nullcontext() if make is not _endless else pytest.raises(Unwritable, match="cannot be read"):
        assert owner.show(path) is None


@pytest.mark.parametrize("error", ["ENOLCK", "EOPNOTSUPP"])
def test_a_file_system_without_locks_is_said_to_be_that(path, me, tmp_path, error):
    """As NFS without its lock daemon answers: from outside, by a library before the C library's."""
    source, built = tmp_path / "flock.c", tmp_path / "flock.so"
    source.write_text(f"#include <errno.h>\nint flock(int file, int how) {{ (void)file; (void)how; errno = {error}; return -1; }}\n")
    try:
        subprocess.run(["cc", "-shared", "-fPIC", "-o", built, source], check=True)
    except FileNotFoundError:
        pytest.skip(str(shim.NoShim("there is no C compiler here")))
    told = subprocess.run(
        [sys.executable, "-c", HOLD.replace("held = ", "try:\n    ").replace('print("held", flush=True)', "except Exception as error:\n    print(error.summary, error.detail, error.hint)\nsys.exit()"), path],
        env={**os.environ, "LD_PRELOAD": str(built)}, capture_output=True, text=True, check=True,
    )
    assert "The lock could not be taken" in told.stdout
    assert "Nothing was executed" in told.stdout
    assert "a file system whose locks work" in told.stdout
