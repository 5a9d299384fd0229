"""Heads kept outside the workspace, by real runs: what makes a cut tail and an older copy show."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentctl.errors import Exit
from agentctl.model.canonical import canonical, digest_bytes
from tests.e2e.house import House, create, update


@pytest.fixture(params=["git", "file"])
def watched(request, house: House) -> House:
    elsewhere = house.root.parent / "elsewhere"
    if request.param == "git":
        for words in (("init", "-q", "--bare", elsewhere), ("init", "-q", house.root)):
            subprocess.run(["git", *words], check=True)
        house.change("agentctl.yaml", lambda wire: wire.update(witness={"git": str(elsewhere)}))
    else:
        house.change("agentctl.yaml", lambda wire: wire.update(witness={"file": str(elsewhere)}))
    return house


def applied(house: House, *steps):
    house.plan(*steps)
    told = house.typed("apply", "plan.yaml")
    assert told.code == Exit.OK, told.all


def test_every_run_and_act_is_witnessed_and_the_grade_is_intact(watched: House):
    applied(watched, update("tier"))
    assert watched.run("halt", "--all", "--reason", "to see").code == Exit.OK
    told = watched.run("verify", "--witness", "--strict")
    assert (told.code, told.out.splitlines()[0]) == (Exit.OK, "intact")
    assert watched.run("verify", "--strict").code == Exit.INTEGRITY, "without asking, nobody knows"


def test_an_older_copy_of_everything_local_is_found(watched: House):
    applied(watched, update("tier"))
    shutil.copytree(watched.ours, watched.root.parent / "older")
    applied(watched, create("client", "7"))
    shutil.rmtree(watched.ours)
    (watched.root.parent / "older").rename(watched.ours)
    assert watched.run("verify").code == Exit.OK, "nothing inside can tell"
    told = watched.run("verify", "--witness")
    assert told.code == Exit.INTEGRITY
    assert "broken at" in told.out
    assert "the trace was cut, or is an older copy" in " ".join(told.out.split())


def test_a_witness_that_is_away_is_told_of_and_stops_nothing(watched: House):
    elsewhere, away = watched.root.parent / "elsewhere", watched.root.parent / "away"
    applied(watched, update("tier"))
    elsewhere.rename(away)
    elsewhere.symlink_to("/nonexistent/place")
    watched.plan(create("client", "7"))
    told = watched.typed("apply", "plan.yaml")
    assert told.code == Exit.OK
    assert "warning: The witness" in told.err
    assert watched.run("verify", "--witness").code == Exit.UNREACHABLE
    elsewhere.unlink()
    away.rename(elsewhere)
    assert watched.run("verify", "--witness", "--strict").code == Exit.INTEGRITY, "what it missed it missed"
    applied(watched, create("other", "8"))
    assert watched.run("verify", "--witness", "--strict").code == Exit.OK, "the next run brought its head along"


def test_of_a_long_run_that_dies_the_beginning_is_with_the_witness(house: House):
    """Who has all files and no key rewrites its beginning, and takes away what was signed of it."""
    elsewhere = house.root.parent / "heads"
    house.change("agentctl.yaml", lambda wire: wire.update(witness={"file": str(elsewhere)}))
    house.plan(*(create(f"c{number}", str(1000 + number)) | {"needs": []} for number in range(450)))
    with house.sitting("apply", "plan.yaml", answers=("yes",)) as run:
        number = 320
        while not (elsewhere.exists() and b"Interim" in elsewhere.read_bytes()):
            run.until(f"c{number} ")
            number += 10
        run.process.kill()
        run.ended()
    (path,) = house.ours.glob("trace/*-run-*.jsonl")
    (interim,) = house.ours.glob("checkpoints/*.interim")
    assert house.run("verify", "--witness").code == Exit.OK
    rewrite(path, lambda record: record["body"].update(intent="Harmless."))
    told = house.run("verify")
    assert (told.code, "its interim checkpoint says" in " ".join(told.out.split())) == (Exit.INTEGRITY, True)
    interim.unlink()
    assert house.run("verify").code == Exit.OK, "nothing inside can tell"
    told = house.run("verify", "--witness")
    assert (told.code, "the trace was cut, or is an older copy" in " ".join(told.out.split())) == (Exit.INTEGRITY, True)


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the first record of a file and hash the lines after it anew."""
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    change(lines[0])
    for before, after in itertools.pairwise(lines):
        after["prev"] = digest_bytes(canonical(before))
    path.write_bytes(b"".join(canonical(line) + b"\n" for line in lines))


def test_a_head_that_our_key_did_not_sign_does_not_count(house: House):
    elsewhere = house.root.parent / "heads"
    house.change("agentctl.yaml", lambda wire: wire.update(witness={"file": str(elsewhere)}))
    applied(house, update("tier"))
    elsewhere.write_text(elsewhere.read_text().replace("sha256:", "sha256:0"))
    told = house.run("verify", "--witness")
    assert told.code == Exit.OK
    assert told.out.startswith("intact, tail not witnessed")
    assert "holds 1 heads that are not signed by this workspace's key" in told.out
