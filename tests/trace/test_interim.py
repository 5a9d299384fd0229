"""The beginning of a long run is signed while the run goes on: it can be neither cut nor rewritten unnoticed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from agentctl.errors import Tampered
from agentctl.model.canonical import digest_bytes
from agentctl.trace import checkpoint
from agentctl.trace.chain import Link, walk
from agentctl.trace.checkpoint import write_interim
from agentctl.trace.journal import Journal
from agentctl.trace.record import Kind, decode, encode
from agentctl.trace.verify import Known
from tests.trace.conftest import LINEAGE, Ground
from tests.trace.test_vouched import both

NAME = "000002-run-r1.jsonl"


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """An init, and a run whose process died after 1,081 records; last signed was record 1,051."""
    ground = Ground(tmp_path_factory.mktemp("long"))
    ground.init()
    ground.begin("r1", steps=540).close()
    return ground


@pytest.fixture
def open_run(long, tmp_path):
    copy = Ground(tmp_path)
    shutil.copytree(long.root, copy.root, dirs_exist_ok=True)
    copy.clock.advance(seconds=9999)
    return copy


def interim_of(ground):
    stored = checkpoint.interim(ground.checkpoints, NAME)
    return None if stored is None else checkpoint.decode(stored[0])


def rewritten(path, change):
    """Change the records of an open file and hash every line anew, as who has no key can."""
    lines, prev = [], None
    for number, line in enumerate(path.read_bytes().splitlines()):
        record = decode(line)
        for told in change(number, record):
            lines.append(encode(replace(told, prev=prev or record.prev, seq=len(lines) + 2)))
            prev = digest_bytes(lines[-1])
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def test_a_long_run_signs_what_it_holds_so_far(long):
    said = interim_of(long)
    links = [found for found in walk(long.trace) if isinstance(found, Link)]
    (link,) = [link for link in links if link.record.seq == said.seq]
    assert (said.interim, said.file, said.lineage) == (True, NAME, LINEAGE)
    assert (said.head, said.length, said.time) == (link.digest, link.end, link.record.time)
    assert said.digest == digest_bytes((long.trace / NAME).read_bytes()[: said.length])
    assert said.seq == 1051        # the last that is synced
    assert long.verify().fault is None


def test_a_quarter_of_a_megabyte_is_signed_as_well(ground):
    ground.init()
    with ground.begin("r1", steps=1) as journal:
        for number in range(3):
            journal.append(Kind.STEP_STARTED, {"step": "s0", "x": "y" * 150_000}, sync=True)
            assert (interim_of(ground) is None) is (number == 0)


def test_it_is_signed_anew_as_the_run_goes_on_and_gone_when_it_is_closed(ground):
    heard = []
    ground.init()
    places = replace(ground.places, tell=lambda statement, signature: heard.append(checkpoint.decode(statement)))
    with Journal.open(places, "run", "r1", clock=ground.clock) as journal:
        journal.append(Kind.RUN_STARTED, {}, sync=True)
        for number in range(2200):
            journal.append(Kind.STEP_SKIPPED, {"step": f"s{number}", "reason": ""}, sync=number % 100 == 0)
        assert [said.seq for said in heard] == [*range(103, 2200, 100)]
        assert interim_of(ground) == heard[-1]
        journal.append(Kind.RUN_FINISHED, {"status": "complete", "counts": {}, "reason": ""}, sync=True)
    assert interim_of(ground) is None
    assert ground.verify().fault is None




@pytest.mark.parametrize(
    "change",
    [
        lambda number, record: [] if number == 7 else [record],
        lambda number, record: [record] if number < 20 else [],
        lambda number, record: [record] if number < 1049 else [],
        lambda number, record: [replace(record, body={"step": "s9"})] if number == 1 else [record],
        lambda number, record: [record, record] if number == 5 else [record],
    ],
    ids=["dropped", "cut", "cut just before", "changed", "doubled"],
)
def test_a_rewritten_beginning_of_an_open_run_is_found_and_nothing_is_written_after_it(open_run, change):
    rewritten(open_run.trace / NAME, change)
    assert open_run.scan().fault is None, "the chain itself is in order"
    quick, plain = both(open_run)
    assert quick == plain
    assert quick.fault.why.startswith("its interim checkpoint says it held another record 1051")
    before = (open_run.trace / NAME).read_bytes()
    with pytest.raises(Tampered, match="The trace is damaged"):
        open_run.run("r2")
    assert (open_run.trace / NAME).read_bytes() == before


def test_an_emptied_open_run_is_found(open_run):
    (open_run.trace / NAME).write_bytes(b"")
    assert open_run.verify().grade == "broken"
    with pytest.raises(Tampered):
        open_run.run("r2")


def test_what_came_after_the_signed_part_needs_a_head_from_outside(open_run):
    rewritten(open_run.trace / NAME, lambda number, record: [record] if number < 1050 else [])
    assert open_run.verify().grade == "intact, tail not witnessed"


def test_who_takes_the_statement_away_too_is_found_by_whoever_heard_it(open_run):
    """A witness was told of it while the run went on."""
    heard = Known(outside={interim_of(open_run).head: "the witness"}, within=frozenset({NAME}))
    assert both(open_run, heard)[0].witnessed == 1051
    rewritten(open_run.trace / NAME, lambda number, record: [] if number == 7 else [record])
    checkpoint.drop_interim(open_run.checkpoints, NAME)
    assert open_run.verify().fault is None
    quick, plain = both(open_run, heard)
    assert quick == plain
    assert "was cut, or is an older copy" in quick.fault.why


def test_an_abandoned_run_is_closed_and_its_interim_statement_taken_away(open_run):
    open_run.run("r2")
    assert interim_of(open_run) is None
    quick, plain = both(open_run)
    assert quick == plain
    assert quick.fault is None


def test_one_that_stays_beside_a_closed_file_is_still_checked(open_run):
    path = open_run.checkpoints / "000002-run-r1.interim"
    stored = path.read_bytes()
    open_run.run("r2")
    path.write_bytes(stored)
    assert both(open_run)[0].fault is None
    said = json.loads(stored)
    path.write_bytes(json.dumps({**said, "checkpoint": said["checkpoint"].replace("1051", "1052")}).encode())
    assert both(open_run)[0].grade == "broken"


@pytest.mark.parametrize("turned", ["into one of a closed file", "into another file's", "into nonsense"])
def test_an_interim_statement_never_passes_for_anything_else(open_run, turned):
    """The attacker cuts the file where an honest signature ends, and makes the signature speak of a closed file."""
    path = open_run.trace / NAME
    statement, signature = checkpoint.interim(open_run.checkpoints, NAME)
    path.write_bytes(path.read_bytes()[: interim_of(open_run).length])
    stem = open_run.checkpoints / "000002-run-r1"
    if turned == "into one of a closed file":
        stem.with_suffix(".json").write_bytes(statement)
        stem.with_suffix(".json.sig").write_bytes(signature)
        stem.with_suffix(".interim").unlink()
        why = "before it was closed"
    elif turned == "into another file's":
        stem.with_suffix(".interim").rename(open_run.checkpoints / "000001-init-init-1.interim")
        why = "interim checkpoint"
    else:
        stem.with_suffix(".interim").write_bytes(b"{}")
        why = "interim checkpoint"
    assert why in open_run.verify().fault.why
    if turned != "into another file's":
        with pytest.raises(Tampered):
            open_run.run("r2")


def test_one_signed_by_another_key_is_found(open_run):
    said = interim_of(open_run)
    write_interim(open_run.checkpoints, said, replace(open_run.places, sign=_by_another).sign, 0o600)
    assert "signature of its interim checkpoint" in open_run.verify().fault.why


def _by_another(message):
    from agentctl.identity import sshsig

    return sshsig.sign(message, seed=bytes(32), namespace=checkpoint.NAMESPACE)


def test_where_it_cannot_be_written_the_run_goes_on(ground):
    ground.init()
    with ground.begin("r1", steps=0) as journal:
        (ground.checkpoints / ".000002-run-r1.interim.tmp").mkdir()       # nothing of that name can be made
        for number in range(1005):
            journal.append(Kind.STEP_SKIPPED, {"step": f"s{number}", "reason": ""}, sync=number > 990)
        journal.append(Kind.RUN_FINISHED, {"status": "complete", "counts": {}, "reason": ""}, sync=True)
    assert interim_of(ground) is None
    (ground.checkpoints / ".000002-run-r1.interim.tmp").rmdir()
    assert ground.verify().fault is None
