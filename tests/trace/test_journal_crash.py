"""From outside the writing process: it dies, the disk fills, a file may not grow."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from agentctl.errors import Unwritable
from agentctl.trace.chain import Link, walk
from agentctl.trace.journal import NotRecorded
from agentctl.trace.record import Kind

WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from agentctl.trace.checkpoint import Places
from agentctl.trace.journal import Journal, NotRecorded
from agentctl.trace.record import Kind

root = Path(sys.argv[1])
places = Places(trace=root / "trace", checkpoints=root / "checkpoints", lineage="L", sign=lambda message: b"")
journal = Journal.open(places, "run", sys.argv[2], clock=lambda: datetime.now(UTC))
journal.append(Kind.RUN_STARTED, {}, sync=True)
"""

FOREVER = WRITER + """
number = 0
while True:
    number += 1
    journal.append(Kind.STEP_STARTED, {"step": str(number), "text": "x" * (number * 37 % 900)}, sync=number % 3 == 0)
    if number % 3 == 0:
        sys.stdout.write(journal.head.digest + "\\n")
        sys.stdout.flush()
"""

NO_MORE_THAN = WRITER + """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500, 1_500))
believed = []
try:
    for number in range(100):
        believed.append(journal.append(Kind.STEP_STARTED, {"step": str(number)}, sync=True).seq)
except NotRecorded as error:
    print(error.command, believed[-1])
journal.close()
"""


@pytest.mark.parametrize("seed", range(5))
def test_a_writer_killed_at_any_moment_leaves_a_readable_chain_without_half_a_record(ground, seed):
    promised = []
    for number in range(2):
        command = [sys.executable, "-c", FOREVER, str(ground.root), f"r{seed}-{number}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            lines = random.Random(seed * 2 + number).randrange(1, 60)
            promised += [writer.stdout.readline().strip() for _ in range(lines)]
            writer.send_signal(signal.SIGKILL)
            rest = writer.stdout.read().splitlines(keepends=True)
        assert writer.returncode == -signal.SIGKILL
        promised += [line.strip() for line in rest if line.endswith("\n")]

    chain = ground.scan()
    assert chain.fault is None
    assert set(promised) <= {found.digest for found in walk(ground.trace) if isinstance(found, Link)}


def test_a_writer_that_dies_at_any_line_of_its_code_loses_nothing_it_promised(tmp_path):
    program = Path(__file__).with_name("die_at_every_line.py")
    done = subprocess.run(
        [sys.executable, program, tmp_path, "1", "19"], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["deaths"] > 50


def test_a_file_that_may_not_grow_stops_the_run_with_nothing_half_believed(ground):
    done = subprocess.run(
        [sys.executable, "-c", NO_MORE_THAN, str(ground.root), "r1"], capture_output=True, text=True, check=True
    )
    *command, last = done.stdout.split()
    assert command == ["agentctl", "apply", "--resume", "r1"]
    chain = ground.scan()
    assert (chain.fault, chain.torn, chain.head.seq) == (None, None, int(last))
    assert ground.files()[0].stat().st_size <= 1_500


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def _fill(disk):
    with pytest.raises(OSError, match="No space left"), (disk / "filler").open("wb", buffering=0) as filler:
        while filler.write(b"x" * 4096):
            pass


def test_a_full_disk_stops_the_run_before_the_effect_and_the_run_can_still_say_how_it_ended(ground, small_disk):
    ground = type(ground)(small_disk)
    ground.init()
    journal = ground.begin("r1")
    _fill(small_disk)
    before = ground.scan().length
    started = partial(journal.append, Kind.STEP_STARTED, {"step": "s9", "text": "x" * 8192}, sync=True)
    with pytest.raises(NotRecorded, match="No space left") as caught:
        started()
    assert caught.value.command == "agentctl apply --resume r1"
    with pytest.raises(NotRecorded):
        started()
    assert ground.scan().length == before

    journal.append(Kind.STEP_FAILED, {"step": "s9", "reason": "x" * 8192}, sync=True)
    journal.append(Kind.RUN_FINISHED, {"status": "incomplete", "counts": {}, "reason": "full"}, sync=True)
    journal.close()
    assert ground.verify(outside=ground.head()).grade == "intact"


def test_a_full_disk_is_said_before_the_first_record(ground, small_disk):
    ground = type(ground)(small_disk)
    ground.init()
    _fill(small_disk)
    with pytest.raises(Unwritable, match="No space left"):
        ground.begin("r1")
    assert [path.name for path in ground.files()] == ["000001-init-init-1.jsonl"]
    assert ground.scan().fault is None
    (small_disk / "filler").unlink()
    ground.run("r1")
    assert ground.verify(outside=ground.head()).grade == "intact"
