"""A trace read in signed stretches tells what it tells line by line, whatever happened in it and whatever became of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentctl.errors import Tampered
from agentctl.identity import sshsig
from agentctl.model.canonical import digest_bytes
from agentctl.model.run import RunStatus, StepStatus
from agentctl.model.told import Told
from agentctl.trace import checkpoint
from agentctl.trace.checkpoint import NAMESPACE, Checkpoint
from agentctl.trace.record import Kind, decode
from agentctl.trace.stretch import Stretches
from agentctl.workspace.history import read_history
from tests.trace.conftest import HALT, LINEAGE, SEED, Ground
from tests.trace.real_runs import run_finished, started, step_finished, step_started, write
from tests.trace.test_vouched import check, damages

_OUTCOMES = ("confirmed", "accepted", "no-op", "deviated", "failed", "refused", "in-doubt", "skipped", "held", "begun", "")
INIT = {"lineage": LINEAGE, "public_key": sshsig.public_key(SEED), "by": "ann"}


def in_stretches(ground, known=None):
    return read_history(ground.trace, Stretches(ground.checkpoints, LINEAGE, check), known)


def waiting(history):
    return {run.id for run in history.runs if isinstance(run.steps, Told)}


def sign_so_far(ground, lines=None):
    """Sign the beginning of the newest file, as its writer does now and then."""
    path = ground.files()[-1]
    whole = path.read_bytes().splitlines(keepends=True)[:lines]
    said = Checkpoint(
        lineage=LINEAGE,
        file=path.name,
        seq=decode(whole[-1][:-1]).seq,
        head=digest_bytes(whole[-1][:-1]),
        length=len(b"".join(whole)),
        time=decode(whole[-1][:-1]).time,
        digest=digest_bytes(b"".join(whole)),
        interim=True,
    )
    checkpoint.write_interim(ground.checkpoints, said, ground.places.sign, 0o600)


def tell_of(journal, step, outcome):
    """Write what tells of one step, as far as it came."""
    if not outcome:
        return
    journal.append(Kind.DECISION, {"step": step, "verdict": "allow", "mode": "", "findings": []}, sync=False)
    match outcome:
        case "held":
            needs, change = [{"what": "one approval"}], step_started(step)["change"]
            journal.append(Kind.ESCALATION, {"step": step, "needs": needs, "change": change}, sync=False)
        case "skipped":
            journal.append(Kind.STEP_SKIPPED, {"step": step, "reason": "not wanted"}, sync=False)
        case "no-op":
            journal.append(Kind.STEP_FINISHED, {"step": step, "status": "no-op", "reason": ""}, sync=False)
        case _:
            journal.append(Kind.STEP_STARTED, step_started(step), sync=False)
    match outcome:
        case "confirmed" | "accepted" | "deviated":
            journal.append(Kind.STEP_FINISHED, step_finished(step, outcome), sync=False)
        case "failed" | "refused":
            journal.append(Kind.STEP_FAILED, {"step": step, "status": outcome, "reason": "no"}, sync=False)
        case "in-doubt":
            journal.append(Kind.STEP_IN_DOUBT, {"step": step, "reason": "no reply"}, sync=False)


@st.composite
def stories(draw):
    """Runs that end or die, go on as others, are undone; answers to what was in doubt; acts between."""
    runs, told = [], []
    for number in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(("run", "run", "resume", "resume", "rollback", "resolve", "halt")))
        earlier = draw(st.sampled_from(runs)) if runs else ""
        if kind in ("resume", "rollback", "resolve") and not earlier:
            kind = "run"
        step = f"s{draw(st.integers(0, 2))}"
        if kind in ("resolve", "halt"):
            told.append((kind, f"a{number}", earlier, step))
            continue
        outcomes = draw(st.lists(st.sampled_from(_OUTCOMES), min_size=3, max_size=3))
        carried = draw(st.dictionaries(st.sampled_from(("s0", "s1")), st.sampled_from(runs), max_size=2)) if runs else {}
        end = draw(st.sampled_from(("complete", "incomplete", "dead")))
        signed = draw(st.integers(0, 7))
        told.append((kind, f"r{number}", earlier, outcomes, carried, end, signed))
        runs.append(f"r{number}")
    return told


def tell(ground, story, before_each=lambda: None):
    ground.act("init", "init-1", INIT)
    for what in story:
        before_each()
        match what:
            case ("halt", name, *_):
                ground.act("halt", name, HALT)
            case ("resolve", name, of, step):
                body = {"of": of, "step": step, "answer": "happened", "by": "ann", "status": "confirmed", "reason": "seen"}
                with ground.open("resolve", name) as journal:
                    journal.append(Kind.STEP_RESOLVED, {**body, "observed": []}, sync=True)
            case (kind, name, earlier, outcomes, carried, end, signed):
                other = {
                    "purpose": "rollback" if kind == "rollback" else "apply",
                    "undoes": earlier if kind == "rollback" else "",
                    "resumes": earlier if kind == "resume" else "",
                    "carried": {step: {"run": run} for step, run in carried.items()} if kind == "resume" else {},
                }
                with ground.open("run", name) as journal:
                    journal.append(Kind.RUN_STARTED, started(3, **other), sync=True)
                    for number, outcome in enumerate(outcomes):
                        tell_of(journal, f"s{number}", outcome)
                    if end != "dead":
                        journal.append(Kind.RUN_FINISHED, run_finished(end), sync=True)
                if end == "dead" and signed:
                    sign_so_far(ground, signed)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=stories(), order=st.randoms(use_true_random=False))
def test_whatever_happened_both_ways_tell_the_same(tmp_path_factory, story, order):
    ground = Ground(tmp_path_factory.mktemp("story"))
    tell(ground, story)
    quick, plain = in_stretches(ground), read_history(ground.trace)
    assert not plain.damage
    assert [replace(run, steps=()) for run in quick.runs] == [replace(run, steps=()) for run in plain.runs]
    for which in order.sample(range(len(plain.runs)), len(plain.runs)):     # whichever is asked for first
        assert quick.runs[which] == plain.runs[which]
    assert quick == plain


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=stories())
def test_what_was_told_before_is_told_again_as_reading_it_would(tmp_path_factory, story):
    ground = Ground(tmp_path_factory.mktemp("story"))
    known = {}
    told = []

    def look():
        history = in_stretches(ground, known)
        assert history == read_history(ground.trace)
        told.append(len(known))

    tell(ground, story, look)
    look()
    alone = {run.id for run in read_history(ground.trace).runs if run.status is RunStatus.COMPLETE and not run.resumes and not run.resumed_by}
    assert len(known) >= len(alone), "otherwise nothing was told before"


@pytest.fixture(scope="module")
def grounds(tmp_path_factory):
    """Runs and acts, a run that died and went on as another, one that goes on, half of it signed; an older copy; a fork."""
    ground = Ground(tmp_path_factory.mktemp("grounds") / "now")
    ground.act("init", "init-1", INIT)
    write(ground, "r1", 2)
    older = ground.root.with_name("older")
    shutil.copytree(ground.root, older)
    fork = Ground(ground.root.with_name("fork"))
    shutil.copytree(ground.root, fork.root, dirs_exist_ok=True)
    fork.clock.advance(seconds=9)
    for each, steps in ((ground, 2), (fork, 3)):
        each.act("halt", "h1", HALT)
        write(each, "r2", steps, ends=False)
        write(each, "r3", 1, resumes="r2", carried={"s0": {"run": "r2"}})
    write(ground, "r4", 3, ends=False)
    sign_so_far(ground, 4)
    return ground


def test_what_is_signed_waits_until_it_is_asked_for(grounds):
    history = in_stretches(grounds)
    assert waiting(history) == {"r1", "r2", "r3", "r4"}
    assert [run.status for run in history.runs] == [
        RunStatus.COMPLETE, RunStatus.ABANDONED, RunStatus.COMPLETE, RunStatus.OPEN
    ]
    assert history == read_history(grounds.trace)
    assert [step.status for step in history.runs[3].steps] == [StepStatus.CONFIRMED] * 3


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_damaged_both_ways_tell_the_same_and_where_the_damage_is(grounds, tmp_path, data):
    copy = Ground(tmp_path / "copy")
    shutil.rmtree(copy.root)
    shutil.copytree(grounds.root, copy.root)
    damages(data.draw, grounds, copy.root)
    assert in_stretches(copy) == read_history(copy.trace)


def test_nobody_but_who_has_the_key_makes_lines_wait(grounds):
    def stranger(message, armored):
        return sshsig.verify(message, armored, public_key=sshsig.public_key(bytes(32)), namespace=NAMESPACE)

    told = read_history(grounds.trace, Stretches(grounds.checkpoints, LINEAGE, stranger))
    other = read_history(grounds.trace, Stretches(grounds.checkpoints, "another", check))
    assert waiting(told) == waiting(other) == set()
    assert told == other == read_history(grounds.trace)


def test_what_changed_since_it_was_read_is_damage_and_no_crash(grounds, tmp_path):
    copy = Ground(tmp_path / "copy")
    shutil.copytree(grounds.root, copy.root, dirs_exist_ok=True)
    history = in_stretches(copy)
    path = copy.files()[1]
    path.write_bytes(path.read_bytes().replace(b"annual", b"weekly"))
    with pytest.raises(Tampered, match=f"{path.name}: it is no longer what was signed"):
        len(history.runs[0].steps)
    path.unlink()
    with pytest.raises(Tampered, match=f"{path.name}: it cannot be read"):
        len(history.runs[0].steps)
    assert history.runs[1].steps == read_history(grounds.trace).runs[1].steps


@pytest.mark.parametrize("place", ["first", "between", "last"])
def test_signed_lines_that_tell_nothing_are_damage_wherever_they_stand(ground, place):
    """Only who has the key can make them: then nobody is told that a run has steps which its trace does not tell."""
    ground.act("init", "init-1", INIT)
    with ground.open("run", "r1") as journal:
        journal.append(Kind.RUN_STARTED, {} if place == "first" else started(1), sync=True)
        journal.append(Kind.STEP_STARTED, step_started("s9" if place == "between" else "s0"), sync=True)
        journal.append(Kind.RUN_FINISHED, {} if place == "last" else run_finished(), sync=True)
    history, plain = in_stretches(ground), read_history(ground.trace)
    assert plain.damage
    if place == "between":
        with pytest.raises(Tampered, match="its body is not that of a `step_started` here"):
            len(history.runs[0].steps)
    else:
        assert history == plain


def test_lines_that_a_stranger_added_to_a_dead_run_are_never_signed_as_if_they_told(ground):
    """Who goes on signs what the dead left, and was all that ever looked at those lines."""
    ground.act("init", "init-1", INIT)
    write(ground, "r1", 2, ends=False)
    sign_so_far(ground, 3)
    path = ground.files()[-1]
    last = path.read_bytes().splitlines()[-1]
    record = {**json.loads(last), "body": {"step": "s9", "reason": "x"}, "kind": "step_skipped"}
    record |= {"prev": digest_bytes(last), "seq": record["seq"] + 1}
    path.write_bytes(path.read_bytes() + json.dumps(record, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    assert read_history(ground.trace).damage == in_stretches(ground).damage != ()
    ground.act("halt", "h1", HALT)
    assert checkpoint.decode(checkpoint.statement(ground.checkpoints, path.name)).digest == ""
    assert in_stretches(ground) == read_history(ground.trace)
    assert in_stretches(ground).damage


def test_what_a_dead_run_left_is_signed_once_it_was_told(ground):
    ground.act("init", "init-1", INIT)
    write(ground, "r1", 2, ends=False)
    sign_so_far(ground, 3)
    ground.act("halt", "h1", HALT)
    assert waiting(in_stretches(ground)) == {"r1"}
