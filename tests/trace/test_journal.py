from __future__ import annotations

import os
import stat
from datetime import UTC, datetime

import pytest

from agentctl.errors import Locked, Refused, Tampered, Unwritable
from agentctl.trace import checkpoint
from agentctl.trace.chain import Fault, Link, Torn, walk
from agentctl.trace.journal import NotRecorded
from agentctl.trace.record import GENESIS, Kind, decode


def records(ground):
    return [found.record for found in walk(ground.trace) if isinstance(found, Link)]


def test_records_form_one_chain_across_files(history):
    lines = b"".join(path.read_bytes() for path in history.files()).splitlines()
    assert [decode(line).seq for line in lines] == list(range(1, len(lines) + 1))
    assert decode(lines[0]).prev == GENESIS
    chain = history.scan()
    assert (chain.fault, chain.torn, chain.length, chain.files) == (None, None, len(lines), 4)
    assert chain.head.seq == len(lines)


def test_files_are_numbered_in_order_and_named_by_kind_and_id(history):
    assert [path.name for path in history.files()] == [
        "000001-init-init-1.jsonl", "000002-run-r1.jsonl", "000003-halt-h1.jsonl", "000004-run-r2.jsonl",
    ]


def test_trace_files_are_for_their_owner_only_whatever_the_umask(ground):
    before = os.umask(0)
    try:
        ground.init()
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in [*ground.trace.iterdir(), *ground.checkpoints.iterdir()]}
    assert modes == {0o600}


def test_a_journal_without_a_record_leaves_nothing(ground):
    ground.open("run", "r1").close()
    assert list(ground.trace.iterdir()) == []


def test_a_returned_record_is_in_the_file(ground):
    journal = ground.open("run", "r1")
    record = journal.append(Kind.RUN_STARTED, {"intent": "x"}, sync=True)
    assert records(ground) == [record]
    journal.close()


def test_one_sync_covers_the_records_before_it(ground, monkeypatch):
    syncs = []
    real = os.fdatasync
    monkeypatch.setattr("agentctl.trace.lines._sync_data", lambda fd: (syncs.append(fd), real(fd)))
    ground.begin("r1", steps=5).close()
    assert len(syncs) == 6      # the start, then one per step that serves the finish of the step before


def test_time_never_goes_back(ground):
    ground.clock.advance(seconds=90)
    ground.init()
    ground.clock.advance(seconds=-60)
    ground.run("r1")
    times = [record.time for record in records(ground)]
    assert times == sorted(times)
    assert ground.scan().fault is None


def test_a_run_refuses_to_start_under_a_clock_far_behind_but_an_act_does_not(ground):
    ground.init()
    ground.clock.advance(hours=-1)
    with pytest.raises(Refused, match="clock is behind"):
        ground.open("run", "r1")
    ground.act("halt", "h1", {"reason": "clock"})
    assert ground.scan().fault is None


def test_closing_signs_head_and_length(history):
    last = history.files()[-1]
    statement = checkpoint.statement(history.checkpoints, last.name)
    said = checkpoint.decode(statement)
    assert (said.head, said.length) == (history.head(), last.stat().st_size)
    assert checkpoint.signature(history.checkpoints, last.name).startswith(b"-----BEGIN SSH SIGNATURE-----")


def test_an_unfinished_run_is_not_closed_by_its_own_end(ground):
    ground.begin("r1").close()
    assert list(ground.checkpoints.iterdir()) == []


def test_the_next_writer_closes_an_abandoned_run_and_signs_it(ground):
    ground.begin("r1").close()
    ground.run("r2")
    ends = [(record.run, record.body["status"]) for record in records(ground) if record.kind is Kind.RUN_FINISHED]
    assert ends == [("r1", "abandoned"), ("r2", "complete")]
    assert ground.verify(outside=ground.head()).grade == "intact"


@pytest.mark.parametrize("cut", [1, 10, 150])
def test_a_torn_line_is_put_aside_and_the_next_record_says_so(ground, cut):
    ground.begin("r1").close()
    (path,) = ground.files()
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    torn = whole[:-cut].rpartition(b"\n")[2]

    assert isinstance(list(walk(ground.trace))[-1], Torn)
    ground.run("r2")

    aside = ground.trace / f"{path.name}.torn"
    assert aside.read_bytes() == torn
    (note,) = [record.body["torn"] for record in records(ground) if "torn" in record.body]
    assert (note["file"], note["bytes"]) == (aside.name, len(torn))
    assert ground.scan().fault is None
    assert ground.scan().torn is None


