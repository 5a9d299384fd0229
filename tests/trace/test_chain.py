"""Each rule of the chain alone: everything else about the forged line is right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentctl.model.canonical import digest_bytes
from agentctl.trace.chain import Fault, parse_name, strangers, walk
from agentctl.trace.record import GENESIS, Kind, Record, encode

FIRST = Record(
    seq=1, time="2026-01-01T12:00:00.000000Z", kind=Kind.RUN_STARTED, prev=GENESIS, run="r1", body={"intent": "x"}
)


def after(record, **change):
    follows = Record(
        seq=record.seq + 1,
        time=record.time,
        kind=Kind.DECISION,
        prev=digest_bytes(encode(record)),
        run=record.run,
        body={"step": "s"},
    )
    return replace(follows, **change)


def faults(folder, **files):
    """Write files (``run_r1=[records]``) in order and return what is wrong with the chain they form."""
    for number, (name, records) in enumerate(files.items(), start=1):
        kind, identifier = name.split("_")
        lines = b"".join(encode(record) + b"\n" for record in records)
        (folder / f"{number:06}-{kind}-{identifier}.jsonl").write_bytes(lines)
    return [(found.file[:6], found.line, found.why) for found in walk(folder) if isinstance(found, Fault)]


def test_a_right_chain_has_no_fault(tmp_path):
    second = after(FIRST)
    end = after(second, kind=Kind.RUN_FINISHED)
    act = after(end, kind=Kind.HALT, run="h1", time="2026-01-01T12:00:00.000001Z")
    assert faults(tmp_path, run_r1=[FIRST, second, end], halt_h1=[act]) == []


@pytest.mark.parametrize(
    "change, why",
    [
        ({"prev": GENESIS}, "does not follow"),
        ({"seq": 3}, "where 2 follows"),
        ({"seq": 1}, "where 2 follows"),
        ({"time": "2026-01-01T11:59:59.999999Z"}, "before the time"),
        ({"run": "r2"}, "another run"),
        ({"kind": Kind.RUN_STARTED}, "one `run_started`"),
        ({"kind": Kind.HALT}, "does not belong into a run"),
    ],
)
def test_each_rule_is_broken_alone(tmp_path, change, why):
    ((file, line, said),) = faults(tmp_path, run_r1=[FIRST, after(FIRST, **change)])
    assert (file, line) == ("000001", 2)
    assert why in said


@pytest.mark.parametrize("change", [{"prev": "sha256:" + "1" * 64}, {"seq": 2}])
def test_the_very_first_record_follows_nothing(tmp_path, change):
    assert [fault[:2] for fault in faults(tmp_path, run_r1=[replace(FIRST, **change)])] == [("000001", 1)]


def test_a_run_that_does_not_begin_with_its_start_is_a_fault(tmp_path):
    ((_, _, why),) = faults(tmp_path, run_r1=[replace(FIRST, kind=Kind.DECISION)])
    assert "begins with" in why


def test_nothing_follows_the_end_of_a_run(tmp_path):
    end = after(FIRST, kind=Kind.RUN_FINISHED)
    ((_, line, why),) = faults(tmp_path, run_r1=[FIRST, end, after(end)])
    assert (line, why) == (3, "the run had ended before it")


@pytest.mark.parametrize("kind", [Kind.RUN_STARTED, Kind.STEP_STARTED, Kind.RUN_FINISHED])
def test_what_belongs_into_a_run_is_a_fault_in_an_act(tmp_path, kind):
    ((_, _, why),) = faults(tmp_path, halt_r1=[replace(FIRST, kind=kind)])
    assert "belongs into a run" in why


@pytest.mark.parametrize("change", [{"prev": GENESIS}, {"seq": 9}, {"time": "2026-01-01T11:00:00.000000Z"}])
def test_the_rules_hold_across_files(tmp_path, change):
    act = after(FIRST, kind=Kind.HALT, run="h1")
    ((file, line, _),) = faults(tmp_path, run_r1=[FIRST], halt_h1=[replace(act, **change)])
    assert (file, line) == ("000002", 1)


def test_every_flip_in_any_line_but_the_last_breaks_the_chain_and_in_the_last_its_head(history):
    head = history.head()
    for path in history.files():
        whole = path.read_bytes()
        for place in range(len(whole)):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << place % 8
            path.write_bytes(damaged)
            chain = history.scan()
            assert chain.fault is not None or chain.head.digest != head, (path.name, place)
        path.write_bytes(whole)


@pytest.mark.parametrize(
    "name",
    ["1-run-r.jsonl", "000000-run-r.jsonl", "0000001-run-r.jsonl", "000001-run-.jsonl", "000001-run-a.b.jsonl",
     "000001-step_started-r.jsonl", "000001-run-r.json", "000001-run-r.jsonl.torn", "٠٠٠٠٠١-run-r.jsonl"],
)
def test_what_is_not_exactly_a_trace_files_name_is_none(name):
    assert parse_name(name) is None


def test_a_millionth_file_is_still_named_and_ordered():
    assert parse_name("1000000-run-r.jsonl").number == 1_000_000


def test_torn_lines_and_the_reserve_are_no_strangers(tmp_path):
    for name in ("000001-run-r.jsonl", "000001-run-r.jsonl.torn", "000001-run-r.jsonl.torn.2", ".reserve", "x.torn"):
        (tmp_path / name).touch()
    assert strangers(tmp_path) == ["x.torn"]
