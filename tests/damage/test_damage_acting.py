"""However a file of our own is damaged: what acts refuses, or does all of what it was asked for and records it."""

from __future__ import annotations

import json

import pytest

from agentctl.errors import Exit
from tests.damage.damages import damages, places

# Without these nobody can tell what was done already, who may do what, or whose workspace it is.
NEEDED = ("lineage", "trace/", "trace of init", "trace of first run", "trace of last run", "key", "policy")
# These can be made again, concern something else, or are only read to explain.
SPARED = (
    "state.json", "state.json.before", "pack of first run", "approval of gone", "approval of waiting", "changeset plan",
    "changeset waiting", "approvals/",
)
QUICK = ("lost", "a pipe", "empty", "cut at 5/10", "foreign")


@pytest.mark.parametrize("place", NEEDED)
def test_nothing_is_executed_by_what_cannot_be_believed(ground, other, place):
    found = places(ground, other)[place]
    for name, damage in [(name, damage) for name, damage in damages(found) if name in QUICK]:
        ground.renewed()
        before = ground.world()
        damage(found)
        for command in (("apply", "next.yaml"), ("apply", ground.digest_of("waiting")), ("rollback", "latest"), ("apply", "--resume", "latest")):
            said = ground.type(*command, answers="yes\nyes\n")
            refused = {Exit.INVALID, Exit.CONSENT, Exit.STALE, Exit.INTEGRITY, Exit.UNREACHABLE}
            if command[1] == "--resume" and place in ("key", "policy"):
                refused.add(Exit.USAGE)     # the latest is complete: that can be told without them
            assert said.code in refused, f"{name}: {command}: {said.code}\n{said.all}"
            assert ground.world() == before, f"{name}: {command}"


@pytest.mark.parametrize("place", SPARED)
def test_what_concerns_nothing_else_stops_nothing_else(ground, other, place):
    found = places(ground, other)[place]
    for name, damage in [(name, damage) for name, damage in damages(found) if name in (*QUICK, "a folder")]:
        ground.renewed()
        damage(found)
        said = ground.type("apply", "next.yaml", answers="yes\n")
        assert said.code == Exit.OK, f"{name}: {said.all}"
        assert json.loads((ground.root / "world.json").read_text())["records"]["customers/1"]["tier"] == "gold"
        assert ground.type("verify").code == Exit.OK
        state = ground.type("state", "list")
        assert state.code == Exit.OK or place == "state.json", f"{name}: {state.all}"


@pytest.mark.parametrize("damage", ["cut at 5/10", "flipped at 7/10", "a folder", "a pipe", "empty", "newer"])
def test_a_damaged_approval_counts_for_nothing_and_stops_no_other(ground, other, damage):
    found = places(ground, other)
    dict(damages(found["approval of gone"]))[damage](found["approval of gone"])
    waiting = ground.digest_of("waiting")
    assert ground.type("apply", waiting).code == Exit.OK, "that one is whole"
    ground.renewed()
    dict(damages(found["approval of waiting"]))[damage](found["approval of waiting"])
    before = ground.world()
    said = ground.type("apply", waiting)
    assert said.code == Exit.CONSENT, said.all
    assert ground.world() == before
    assert ground.type("approve", waiting, "--as", "ann", "--key", ground.base / "ann", answers="yes\n").code == Exit.OK
    assert ground.type("apply", waiting).code == Exit.OK


@pytest.mark.parametrize("damage", ["cut at 5/10", "a pipe", "empty", "newer"])
def test_a_damaged_rejection_still_stands(ground, other, damage):
    found = places(ground, other)["rejection"]
    dict(damages(found))[damage](found)
    before = ground.world()
    said = ground.type("apply", "refused.yaml", answers="yes\n")
    assert said.code == Exit.REFUSED, said.all
    assert ground.world() == before
    listed = json.loads(ground.type("approvals", "--format", "json").out)["damaged_rejections"]
    assert [one["file"] for one in listed] == [found.path.name]
    assert "stands against all it may be about" in ground.type("approvals").out


def test_a_rejection_stands_whichever_bit_of_it_was_flipped(ground, other):
    found = places(ground, other)["rejection"]
    whole = found.path.read_bytes()
    before = ground.world()
    for place in range(0, len(whole), 29):
        found.path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        said = ground.type("apply", "refused.yaml", answers="yes\n")
        assert said.code == Exit.REFUSED, (whole[:place], said.all)
    assert ground.world() == before


@pytest.mark.parametrize("damage", ["cut at 5/10", "a pipe", "empty", "something else", "a folder"])
def test_a_damaged_halt_halts_everything_until_a_person_lifts_it(ground, other, damage):
    found = places(ground, other)["halt"]
    dict(damages(found))[damage](found)
    before = ground.world()
    assert ground.type("apply", "next.yaml", answers="yes\n").code == Exit.REFUSED
    assert ground.world() == before
    assert "everything is halted" in ground.type("runs").out
    assert ground.type("unhalt", "--all", "--reason", "its file was damaged").code == Exit.OK
    assert ground.type("apply", "next.yaml", answers="yes\n").code == Exit.OK


@pytest.mark.parametrize("folder", ["trace/", "trace/ and checkpoints/"])
def test_no_command_begins_another_trace_where_it_is_gone(ground, other, folder):
    for found in [places(ground, other)[name] for name in folder.split(" and ")]:
        dict(damages(found))["emptied"](found)
    state = (ground.ours / "state.json").read_bytes()
    for command in (("state", "rebuild"), ("apply", "next.yaml"), ("rollback", ground.first), ("resolve", ground.first, "tier", "--skip", "--reason", "x")):
        said = ground.type(*command, answers="yes\nyes\n")
        assert said.code == Exit.INTEGRITY, f"{command}: {said.all}"
    assert ground.type("halt", "--all", "--reason", "the trace is gone").code == Exit.OK, "halting works whatever is lost"
    assert list((ground.ours / "trace").iterdir()) == []
    assert (ground.ours / "state.json").read_bytes() == state


def test_the_latest_of_a_trace_that_lost_its_end_is_not_taken_for_the_latest(ground, other):
    found = places(ground, other)["trace of last run"]
    found.path.unlink()
    before = ground.world()
    said = ground.type("rollback", "latest", answers="yes\nyes\n")
    assert said.code == Exit.INTEGRITY
    assert "Which run is the latest cannot be told" in said.err
    assert ground.world() == before
