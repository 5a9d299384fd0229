from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from agentctl.model.canonical import digest_bytes
from agentctl.trace import checkpoint
from agentctl.trace.chain import parse_name, walk
from agentctl.trace.mend import seal
from agentctl.trace.record import Kind, decode, encode
from agentctl.trace.tail import tail
from agentctl.trace.verify import Known, verify


def test_a_trace_nobody_outside_has_seen_is_never_plainly_intact(history):
    verdict = history.verify(inside=history.head())
    assert (verdict.grade, str(verdict)) == ("intact, tail not witnessed", "intact, tail not witnessed")
    assert verdict.records == history.scan().length
    assert verdict.files == 4


def test_a_head_from_outside_makes_it_intact(history):
    verdict = history.verify(outside=history.head())
    assert (verdict.grade, verdict.fault, verdict.witnessed) == ("intact", None, verdict.records)


def test_an_older_head_from_outside_witnesses_only_up_to_itself(history):
    older = history.head()
    seq = history.scan().length
    history.run("r3")
    verdict = history.verify(outside=older)
    assert (verdict.grade, verdict.witnessed) == ("intact, tail not witnessed", seq)


def everything(ground):
    return sorted([*ground.trace.iterdir(), *ground.checkpoints.iterdir()])


def test_a_flip_of_any_bit_of_any_byte_of_a_closed_trace_is_found(ground):
    ground.init()
    ground.act("halt", "h1", {"reason": "é"})
    head = ground.head()
    missed = []
    for path in everything(ground):
        whole = path.read_bytes()
        for place in range(len(whole)):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << (place % 8)
            path.write_bytes(damaged)
            if ground.verify(outside=head).grade != "broken":
                missed.append((path.name, place))
        path.write_bytes(whole)
    assert missed == []
    assert ground.verify(outside=head).grade == "intact"


def _lines(path):
    return path.read_bytes().splitlines(keepends=True)


def _drop(lines, at):
    return lines[:at] + lines[at + 1 :]


def _double(lines, at):
    return lines[: at + 1] + lines[at:]


def _swap(lines, at):
    other = (at + 1) % len(lines)
    lines = list(lines)
    lines[at], lines[other] = lines[other], lines[at]
    return lines


def _blank(lines, at):
    return [*lines[:at], b"\n", *lines[at:]]


