"""A full disk stops the run before the effect, and the recovery command it prints works."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash import shim

ROOMS = [0, 512 << 10, *((1 << 20) + (pages << 12) for pages in range(2, 12))]     # a megabyte is held back for last words


def test_on_a_disk_that_is_really_full_the_run_stops_before_the_effect_and_the_command_it_prints_works(tmp_path):
    try:
        built = shim.build(tmp_path)
    except shim.NoShim as error:
        pytest.skip(str(error))
    disk = tmp_path / "disk"
    disk.mkdir()
    unshare = shutil.which("unshare")
    mounting = [unshare or "unshare", "-Urm", "mount", "-t", "tmpfs", "tmpfs", str(disk)]
    if unshare is None or subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("nobody but root may mount a small file system here")
    done = subprocess.run(
        [unshare, "-Urm", sys.executable, "-m", "tests.crash.small_disk", str(disk), str(built), *map(str, ROOMS)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}, capture_output=True, text=True, check=False, timeout=900,
    )
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["room"] for one in told] == ROOMS
    assert not any(one["wrong"] for one in told), "\n".join(one["wrong"] for one in told)
    assert {one["code"] for one in told} == {0, 7, 10}      # it was tried before, during and after the first effect