def test_a_run_torn_in_its_very_first_line_never_was(history):
    (history.trace / "000005-run-r9.jsonl").write_bytes(b'{"body":')
    history.run("r3")
    assert [path.name for path in history.files()][-1] == "000005-run-r3.jsonl"
    assert (history.trace / "000005-run-r9.jsonl.torn").read_bytes() == b'{"body":'
    assert history.scan().fault is None
    first = next(record for record in records(history) if record.run == "r3")
    assert first.body["torn"]["bytes"] == 8


def test_what_stands_after_the_end_of_a_run_is_put_aside_before_it_is_signed(history):
    newest = history.files()[-1]
    for suffix in (".json", ".json.sig"):
        (history.checkpoints / f"{newest.stem}{suffix}").unlink()
    newest.write_bytes(newest.read_bytes() + b"half a li")
    history.run("r3")
    assert newest.with_name(newest.name + ".torn").read_bytes() == b"half a li"
    assert [record.body["torn"]["bytes"] for record in records(history) if "torn" in record.body] == [9]
    assert history.verify(outside=history.head()).grade == "intact"


def test_an_empty_newest_file_is_taken_away(history):
    (history.trace / "000005-run-r9.jsonl").touch()
    assert history.scan().fault is None
    history.run("r3")
    assert history.verify(outside=history.head()).grade == "intact"


def test_a_checkpoint_lost_in_a_crash_is_made_by_the_next_writer(history):
    newest = history.files()[-1].stem
    (history.checkpoints / f"{newest}.json.sig").unlink()
    history.run("r3")
    (history.checkpoints / f"{history.files()[-1].stem}.json").unlink()
    (history.checkpoints / f"{history.files()[-1].stem}.json.sig").unlink()
    history.run("r4")
    assert history.verify(outside=history.head()).grade == "intact"


def _edit(path):
    path.write_bytes(path.read_bytes().replace(b"2 a.m.", b"3 a.m.").replace(b"complete", b"c0mplete"))


def _grow(path):
    path.write_bytes(path.read_bytes() + b'{"more')


def _empty(path):
    path.write_bytes(b"")


def _cut_a_line(path):
    path.write_bytes(path.read_bytes().rpartition(b"\n")[0].rpartition(b"\n")[0] + b"\n")


def _remove(path):
    path.unlink()


@pytest.mark.parametrize("damage", [_edit, _grow, _empty, _cut_a_line, _remove])
def test_nothing_is_written_after_a_damaged_end(history, damage):
    damage(history.files()[-1])
    before = {path.name: path.read_bytes() for path in history.trace.iterdir()}
    with pytest.raises(Tampered, match="The trace is damaged") as caught:
        history.run("r3")
    assert caught.value.command == "agentctl verify"
    assert {path.name: path.read_bytes() for path in history.trace.iterdir()} == before


def test_two_writers_never_write_at_once(ground):
    ground.init()
    journal = ground.begin("r1")
    with pytest.raises(Locked):
        ground.open("run", "r2")
    journal.append(Kind.RUN_FINISHED, {"status": "complete", "counts": {}, "reason": ""}, sync=True)
    journal.close()
    assert ground.scan().fault is None


def test_an_id_is_used_once(history):
    with pytest.raises(ValueError, match="taken"):
        history.open("run", "r1")


@pytest.mark.parametrize("kind, identifier", [("run", "../r"), ("run", ""), ("run", ".x"), ("forgery", "r1"), ("", "r")])
def test_a_name_that_is_no_trace_files_is_not_opened(ground, kind, identifier):
    with pytest.raises(ValueError, match="names no trace file"):
        ground.open(kind, identifier)


def test_a_record_out_of_place_is_never_written(ground):
    journal = ground.open("run", "r1")
    with pytest.raises(ValueError):
        journal.append(Kind.DECISION, {}, sync=True)
    journal.append(Kind.RUN_STARTED, {}, sync=True)
    for wrong in (Kind.RUN_STARTED, Kind.HALT):
        with pytest.raises(ValueError):
            journal.append(wrong, {}, sync=True)
    journal.append(Kind.RUN_FINISHED, {"status": "complete"}, sync=True)
    with pytest.raises(ValueError):
        journal.append(Kind.DECISION, {}, sync=True)
    journal.close()
    with pytest.raises(ValueError):
        journal.append(Kind.DECISION, {}, sync=True)
    assert [record.kind for record in records(ground)] == [Kind.RUN_STARTED, Kind.RUN_FINISHED]