def _truncate(lines, at):
    return [*lines[:at], lines[at][: len(lines[at]) // 2]]


@pytest.mark.parametrize("damage", [_drop, _double, _swap, _blank, _truncate])
def test_every_dropped_doubled_swapped_added_or_cut_line_is_found_and_placed(history, damage):
    for path in history.files():
        whole = _lines(path)
        for at in range(len(whole)):
            if damage is _swap and len(whole) == 1:
                continue
            path.write_bytes(b"".join(damage(whole, at)))
            verdict = history.verify()
            assert verdict.grade == "broken", (path.name, at)
            assert str(verdict).startswith("broken at 0")
        path.write_bytes(b"".join(whole))
    assert history.verify().fault is None


def test_every_missing_file_is_found(history):
    for path in everything(history):
        aside = history.root / "aside"
        path.rename(aside)
        verdict = history.verify()
        newest_signature = path.name == f"{history.files()[-1].stem}.json.sig"
        newest_statement = path.name == f"{history.files()[-1].stem}.json"
        if newest_signature:        # as after a crash between the two: said, and mended by the next writer
            assert any("not signed yet" in note for note in verdict.notes)
        elif newest_statement:      # its signature still speaks of the file
            assert verdict.fault is not None or any("not closed" in note for note in verdict.notes)
        else:
            assert verdict.grade == "broken", path.name
        aside.rename(path)


@pytest.mark.parametrize(
    "name, why",
    [
        ("000005-run-r9.jsonl.json.jsonl", "not named like"),
        ("5-run-r9.jsonl", "not named like"),
        ("000002-halt-x.jsonl", "two files"),
        ("000009-run-r9.jsonl", "missing"),
        ("000005-forgery-r9.jsonl", "not named like"),
    ],
)
def test_an_added_file_is_found(history, name, why):
    (history.trace / name).write_bytes(b"")
    verdict = history.verify()
    assert verdict.grade == "broken"
    assert why in verdict.fault.why


def test_a_link_in_place_of_a_trace_file_is_found(history):
    path = history.files()[0]
    path.rename(history.root / "elsewhere.jsonl")
    path.symlink_to(history.root / "elsewhere.jsonl")
    assert history.verify().grade == "broken"


def test_a_stranger_in_the_folder_is_named(history):
    (history.trace / "notes.txt").write_text("x")
    assert "notes.txt is not part of the trace" in history.verify().notes


def test_a_cut_tail_is_found_by_any_head_from_outside(history):
    head = history.head()
    for path in sorted(history.files(), reverse=True)[:2]:
        path.unlink()
        for suffix in (".json", ".json.sig"):
            (history.checkpoints / f"{path.stem}{suffix}").unlink()
        assert history.verify().fault is None      # nothing local can tell
        verdict = history.verify(outside=head)
        assert verdict.grade == "broken"
        assert "cut" in verdict.fault.why


def test_a_cut_tail_is_found_by_the_head_the_state_kept(history):
    head = history.head()
    path = history.files()[-1]
    path.unlink()
    for suffix in (".json", ".json.sig"):
        (history.checkpoints / f"{path.stem}{suffix}").unlink()
    assert history.verify(inside=head).grade == "broken"


def test_an_older_copy_of_everything_is_found_by_a_head_from_outside(history, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(history.trace, copy / "trace")
    shutil.copytree(history.checkpoints, copy / "checkpoints")
    history.run("r3")
    head = history.head()
    for folder in ("trace", "checkpoints"):
        shutil.rmtree(history.root / folder)
        shutil.copytree(copy / folder, history.root / folder)
    assert history.verify().grade == "intact, tail not witnessed"
    assert history.verify(outside=head).grade == "broken"


def test_a_rewritten_history_needs_the_key(history):
    """Change one word and hash everything anew, checkpoints included: only the signatures can't be made."""
    prev, rewritten = None, {}
    for path in history.files():
        lines = []
        for line in path.read_bytes().splitlines():
            record = decode(line)
            fields = {"prev": prev or record.prev, "body": record.body}
            if record.body.get("reason") == "2 a.m.":
                fields["body"] = {"reason": "noon"}
            line = encode(type(record)(seq=record.seq, time=record.time, kind=record.kind, run=record.run, **fields))
            prev = digest_bytes(line)
            lines.append(line + b"\n")
        rewritten[path] = b"".join(lines)
    for path, data in rewritten.items():
        path.write_bytes(data)
        statement = history.checkpoints / f"{path.stem}.json"
        said = checkpoint.decode(statement.read_bytes())
        forged = checkpoint.Checkpoint(
            lineage=said.lineage, file=said.file, seq=said.seq, time=said.time,
            head=digest_bytes(data.splitlines()[-1]), length=len(data),
        )
        statement.write_bytes(checkpoint.encode(forged))
    assert history.scan().fault is None
    verdict = history.verify()
    assert verdict.grade == "broken"
    assert "signature" in verdict.fault.why


def test_checkpoints_of_another_lineage_do_not_pass(history):
    known = Known()
    verdict = verify(history.trace, history.checkpoints, lineage="another", known=known, check=None)
    assert verdict.grade == "broken"
    assert "lineage" in verdict.fault.why


def test_without_a_public_key_it_says_that_signatures_were_not_checked(history):
    verdict = verify(history.trace, history.checkpoints, lineage="3b1f0c9a", known=Known(), check=None)
    assert verdict.fault is None
    assert any("signatures were not checked" in note for note in verdict.notes)


def test_no_trace_at_all_is_broken_not_intact(ground):
    assert ground.verify().grade == "broken"


def test_a_run_that_ends_while_it_is_verified_is_no_fault(history, monkeypatch):
    journal = history.begin("r3")

    def walk_and_then_it_ends(folder, read):
        yield from walk(folder, read)
        journal.append(Kind.RUN_FINISHED, {"status": "complete", "counts": {}, "reason": ""}, sync=True)
        journal.close()

    monkeypatch.setattr("agentctl.trace.verify.walk", walk_and_then_it_ends)
    assert history.verify().fault is None


def test_a_signed_checkpoint_of_another_file_does_not_pass(history):
    path = history.files()[-1]
    statement = history.checkpoints / f"{path.stem}.json"
    said = replace(checkpoint.decode(statement.read_bytes()), file="000009-run-r9.jsonl")
    checkpoint.write(history.checkpoints, said, history.places.sign, 0o600)
    for suffix in (".json", ".json.sig"):
        (history.checkpoints / f"000009-run-r9{suffix}").rename(history.checkpoints / f"{path.stem}{suffix}")
    assert "speaks of 000009-run-r9.jsonl" in history.verify().fault.why


def test_a_run_without_an_end_before_other_files_is_a_fault(history):
    history.begin("r3").close()
    file = parse_name(history.files()[-1].name)
    seal(history.places, tail(history.trace, file), "")
    history.run("r4")
    assert "has no end" in history.verify().fault.why


def test_memory_does_not_grow_with_the_length_of_the_trace(ground):
    import tracemalloc

    from agentctl.trace.chain import scan

    def peak():
        tracemalloc.start()
        assert scan(ground.trace).fault is None
        _, top = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return top

    ground.run("r1", steps=100)
    peak()
    short = peak()
    ground.run("r2", steps=1500)
    assert peak() < short * 2 + 100_000
