"""scripts/verify-external knows nothing of agentctl but the documented format, and finds what agentctl finds."""

from __future__ import annotations

import itertools
import random
import shutil
import subprocess
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from agentctl.identity import sshsig
from agentctl.trace import checkpoint
from agentctl.trace.chain import Link, walk
from agentctl.trace.journal import Journal
from agentctl.trace.record import Kind

SCRIPT = Path(__file__).parents[2] / "scripts" / "verify-external"
MISSING = [tool for tool in ("bash", "jq", "sha256sum", "ssh-keygen") if shutil.which(tool) is None]

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


def check(history, *options):
    done = subprocess.run(["bash", SCRIPT, *options, history.root], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()[-1]


@pytest.fixture
def given_key(tmp_path_factory):
    path = tmp_path_factory.mktemp("key") / "lineage.pub"
    path.write_text(sshsig.public_key(bytes(range(32))))
    return str(path)


def test_a_whole_trace_is_graded_as_agentctl_grades_it(history, given_key):
    assert check(history, "--key", given_key) == (0, str(history.verify()))
    assert check(history, "--expect-head", history.head()) == (0, str(history.verify(outside=history.head())))
    older, seq = history.head(), history.scan().length
    history.run("r3")
    follow = history.scan().length - seq
    assert check(history, "--expect-head", older) == (
        0, f"intact, tail not witnessed: {follow} records follow the head that was expected"
    )


def test_a_run_that_is_going_on_is_no_damage(history):
    journal = history.begin("r9")
    try:
        assert check(history) == (0, "intact, tail not witnessed")
    finally:
        journal.close()
    with history.files()[-1].open("ab") as file:
        file.write(b'{"half":')
    assert check(history) == (0, "intact, tail not witnessed")


def test_every_line_dropped_doubled_or_moved_is_found(history):
    path = history.files()[1]
    lines = path.read_bytes().splitlines(keepends=True)
    missed = []
    for at in range(len(lines)):
        dropped, doubled = lines[:at] + lines[at + 1 :], lines[: at + 1] + lines[at:]
        moved = lines[at + 1 :] + lines[: at + 1]
        for changed in [dropped, doubled, *([moved] if moved != lines else [])]:
            path.write_bytes(b"".join(changed))
            if (history.verify().fault is not None, check(history)[0]) != (True, 1):
                missed.append((at, changed))
    assert missed == []


def test_flipped_bytes_are_found_wherever_they_are(history, given_key):
    chance = random.Random(4711)
    files = sorted([*history.trace.glob("*.jsonl"), *history.checkpoints.glob("*")])
    head = history.head()
    missed = []
    for path in itertools.chain(files, chance.choices(files, k=8)):
        whole = path.read_bytes()
        place = chance.randrange(len(whole))
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        if check(history, "--expect-head", head, "--key", given_key)[0] != 1:
            missed.append((path.name, place, bytes(damaged)))
        path.write_bytes(whole)
    assert missed == []


def test_a_digest_that_is_not_of_the_files_bytes_is_found(history, given_key):
    statement = history.checkpoints / "000002-run-r1.json"
    said = checkpoint.decode(statement.read_bytes())
    checkpoint.write(history.checkpoints, replace(said, digest="sha256:" + "0" * 64), history.places.sign, 0o600)
    assert (history.verify().fault is not None, check(history, "--key", given_key)[0]) == (True, 1)
    checkpoint.write(history.checkpoints, replace(said, digest=""), history.places.sign, 0o600)
    assert check(history, "--key", given_key) == (0, str(history.verify())), "an older agentctl's has none"


@pytest.mark.parametrize("damage", ["none", "rewritten", "cut", "another key", "of another kind", "no JSON"])
def test_the_beginning_of_an_open_run_is_checked(ground, given_key, damage):
    ground.init()
    places = replace(ground.places, sign=_by(bytes(32))) if damage == "another key" else ground.places
    with Journal.open(places, "run", "r1", clock=ground.clock) as journal:
        journal.append(Kind.RUN_STARTED, {}, sync=True)
        for _ in range(3):
            journal.append(Kind.STEP_STARTED, {"step": "s0", "x": "y" * 600_000}, sync=True)
        journal.append(Kind.STEP_SKIPPED, {"step": "s1", "reason": ""}, sync=True)
    path, interim = ground.files()[1], ground.checkpoints / "000002-run-r1.interim"
    whole = path.read_bytes().splitlines(keepends=True)
    match damage:
        case "rewritten":
            path.write_bytes(b"".join([*whole[:2], *whole[3:]]).replace(b'"seq":5', b'"seq":4').replace(b'"seq":6', b'"seq":5'))
        case "cut":
            path.write_bytes(b"".join(whole[:2]))
        case "of another kind":
            interim.write_bytes(interim.read_bytes().replace(b"Interim", b"Checkpoint"))
        case "no JSON":
            interim.write_bytes(b"{")
    code, said = check(ground, "--key", given_key)
    assert code == (0 if damage == "none" else 1)
    assert (str(ground.verify()) == said) if damage == "none" else ground.verify().fault is not None


def _by(seed):
    return partial(sshsig.sign, seed=seed, namespace=checkpoint.NAMESPACE)


def test_a_cut_tail_or_an_older_copy_is_found_given_a_head(history):
    head = history.head()
    history.files()[-1].unlink()
    assert check(history)[1].endswith("a checkpoint speaks of a file that is not there")
    for left in sorted(history.checkpoints.glob("000004*")):
        left.unlink()
    assert check(history) == (0, "intact, tail not witnessed")
    assert check(history, "--expect-head", head)[0] == 1


def test_signatures_by_another_key_are_refused(history, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "other.pub"
    other.write_text(sshsig.public_key(bytes(32)))
    assert check(history, "--key", str(other)) == (
        1, "broken at 000001-init-init-1.jsonl: the signature of its checkpoint is not by the key"
    )


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--key"], ["--key", "/nowhere", "."], ["/nowhere"]])
def test_wrong_usage_is_no_verdict(arguments):
    done = subprocess.run(["bash", SCRIPT, *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr


def test_time_may_go_back_where_a_person_set_the_clock_right_and_nowhere_else(history):
    history.clock.advance(hours=-1)
    history.act("clock", "c1", {"reason": "it was ahead"})
    history.run("r3")
    assert check(history) == (0, str(history.verify()))
    assert records_of(history)[-1].time < records_of(history)[0].time


def records_of(history):
    return [found.record for found in walk(history.trace) if isinstance(found, Link)]
