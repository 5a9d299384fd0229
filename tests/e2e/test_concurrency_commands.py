"""Commands beside a run in progress: who writes waits, works, or is told who holds the workspace; who reads never fails."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest

from agentctl.errors import Exit
from agentctl.store.lock import acquire
from agentctl.store.owner import myself
from tests.e2e.house import create, update


@pytest.fixture
def running(house):
    """Yield an apply that is in the middle of its first step, and what lets the step end."""
    house.plan(update("tier"), create("after", "8"))
    with house.memory_is_busy() as over, house.sitting("apply", "plan.yaml") as sitting:
        sitting.until("tier  mem.record.update  customers/1 …")
        yield sitting, over
        over()
        told = sitting.ended()
    assert told.code == Exit.OK, told.all


def test_a_second_applier_is_told_who_holds_the_workspace_since_when_and_where(house, running):
    sitting, _ = running
    (run,) = house.runs()
    house.plan(update("other", seats=9), name="other.yaml")
    told = house.typed("apply", "other.yaml")
    assert told.code == Exit.LOCKED, told.all
    for fact in ("maria", socket.gethostname(), f"process {sitting.process.pid}", f"run {run}", f"agentctl show {run}"):
        assert fact in told.err
    assert house.memory()["customers/1"]["seats"] == 3


def test_a_second_applier_that_waits_goes_on_when_the_first_has_ended(house, running):
    _, over = running
    house.plan(update("other", seats=9), name="other.yaml")
    with house.sitting("apply", "other.yaml", "--lock-timeout", "60s") as waiting:
        over()
        told = waiting.ended()
    assert told.code == Exit.OK, told.all
    assert house.memory()["customers/1"] == {"tier": "annual", "seats": 9}


@pytest.mark.parametrize("words", [
    ("rollback", "latest"), ("apply", "--resume", "latest"), ("lock", "break", "--reason", "impatient"), ("state", "rebuild"),
    ("clock", "trust", "--reason", "it is right"),
], ids=" ".join)
def test_what_would_write_beside_a_run_is_told_so_and_writes_nothing(house, running, words):
    before = house.records()
    told = house.typed(*words)
    assert told.code in (Exit.LOCKED, Exit.USAGE), told.all
    assert told.code == Exit.LOCKED or "running" in told.err.lower(), told.all
    assert house.records() == before


def test_the_state_beside_a_run_is_what_was_known_before_it_and_says_so(house, running):
    sitting, over = running
    told = house.run("state", "list")
    assert told.code == Exit.OK, told.all
    assert f"What run {house.runs()[0]} does is not in the state yet." in told.out
    over()
    sitting.ended()
    told = house.run("state", "list")
    assert (told.code, "not in the state yet" in told.out) == (Exit.OK, False), told.all
    assert "mem/customers/1" in told.out


def test_the_state_of_a_run_whose_end_is_being_written_is_what_was_before_it_and_without_its_writer_is_behind(house):
    state = house.ours / "state.json"
    for number in (1, 2):
        before = state.read_bytes()
        house.plan(create("made", str(50 + number)))
        assert house.typed("apply", "plan.yaml").code == Exit.OK
    state.write_bytes(before)       # as it is between the last record of the run and the state that knows of it
    owner = myself(run="", person="maria", now=datetime.now(UTC))
    with acquire(house.ours / "lock", owner):
        told = house.run("state", "list")
        assert told.code == Exit.OK, told.all
        assert f"What run {house.runs()[-1]} does is not in the state yet." in told.out
        assert "mem/customers/51" in told.out
        assert "mem/customers/52" not in told.out
    left = house.run("state", "list")
    assert left.code == Exit.INTEGRITY, left.all
    assert "agentctl state rebuild" in left.err


def test_a_rollback_that_waits_undoes_what_the_run_has_done_by_then(house, running):
    _, over = running
    with house.sitting("rollback", "latest", "--lock-timeout", "60s") as waiting:
        over()
        told = waiting.ended()
    assert told.code == Exit.OK, told.all
    assert house.memory() == {"customers/1": {"tier": "monthly", "seats": 3}}


def test_gc_beside_a_run_drops_nothing_and_once_it_has_ended_does(house):
    for number in (1, 2):
        house.plan(create("made", str(50 + number)))
        assert house.typed("apply", "plan.yaml").code == Exit.OK
    stored = set((house.ours / "changesets").iterdir())
    house.plan(update("tier"))
    with house.memory_is_busy() as over, house.sitting("apply", "plan.yaml") as sitting:
        sitting.until("tier  mem.record.update  customers/1 …")
        told = house.typed("gc", "--keep", "1")
        over()
        assert sitting.ended().code == Exit.OK
    assert told.code == Exit.LOCKED, told.all
    assert stored <= set((house.ours / "changesets").iterdir())
    told = house.typed("gc", "--keep", "1")
    assert told.code == Exit.OK, told.all
    assert not stored <= set((house.ours / "changesets").iterdir())
    assert house.run("verify").code == Exit.OK


def test_a_halt_beside_a_run_stops_it_before_its_next_step(house):
    house.plan(update("tier"), create("after", "8"))
    with house.memory_is_busy() as over, house.sitting("apply", "plan.yaml") as sitting:
        sitting.until("tier  mem.record.update  customers/1 …")
        assert house.run("halt", "--all", "--reason", "it halves prices").code == Exit.OK
        over()
        told = sitting.ended()
    assert told.code == Exit.INCOMPLETE, told.all
    assert "customers/8" not in house.memory()


READER = """
import io, json, os, sys
from contextlib import redirect_stdout, redirect_stderr
from agentctl.cli.boundary import run
words = json.loads(sys.argv[1])
print("ready", flush=True)
while True:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(words)
    print(json.dumps({"code": int(code), "out": out.getvalue(), "err": err.getvalue()}), flush=True)
    if not sys.stdin.readline():
        break