def test_a_foreign_line_written_during_a_run_stops_it(ground):
    journal = ground.begin("r1")
    (path,) = ground.files()
    path.write_bytes(path.read_bytes() + b"smuggled\n")
    with pytest.raises(Exception, match="somebody else wrote"):
        journal.append(Kind.STEP_STARTED, {"step": "s9"}, sync=True)
    journal.close()


def test_an_interrupt_between_write_and_note_leaves_no_record_behind(ground):
    journal = ground.begin("r1", steps=1)
    lines = journal._lines
    lines.append(b'{"what the caller never learned of":1}', at=lines.size, last_words=False)
    journal.append(Kind.STEP_STARTED, {"step": "s9"}, sync=True)
    journal.close()
    assert ground.scan().fault is None
    assert records(ground)[-1].body == {"step": "s9"}


def test_after_a_failed_sync_nothing_more_is_written_and_nothing_is_signed(ground, monkeypatch):
    ground.init()
    journal = ground.begin("r1")

    def broken_disk(descriptor):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("agentctl.trace.lines._sync_data", broken_disk)
    with pytest.raises(NotRecorded, match="Input/output error"):
        journal.append(Kind.STEP_STARTED, {"step": "s9"}, sync=True)
    monkeypatch.undo()
    with pytest.raises(NotRecorded):
        journal.append(Kind.RUN_FINISHED, {"status": "complete", "counts": {}, "reason": ""}, sync=True)
    assert journal.close() is None
    assert len(list(ground.checkpoints.glob("*.json"))) == 1
    ground.run("r2")        # the next writer finds the record, if it is there, and closes the run
    assert ground.verify(outside=ground.head()).grade == "intact"


def test_a_run_whose_first_record_cannot_be_synced_never_began(ground, monkeypatch):
    ground.init()

    def broken_disk(descriptor):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("agentctl.trace.lines._sync_data", broken_disk)
    with pytest.raises(Unwritable, match="Nothing was executed"), ground.open("run", "r1") as journal:
        journal.append(Kind.RUN_STARTED, {}, sync=True)


def test_what_a_dead_writer_left_beside_the_trace_is_no_hindrance(ground):
    ground.begin("r1").close()
    (ground.trace / ".reserve").write_bytes(b"x")
    (ground.checkpoints / ".000001-run-r1.json.tmp").write_bytes(b"half")
    ground.run("r2")
    assert ground.verify(outside=ground.head()).grade == "intact"
    assert not (ground.trace / ".reserve").exists()


def test_a_file_name_that_is_no_text_is_a_fault_that_can_be_printed(history):
    (history.trace / os.fsdecode(b"\xff.jsonl")).touch()
    (fault,) = [found for found in walk(history.trace) if isinstance(found, Fault)]
    assert str(fault) == "\\xff.jsonl"


def test_reading_goes_on_after_a_damaged_run(history):
    first = history.files()[1]
    lines = first.read_bytes().splitlines(keepends=True)
    first.write_bytes(b"".join([*lines[:2], b"{}\n", *lines[3:]]))
    found = list(walk(history.trace))
    faults = [item for item in found if isinstance(item, Fault)]
    assert [(fault.file, fault.line) for fault in faults] == [(first.name, 3)]
    assert [item.record.run for item in found if isinstance(item, Link)] == [
        "init-1", "r1", "r1", "h1", "r2", "r2", "r2", "r2",
    ]


def test_a_reader_sees_a_running_run_without_a_fault(ground):
    ground.init()
    journal = ground.begin("r1")
    assert ground.scan().fault is None
    verdict = ground.verify()
    assert verdict.grade == "intact, tail not witnessed"
    assert any("not closed yet" in note for note in verdict.notes)
    journal.close()


def test_microseconds_are_always_written(ground):
    assert ground.clock() == datetime(2026, 1, 1, 12, tzinfo=UTC)
    ground.init()
    assert records(ground)[0].time == "2026-01-01T12:00:00.000000Z"
