"""Taking a closed file at the word of its signed checkpoint comes to what reading each of its lines comes to."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentctl.identity import sshsig
from agentctl.trace import checkpoint
from agentctl.trace.chain import Link, parse_name, walk
from agentctl.trace.checkpoint import NAMESPACE
from agentctl.trace.mend import seal
from agentctl.trace.record import Kind
from agentctl.trace.tail import tail
from agentctl.trace.verify import Known, verify, verify_lines
from agentctl.trace.vouched import Vouching
from tests.trace.conftest import LINEAGE, SEED, Ground
from tests.trace.real_runs import write

PUBLIC = sshsig.public_key(SEED)


def check(message, signature):
    return sshsig.verify(message, signature, public_key=PUBLIC, namespace=NAMESPACE)


NOTHING = Known()


def both(ground, known=NOTHING):
    """Return the verdict, and the verdict of reading every line."""
    return tuple(
        way(ground.trace, ground.checkpoints, lineage=LINEAGE, known=known, check=check) for way in (verify, verify_lines)
    )


def taken_at_its_word(ground):
    vouching = Vouching(ground.checkpoints, LINEAGE, check, frozenset())
    for _ in walk(ground.trace, vouching):
        pass
    return vouching.names


def test_closed_runs_are_taken_at_the_word_of_their_signature(history):
    assert taken_at_its_word(history) == {"000002-run-r1.jsonl", "000004-run-r2.jsonl"}
    quick, plain = both(history)
    assert quick == plain
    assert quick.fault is None


@pytest.fixture(scope="module")
def grounds(tmp_path_factory):
    """A trace with runs, acts, a run that goes on; an older copy; and another end, signed by the same key."""
    ground = Ground(tmp_path_factory.mktemp("grounds") / "now")
    ground.init()
    ground.run("r1", steps=3)
    older = ground.root.with_name("older")
    shutil.copytree(ground.root, older)
    fork = Ground(ground.root.with_name("fork"))
    shutil.copytree(ground.root, fork.root, dirs_exist_ok=True)
    fork.clock.advance(seconds=9)
    for each, steps in ((ground, 2), (fork, 3)):
        each.act("halt", "h1", {"reason": "2 a.m."})
        each.run("r2", steps=steps)
        each.run("r3", steps=1)
    ground.begin("r4", steps=1).close()
    return ground


def lines(data):
    return data.splitlines(keepends=True)


_DAMAGES = ("flip", "flip", "flip", "cut", "drop", "double", "swap", "insert", "away", "older", "fork", "other", "rename")


def damages(draw, ground, root):
    """Damage one thing in a copy of the ground at ``root``."""
    names = sorted(path.relative_to(root) for path in root.rglob("*") if path.is_file() and path.stat().st_size)
    runs = [name for name in names if name.suffix == ".jsonl" and "-run-" in name.name]
    name = draw(st.sampled_from(names) | st.sampled_from(runs or names))
    path = root / name
    data = path.read_bytes()
    place = draw(st.randoms(use_true_random=False)).randrange(len(data))      # small numbers are no likelier here
    whole = lines(data)
    line = draw(st.integers(0, len(whole) - 1))
    match draw(st.sampled_from(_DAMAGES)):
        case "flip":
            path.write_bytes(data[:place] + bytes([data[place] ^ 1 << draw(st.integers(0, 7))]) + data[place + 1 :])
        case "cut":
            path.write_bytes(data[:place])
        case "drop":
            path.write_bytes(b"".join(whole[:line] + whole[line + 1 :]))
        case "double":
            path.write_bytes(b"".join(whole[: line + 1] + whole[line:]))
        case "swap":
            path.write_bytes(b"".join(whole[line:] + whole[:line]))
        case "insert":
            path.write_bytes(data[:place] + draw(st.sampled_from((b"\n", b" ", b"\0", b"{}\n"))) + data[place:])
        case "away":
            path.unlink()
        case "older" | "fork" as which:
            for family in root.rglob(f"{name.name.partition('.')[0]}.*"):
                theirs = ground.root.with_name(which) / family.relative_to(root)
                if theirs.exists() and draw(st.booleans()):
                    shutil.copy(theirs, family)
        case "other":
            path.write_bytes((root / draw(st.sampled_from(names))).read_bytes())
        case "rename":
            path.rename(path.with_name(draw(st.sampled_from(names)).name))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_damaged_both_ways_come_to_the_same_verdict(grounds, tmp_path, data):
    copy = Ground(tmp_path / "copy")
    shutil.rmtree(copy.root)
    shutil.copytree(grounds.root, copy.root)
    for _ in range(data.draw(st.integers(1, 2))):
        damages(data.draw, grounds, copy.root)
    heads = [found.digest for found in walk(grounds.trace) if isinstance(found, Link)]
    known = data.draw(st.sets(st.sampled_from([*heads, "sha256:" + "f" * 64]), max_size=2))
    quick, plain = both(copy, Known(outside=dict.fromkeys(known, "--expect-head")))
    assert quick == plain


def test_a_head_from_outside_within_a_file_is_found_both_ways(history):
    (head,) = [found.digest for found in walk(history.trace) if isinstance(found, Link) and found.record.seq == 4]
    quick, plain = both(history, Known(outside={head: "--expect-head"}))
    assert (quick, quick.witnessed) == (plain, 4)


def test_an_older_signed_version_of_a_file_with_its_checkpoint_does_not_join_its_neighbours(grounds, tmp_path):
    copy = Ground(tmp_path / "copy")
    shutil.copytree(grounds.root, copy.root, dirs_exist_ok=True)
    for path in (grounds.root.with_name("fork")).rglob("000004-run-r2.*"):
        shutil.copy(path, copy.root / path.parent.name / path.name)
    quick, plain = both(copy)
    assert quick == plain
    assert quick.fault.why == "it does not follow the line before it (`prev` differs)"


def test_a_signature_by_another_key_vouches_for_nothing(history):
    name = "000002-run-r1.jsonl"
    statement = checkpoint.statement(history.checkpoints, name)
    path = history.checkpoints / "000002-run-r1.json.sig"
    path.write_bytes(sshsig.sign(statement, seed=bytes(32), namespace=NAMESPACE))
    assert name not in taken_at_its_word(history)
    quick, plain = both(history)
    assert quick == plain
    assert "signature" in quick.fault.why


def test_of_a_file_that_was_changed_before_it_was_closed_nobody_vouches(ground):
    """Its writer died; somebody changed a line and hashed nothing anew; the next writer closes the file."""
    ground.init()
    ground.begin("r1", steps=3).close()
    path = ground.files()[-1]
    path.write_bytes(path.read_bytes().replace(b'"step":"s1"', b'"step":"s9"'))
    ground.run("r2")
    assert checkpoint.decode(checkpoint.statement(ground.checkpoints, path.name)).digest == ""
    quick, plain = both(ground)
    assert quick == plain
    assert str(quick) == f"broken at {path.name}:5"


def test_of_a_file_that_changes_while_it_is_written_the_writer_signs_what_it_wrote(ground):
    """Not what it finds there in the end."""
    ground.init()
    with ground.begin("r1", steps=3) as journal:
        path = ground.files()[-1]
        data = path.read_bytes()
        with path.open("r+b") as file:
            file.write(data.replace(b'"step":"s1"', b'"step":"s9"'))
        journal.append(Kind.RUN_FINISHED, {"status": "complete", "counts": {}, "reason": ""}, sync=True)
    assert path.name not in taken_at_its_word(ground)
    assert str(ground.verify()) == f"broken at {path.name}:5"


def test_a_run_whose_process_died_is_vouched_for_once_all_of_it_was_checked(ground):
    ground.init()
    write(ground, "r1", 3, ends=False)
    ground.run("r2")
    assert taken_at_its_word(ground) == {"000002-run-r1.jsonl", "000003-run-r2.jsonl"}
    assert ground.verify().fault is None


def test_a_checkpoint_from_before_digests_is_as_good_line_by_line(history):
    name = "000002-run-r1.jsonl"
    end = tail(history.trace, parse_name(name))
    seal(history.places, end, "")
    assert b"digest" not in checkpoint.statement(history.checkpoints, name)
    assert name not in taken_at_its_word(history)
    assert history.verify().fault is None


def test_a_digest_that_lies_is_found(history):
    name = "000002-run-r1.jsonl"
    said = checkpoint.decode(checkpoint.statement(history.checkpoints, name))
    checkpoint.write(history.checkpoints, replace(said, digest="sha256:" + "0" * 64), history.places.sign, 0o600)
    quick, plain = both(history)
    assert quick == plain
    assert "its bytes" in quick.fault.why
