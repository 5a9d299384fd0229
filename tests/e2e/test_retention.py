"""Retention: what goes is said, consented to and recorded first; what anything unfinished needs stays; holds hold."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentctl.engine.rollback import Selection
from agentctl.errors import Exit, Invalid, Tampered, Usage
from agentctl.model.retention import EVER, Lasting, Newest, Retention, cutoff, keep_from_wire, lost
from agentctl.model.run import History, LeftStatus, RunStatus
from agentctl.workspace import preserving, retaining
from agentctl.workspace.previewing import preview_rollback
from agentctl.workspace.projecting import load_state, rebuild
from agentctl.workspace.verifying import verify
from tests.e2e.house import PERSON, House, build, create, step, update
from tests.promises.inside import apply, opened, rollback

LONG = "n" * 2000       # over what a line of the trace may hold in clear
NEWEST = Retention(packs=Newest(1), changesets=Newest(1))


@pytest.fixture(autouse=True)
def _on_call(monkeypatch):
    monkeypatch.setenv("LOGNAME", PERSON)


def note(id: str = "note", letter: str = "n", key: str = "1"):
    return step(id, "mem.record.update", f"customers/{key}", {"notes": letter * 2000})


def gc(house: House, kept: Retention = NEWEST):
    """Drop what ``kept`` lets go; return what was shown before."""
    with opened(house) as workspace:
        found = retaining.survey(workspace, kept)
        if found.files:
            done = retaining.drop(workspace, kept, found, "yes", 0.0)
            assert done.stayed == ()
        return found


def packs(house: House) -> set[str]:
    return {path.name for path in (house.ours / "packs").iterdir()}


def unreadable(house: House, run: str) -> set[str]:
    with opened(house) as workspace:
        undoing = preview_rollback(workspace, workspace.run(run), Selection())
    return {step for step, left in undoing.left.items() if left.status is LeftStatus.UNREADABLE}


@pytest.fixture
def aged(house: House) -> House:
    """Return a workspace with a run whose undoing needs its pack, one whose does not, and a newer one."""
    apply(house, [note(letter="a"), update("tier", "1"), create("client", "7", name="Barbara")])
    apply(house, [note(letter="b"), update("seats", "1", seats=9)])
    apply(house, [update("last", "7", name="B.")])
    return house


def test_what_goes_and_what_it_costs_is_said_and_asked_for_before_anything_is_dropped(aged: House):
    before, runs = packs(aged), aged.runs()
    shown = aged.run("gc", "--keep", "1", "--dry-run")
    assert shown.code == Exit.OK
    assert "! 1 of 2 steps can be undone no more  note" in shown.out
    assert "1 step that can be undone today can never be undone again." in shown.out
    told = aged.run("gc", "--keep", "1")
    assert told.code == Exit.CONSENT
    assert told.err.endswith("run on a terminal:\n      agentctl gc --keep 1\n"), told.err
    assert aged.typed("gc", "--keep", "1", answers=("no",)).code == Exit.CONSENT
    assert aged.typed("gc", "--keep", "1", answers=("yes", "yes")).code == Exit.CONSENT
    assert packs(aged) == before
    assert not list((aged.ours / "trace").glob("*-gc-*"))
    done = aged.typed("gc", "--keep", "1", answers=("yes", "drop 1"))
    assert done.code == Exit.OK, done.all
    assert not set(runs[:2]) & packs(aged)
    assert aged.run("gc", "--keep", "1").out.endswith("Nothing is old enough to be dropped.\n")


def test_a_document_says_the_same_as_the_screen(aged: House):
    document = aged.run("gc", "--keep", "1", "--dry-run", "--format", "json").json
    first, second, _ = aged.runs()
    assert document["kind"] == "SweepDocument"
    assert {run["run"]: run["undo"] for run in document["runs"]} == {first: [], second: ["note"]}
    assert document["summary"]["steps"] == 1
    assert document["summary"]["files"] == len(document["files"])
    assert document["summary"]["bytes"] == sum((aged.ours / file["path"]).stat().st_size for file in document["files"])


def test_what_was_dropped_is_told_by_show_rollback_and_verify_and_is_no_damage(aged: House):
    gc(aged)
    _, second, _ = aged.runs()
    shown = aged.run("show", second)
    assert shown.code == Exit.OK
    assert "dropped" in shown.out
    assert "by retention (1 run) on " in shown.out
    assert "! 1 step can be undone no more: the values are dropped  note" in shown.out
    note, seats = shown.out.split("mem.record.update")[-2:]
    assert "undo    NO MORE: what it would put back was dropped by retention (1 run) on " in note
    assert "restores" not in note
    assert "restores exactly" in seats, "what needs no hidden value is undone all the same"
    steps = {step["id"]: step for step in aged.run("show", second, "--format", "json").json["steps"]}
    assert (steps["note"]["inverse"]["dropped"]["keep"], steps["seats"]["inverse"]["dropped"]) == ("1 run", None)
    undone = aged.run("rollback", second, "-o", "undo.changeset")
    assert "what it would put back was dropped by retention on " in undone.out
    assert "unreadable" in undone.out
    assert "undo-seats" in undone.out, "what needs no hidden value is undone all the same"
    checked = aged.run("verify", second)
    assert checked.code == Exit.OK, checked.all
    assert aged.run("verify", "--all").code == Exit.OK


def test_a_pack_that_vanished_is_told_from_one_that_was_dropped(aged: House):
    _, second, _ = aged.runs()
    (aged.ours / "packs" / second).unlink()
    told = aged.run("rollback", second, "-o", "undo.changeset")
    assert f"the pack of run {second} is gone, and no gc dropped it" in told.out
    assert aged.run("verify", second).code == Exit.INTEGRITY


def test_a_step_whose_inverse_is_in_clear_is_undone_without_the_pack_and_only_where_nobody_changed_it(house: House):
    apply(house, [step("made", "mem.record.create", "customers/9", {"notes": LONG})])
    apply(house, [update("other")])
    first = house.runs()[0]
    assert gc(house).steps == 0, "removing what was made needs no hidden value"
    assert first not in packs(house)
    world = json.loads((house.root / "world.json").read_text())
    world["records"]["customers/9"]["notes"] = "theirs"
    (house.root / "world.json").write_text(json.dumps(world))
    assert rollback(house, first) is None, "what somebody changed since is left alone, though the pack is gone"
    assert house.memory()["customers/9"]["notes"] == "theirs"
    world["records"]["customers/9"]["notes"] = LONG
    (house.root / "world.json").write_text(json.dumps(world))
    assert rollback(house, first).ending.status is RunStatus.COMPLETE
    assert "customers/9" not in house.memory()


def test_a_hold_keeps_a_run_and_its_whole_story_until_it_is_lifted_and_each_is_recorded(aged: House):
    first, second, _ = aged.runs()
    rollback(aged, second)
    undoing = aged.runs()[-1]
    apply(aged, [update("newer", "7", name="C.")])
    held = aged.run("hold", undoing, "--reason", "case 17")
    assert held.code == Exit.OK, held.all
    found = gc(aged)
    assert {second, undoing} <= packs(aged), "what it undid is kept with it"
    assert first not in packs(aged)
    why = {kept.run: kept.why for kept in found.kept}
    assert "by maria: case 17" in why[undoing]
    assert "case 17" in why[second]
    listed = aged.run("runs", "--held")
    assert "legal hold" in listed.out
    assert undoing in listed.out
    assert [run["id"] for run in aged.run("runs", "--held", "--format", "json").json["runs"]] == [undoing]
    assert "case 17" in aged.run("show", undoing).out
    lifted = aged.run("release", undoing, "--reason", "closed")
    assert lifted.code == Exit.OK, lifted.all
    assert aged.run("runs", "--held").out.startswith("None of ")
    gc(aged)
    assert not {second, undoing} & packs(aged)
    bodies = [(record["kind"], record["body"]["reason"]) for record in aged.records() if record["kind"] in ("hold", "release")]
    assert bodies == [("hold", "case 17"), ("release", "closed")]


def test_two_holds_on_one_run_are_lifted_one_by_one_and_never_by_guessing(aged: House):
    first = aged.runs()[0]
    with opened(aged) as workspace:
        preserving.hold(workspace, first, "case 1")
        preserving.hold(workspace, first, "case 2")
        with pytest.raises(Usage, match="case 1"):
            preserving.release(workspace, first, "", "closed")
        with pytest.raises(Usage, match="No such hold"):
            preserving.release(workspace, first, "zzzz", "closed")
    one, other = [record["run"] for record in aged.records() if record["kind"] == "hold"]
    with opened(aged) as workspace:
        assert "case 2" in preserving.release(workspace, first, one, "closed")
    gc(aged)
    assert first in packs(aged)
    with opened(aged) as workspace:
        preserving.release(workspace, first, other, "closed")
        with pytest.raises(Usage, match="Not under legal hold"):
            preserving.release(workspace, first, "", "closed")


def test_a_hold_that_comes_too_late_says_so(aged: House):
    gc(aged)
    told = aged.run("hold", aged.runs()[0], "--reason", "case 17")
    assert told.code == Exit.OK
    assert "was dropped by retention on " in told.err
    assert "a hold does not bring them back" in told.err


def test_an_unfinished_run_keeps_all_it_needs_until_it_is_finished(house: House):
    house.plan(note(), update("taken", "404"), create("after"))
    apply(house, [create("x", "404")])
    with house.memory_is_busy() as over, house.sitting("apply", "plan.yaml") as sitting:
        sitting.until("note  mem.record.update  customers/1 …")
        sitting.process.kill()
        sitting.process.wait()
        over()
    (_, open_run) = house.runs()
    found = gc(house)
    assert open_run in packs(house)
    assert [kept.why for kept in found.kept if kept.run == open_run] in ([], ["it is open"])
    resumed = house.typed("apply", "--resume", open_run)
    assert resumed.code in (Exit.OK, Exit.INCOMPLETE)


def test_a_run_that_could_be_gone_on_with_loses_that_only_after_saying_so(house: House):
    apply(house, [create("x", "5")])
    house.plan(note(letter="a"), step("bad", "mem.record.update", "customers/5", {"tier": "x"}))
    planned = house.run("plan", "plan.yaml")
    assert planned.code == Exit.OK
    house.sql("SELECT 1")
    with opened(house) as workspace:
        from agentctl.planfile.load import loads
        from agentctl.workspace.previewing import preview_plan
        from agentctl.workspace.running import carry_out
        from tests.promises.inside import CONTROL, yes

        preview = preview_plan(workspace, loads((house.root / "plan.yaml").read_bytes(), "plan.yaml", workspace.catalog))
        workspace.save_changeset(preview)
        world = json.loads((house.root / "world.json").read_text())
        world["records"]["customers/5"]["tier"] = "theirs"
        world["versions"]["customers/5"] += 1
        (house.root / "world.json").write_text(json.dumps(world))
        ended = carry_out(workspace, preview, yes(preview), CONTROL)
    assert ended.ending.status is RunStatus.INCOMPLETE
    apply(house, [update("newer")])
    found = gc(house)
    loss = next(loss for loss in found.losses if loss.run.id == ended.run)
    assert loss.resume
    assert "it can be gone on with no more" in house.run("show", ended.run).out
    told = house.typed("apply", "--resume", ended.run)
    assert told.code == Exit.USAGE, told.all
    assert "dropped by retention on " in told.all


@pytest.mark.parametrize("copy", [
    {"$from": "steps.made.after.notes"}, {"$format": "as before: {it}", "it": {"$from": "steps.made.after.notes"}},
], ids=["from", "format"])
def test_a_value_that_was_dropped_is_never_replaced_by_what_stands_for_it(house: House, copy):
    """The same plan again: what it did is done, and what is left refers to what can be read no more."""
    plan = (step("made", "mem.record.create", "customers/9", {"notes": LONG}), update("copy", notes=copy))
    apply(house, plan)
    apply(house, [update("newer", notes="theirs")])
    gc(house)
    with pytest.raises(Invalid) as raised:
        apply(house, plan)
    assert [problem.summary for problem in raised.value.diagnostics] == ["A value cannot be read"]
    assert house.memory()["customers/1"]["notes"] == "theirs"


def test_a_changeset_whose_pack_is_lost_is_not_carried_out_with_holes(house: House):
    house.plan(update("copy", notes=LONG))
    digest = house.run("plan", "plan.yaml", "--format", "json").json["digest"]
    for pack in (house.ours / "packs").glob("changeset-*"):
        pack.unlink()
    before = house.memory()
    told = house.typed("apply", digest)
    assert house.memory() == before or house.memory()["customers/1"]["notes"] == LONG, told.all


def test_gc_waits_for_nobody_while_a_run_is_going_on_and_drops_nothing(aged: House):
    before = packs(aged)
    aged.plan(update("tier", "1", tier="busy"))
    with aged.memory_is_busy() as over, aged.sitting("apply", "plan.yaml") as sitting:
        sitting.until("mem.record.update  customers/1 …")
        told = aged.typed("gc", "--keep", "1", answers=("yes", "drop 2"))
        assert told.code in (Exit.LOCKED, Exit.CONSENT), told.all
        over()
        assert sitting.ended().code == Exit.OK
    assert before <= packs(aged)
    assert not list((aged.ours / "trace").glob("*-gc-*"))


def test_what_is_damaged_lets_nothing_be_dropped(aged: House):
    before = packs(aged)
    (path,) = (aged.ours / "trace").glob("000003-*")
    text = path.read_bytes()
    path.write_bytes(text.replace(b'"helper"', b'"HELPER"', 1))
    with opened(aged) as workspace, pytest.raises(Tampered):
        retaining.survey(workspace, NEWEST)
    path.unlink()
    told = aged.run("gc", "--keep", "1")
    assert told.code == Exit.INTEGRITY, told.all
    assert packs(aged) == before


def test_unattended_it_goes_by_the_workspace_file_alone(aged: House):
    refused = aged.run("gc", "--keep", "1", "--auto-approve")
    assert refused.code == Exit.USAGE
    nothing = aged.run("gc", "--auto-approve")
    assert nothing.code == Exit.USAGE
    assert "agentctl gc --keep 90d --dry-run" in nothing.err
    aged.change("agentctl.yaml", lambda wire: wire.update(retention={"packs": 1}))
    done = aged.run("gc", "--auto-approve")
    assert done.code == Exit.OK, done.all
    assert not set(aged.runs()[:2]) & packs(aged)
    assert list((aged.ours / "changesets").iterdir()), "what the file does not name is kept for ever"
    (body,) = [record["body"] for record in aged.records() if record["kind"] == "gc"]
    assert (body["consent"], body["from"], body["keep"]) == (
        "auto-approve", "agentctl.yaml", {"packs": "1 run", "changesets": ""},
    )


@pytest.mark.parametrize("wrong", [{"packs": 0}, {"packs": "90"}, {"packs": "1y"}, {"traces": "1d"}, {}, {"packs": -1}])
def test_a_retention_that_is_not_clear_is_an_error_with_its_place(house: House, wrong):
    house.change("agentctl.yaml", lambda wire: wire.update(retention=wrong))
    told = house.run("runs")
    assert told.code == Exit.INVALID
    assert "agentctl.yaml" in told.err


@pytest.mark.parametrize("text", ["", "0", "-1", "9", "90d", "1 d", "٣", "+1d", "1_0", "1.5h", "d", "9999999d", "1w"])
def test_only_a_plain_time_or_number_says_how_long(text):
    fine = {"9": Newest(9), "90d": Lasting(90 * 86_400)}
    if text in fine:
        assert keep_from_wire(text) == fine[text]
    else:
        with pytest.raises(ValueError, match=r".*"):
            keep_from_wire(text)


def test_the_longest_time_there_is_keeps_everything(house: House):
    with opened(house) as workspace:
        assert cutoff(keep_from_wire("999999d"), History(), workspace.time()) == EVER


def test_a_consent_that_still_stands_keeps_its_changeset_and_what_was_used_stays_as_proof(house: House, tmp_path):
    house.plan(note())
    planned = house.run("plan", "plan.yaml", "--format", "json").json
    digest = planned["digest"]
    for each in (house.ours / "changesets").iterdir():
        os.utime(each, (1, 1))
    with opened(house) as workspace:
        found = retaining.survey(workspace, Retention(changesets=Lasting(60)))
    assert [file.of for file in found.files] == [digest], "a plan nobody applied goes by its own age"
    house.plan(note(), intent="Try it.")
    house.run("plan", "plan.yaml")
    with opened(house) as workspace:
        assert retaining.survey(workspace, Retention(changesets=Lasting(60))).files == (), "planned again is young again"


def test_what_was_written_anew_since_it_was_shown_stays(aged: House):
    with opened(aged) as workspace:
        found = retaining.survey(workspace, NEWEST)
        again = next(file for file in found.files if file.path.startswith("changesets/"))
        path = aged.ours / again.path
        text = path.read_bytes()
        path.unlink()
        path.write_bytes(text)
        os.utime(path, (1, again.written.timestamp()))
        retaining.drop(workspace, NEWEST, found, "yes", 0.0)
    assert path.exists()
    assert aged.run("verify").code == Exit.OK


def test_files_that_are_not_ours_are_left_alone(aged: House, tmp_path):
    (tmp_path / "theirs").write_text("x")
    (aged.ours / "packs" / "link").symlink_to(tmp_path / "theirs")
    (aged.ours / "packs" / "folder").mkdir()
    (aged.ours / "packs" / "notes.txt").write_text("x")
    os.mkfifo(aged.ours / "packs" / "pipe")
    gc(aged)
    assert {"link", "folder", "notes.txt", "pipe"} <= packs(aged)
    assert (tmp_path / "theirs").read_text() == "x"


@pytest.mark.parametrize("at", [0, 1, 3])
def test_a_gc_that_is_killed_has_told_of_all_that_is_gone_and_the_next_one_finishes(aged: House, at):
    """Killed from outside after so many files are gone; none goes before the trace tells of it."""
    script = (
        "import os, signal, sys\n"
        "unlink, left = os.unlink, [int(sys.argv[1])]\n"
        "import pathlib\n"
        "real = pathlib.Path.unlink\n"
        "def dying(self, missing_ok=False):\n"
        "    ours = self.parent.name in ('packs', 'changesets')\n"
        "    if ours and not left[0]:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    left[0] -= ours\n"
        "    return real(self, missing_ok=missing_ok)\n"
        "pathlib.Path.unlink = dying\n"
        "from agentctl.__main__ import main\n"
        "sys.argv = ['agentctl', 'gc', '--auto-approve']\n"
        "main()\n"
    )
    aged.change("agentctl.yaml", lambda wire: wire.update(retention={"packs": 1, "changesets": 1}))
    before = {path.relative_to(aged.ours).as_posix() for path in aged.ours.rglob("*") if path.is_file()}
    done = subprocess.run(
        [sys.executable, "-c", script, str(at)], cwd=aged.root, env=aged.environ(PYTHONPATH=str(Path.cwd())),
        stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )
    gone = before - {path.relative_to(aged.ours).as_posix() for path in aged.ours.rglob("*") if path.is_file()}
    told = {file["path"] for record in aged.records() if record["kind"] == "gc" for file in record["body"]["files"]}
    assert {name for name in gone if name.startswith(("packs/", "changesets/"))} <= told, done.stderr
    assert aged.run("verify").code == Exit.OK
    again = aged.run("gc", "--auto-approve")
    assert again.code == Exit.OK, again.all
    assert not {path for path in told if (aged.ours / path).exists()}
    assert unreadable(aged, aged.runs()[1]) == {"note"}


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("apply"), st.sampled_from("abc"), st.sampled_from(["1", "2"])),
        st.tuples(st.just("plain"), st.integers(1, 9), st.just("")),
        st.tuples(st.just("rollback"), st.integers(0, 9), st.just("")),
        st.tuples(st.just("hold"), st.integers(0, 9), st.just("")),
        st.tuples(st.just("release"), st.integers(0, 9), st.just("")),
        st.tuples(st.just("gc"), st.integers(1, 4), st.just("")),
    ),
    min_size=3,
    max_size=9,
)


@pytest.fixture(scope="module")
def ground(tmp_path_factory) -> House:
    house = build(tmp_path_factory.mktemp("ground"))
    apply(house, [create("two", "2", tier="x")])
    return house


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=ACTS)
def test_after_any_history_what_a_gc_names_is_exactly_what_rollback_then_refuses(ground, tmp_path_factory, acts):
    folder = tmp_path_factory.mktemp("any")
    shutil.copytree(ground.root.parent, folder / "house")
    house = House(root=folder / "house/ws", home=folder / "house/home")
    for act, what, key in [*acts, ("gc", 1, "")]:
        runs = house.runs()
        match act:
            case "apply":
                with suppress(Invalid):     # its record was rolled back
                    apply(house, [note(letter=str(what), key=key), update("tier", key, tier=str(what))])
            case "plain":
                apply(house, [update("seats", "1", seats=what)])
            case "rollback":
                rollback(house, runs[int(what) % len(runs)])
            case "hold" | "release":
                with opened(house) as workspace:
                    name = runs[int(what) % len(runs)]
                    try:
                        preserving.hold(workspace, name, "x") if act == "hold" else preserving.release(workspace, name, "", "x")
                    except Usage:
                        assert act == "release"
            case "gc":
                _check_gc(house, Retention(packs=Newest(int(what)), changesets=Newest(int(what))))
    with opened(house) as workspace:
        assert verify(workspace, expect_head="", key=None).verdict.fault is None
        kept = load_state(workspace)
        rebuild(workspace)
        assert load_state(workspace).records == kept.records


def _check_gc(house: House, kept: Retention) -> None:
    before = _undoings(house)
    found = gc(house, kept)
    after = _undoings(house)
    for run, (effects, _) in before.items():
        with opened(house) as workspace:
            gone = set(lost(workspace.history().acts, run).steps)
        if run not in {loss.run.id for loss in found.losses if loss.steps}:
            assert after[run] == before[run], "what was not named is undone as before"
        assert {step for step, status in after[run][1].items() if status == "unreadable"} == gone
        assert effects is None or after[run][0] is None or gone or after[run][0] == effects


def _undoings(house: House):
    """Return for each run what undoing it would do now: the effects, and the steps that it leaves alone."""
    found = {}
    with opened(house) as workspace:
        for run in workspace.history().runs:
            try:
                undoing = preview_rollback(workspace, run, Selection())
            except Usage:
                found[run.id] = (None, {})
                continue
            effects = undoing.preview and undoing.preview.changeset.effects
            found[run.id] = (effects, {step: left.status.value for step, left in undoing.left.items()})
    return found