"""
READERS = (
    ("show", "--format", "json"), ("show", "latest"), ("runs", "--format", "json"), ("verify",), ("state", "list"), ("approvals",),
    ("drift", "--detailed-exitcode"), ("lock", "show"), ("plan", "other.yaml"), ("verify", "--format", "json"),
)
STEPS = 120


def test_ten_readers_beside_a_run_of_many_steps_never_fail_and_see_it_grow(house):
    """Each reads over and over until the run has ended. What it saw of the run only ever grew."""
    house.plan(*(create(f"made-{number}", str(100 + number)) for number in range(STEPS)))
    house.plan(update("other", seats=9), name="other.yaml")
    assert house.typed("apply", "other.yaml").code == Exit.OK       # so that there is a run to look at from the first
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, json.dumps(words)], cwd=house.root, env=house.environ(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for words in READERS
    ]
    seen: list[list[dict]] = [[] for _ in READERS]
    ended = threading.Event()

    def follow(place, reader):
        reader.stdout.readline()
        while line := reader.stdout.readline():
            seen[place].append(json.loads(line))
            if ended.is_set():
                reader.stdin.close()
                return
            reader.stdin.write("\n")
            reader.stdin.flush()

    following = [threading.Thread(target=follow, args=(place, reader)) for place, reader in enumerate(readers)]
    for thread in following:
        thread.start()
    told = house.typed("apply", "plan.yaml")
    ended.set()
    for thread, reader in zip(following, readers, strict=True):
        thread.join()
        assert reader.wait() == 0, reader.stderr.read()
        reader.stdout.close()
        reader.stderr.close()
    assert told.code == Exit.OK, told.all
    fine = {"drift": (Exit.OK, Exit.CHANGES)}
    for words, answers in zip(READERS, seen, strict=True):
        assert answers
        for answer in answers:
            assert answer["code"] in fine.get(words[0], (Exit.OK,)), f"{' '.join(words)}: {answer}"
            assert "damaged" not in answer["out"] + answer["err"], f"{' '.join(words)}: {answer}"
    shown = [json.loads(answer["out"]) for answer in seen[0]]
    finished = [sum(step["status"] == "confirmed" for step in document["steps"]) for document in shown if len(document["steps"]) == STEPS]
    assert finished == sorted(finished)
    counted = [len(json.loads(answer["out"])["runs"]) for answer in seen[2]]
    assert counted == sorted(counted)
    assert house.run("verify").code == Exit.OK


@pytest.mark.parametrize("words", [words for words in READERS if words != ("lock", "show")], ids=" ".join)
def test_who_only_reads_holds_no_lock_that_a_writer_would_wait_for(house, words):
    """Of the workspace's files not one is locked by a reader, but those that it makes itself."""
    house.plan(update("other", seats=9), name="other.yaml")
    house.typed("apply", "other.yaml")
    watch = """
import os, sys
locked = []
def hear(event, arguments):
    if event in ("fcntl.flock", "fcntl.lockf"):
        path = os.readlink(f"/proc/self/fd/{arguments[0]}")
        if not path.endswith(".tmp"):
            locked.append(path)
sys.addaudithook(hear)
from agentctl.cli.boundary import run
code = run(sys.argv[1:])
print(code, locked, file=sys.stderr)
"""
    told = subprocess.run(
        [sys.executable, "-c", watch, *words], cwd=house.root, env=house.environ(), capture_output=True, text=True, check=True,
        stdin=subprocess.DEVNULL,
    )
    last = told.stderr.splitlines()[-1]
    assert last == "0 []", told.stderr
    assert os.path.lexists(house.ours / "lock")
