"""A halt keeps an apply from taking its next step, whoever holds the lock, and never stands in a rollback's way."""

from __future__ import annotations

import os
import stat

import pytest

from agentctl.cli.codes import code_of
from agentctl.engine.rollback import Selection
from agentctl.errors import Exit, Locked, Refused, Tampered, Usage
from agentctl.model.decision import Refuse
from agentctl.model.halt import Halt, Reach, Scope, halt_from_wire, halt_to_wire, standing
from agentctl.model.run import Act, RunStatus
from agentctl.store import halts as requests
from agentctl.workspace import judging
from agentctl.workspace.halting import halt
from agentctl.workspace.lifting import unhalt
from agentctl.workspace.previewing import preview_rollback
from agentctl.workspace.projecting import load_state
from agentctl.workspace.unlocking import locked

AGENT, CONNECTOR, ALL = Scope(Reach.AGENT, "bot"), Scope(Reach.CONNECTOR, "mem"), Scope(Reach.ALL)
THREE = "".join(f"  - {{id: s{n}, action: mem.record.create, target: c/{n}, with: {{n: {n}}}}}\n" for n in range(3))



def halting_after(world, steps: int, scope: Scope):
    """Observe a run, and halt from outside of it once ``steps`` steps are finished."""
    finished = 0

    def observe(record):
        nonlocal finished
        finished += record.kind == "step_finished"
        if finished == steps and record.kind == "step_finished":
            halt(world.workspace, scope, "2 a.m.")

    return observe


def carry(world, preview, observe=lambda record: None):
    from agentctl.workspace.running import Control, carry_out

    workspace = world.workspace
    workspace.save_changeset(preview)
    control = Control(timeout=0.0, brake=world.control.brake, observe=observe)
    return carry_out(workspace, preview, world.yes(preview), control)


def kinds(world) -> list[str]:
    return [act.kind for act in world.workspace.history().acts]


@pytest.mark.parametrize("scope", [AGENT, CONNECTOR, ALL], ids=str)
def test_a_run_stops_before_its_next_step_when_somebody_halts_it_meanwhile(world, scope):
    ended = carry(world, world.preview(THREE), halting_after(world, 1, scope))
    assert ended.ending.status is RunStatus.INCOMPLETE
    assert [str(status) for status in ended.ending.steps.values()] == ["confirmed", "pending", "pending"]
    assert "halted before step `s1`" in ended.ending.reason
    assert "2 a.m." in world.run().reason
    assert code_of(ended.ending, began_before=False, interrupted=None) is Exit.INCOMPLETE
    assert kinds(world)[-1] == "halt", "the run itself records it before it lets go of the lock"
    assert requests.asked(world.workspace.layout) == ()


def test_a_halted_run_goes_on_once_the_halt_is_lifted(world):
    carry(world, world.preview(THREE), halting_after(world, 1, AGENT))
    with pytest.raises(Refused, match=r"2 a\.m\."):
        world.resume()
    assert len(world.workspace.history().runs) == 1, "a run that would do nothing is not begun"
    unhalt(world.workspace, AGENT, "fixed")
    assert world.resume().ending.status is RunStatus.COMPLETE


def test_only_steps_on_a_halted_connector_are_refused(world):
    halt(world.workspace, Scope(Reach.CONNECTOR, "mem"), "the system is ill")
    preview = world.preview(THREE)
    assert {type(ruling) for ruling in judging.judge(world.workspace, preview).values()} == {Refuse}
    unhalt(world.workspace, Scope(Reach.CONNECTOR, "mem"), "well again")
    assert Refuse not in {type(ruling) for ruling in judging.judge(world.workspace, preview).values()}


def test_a_plan_made_before_the_halt_is_refused_with_nothing_executed(world):
    preview = world.preview(THREE)
    halt(world.workspace, AGENT, "2 a.m.")
    with pytest.raises(Refused, match="Halted"):
        carry(world, preview)
    assert world.workspace.history().runs == ()


@pytest.mark.parametrize("scope", [AGENT, CONNECTOR, ALL], ids=str)
def test_a_rollback_is_never_halted(world, scope):
    world.apply(THREE)
    halt(world.workspace, scope, "2 a.m.")
    undoing = preview_rollback(world.workspace, world.run(), Selection())
    assert all(not isinstance(ruling, Refuse) for ruling in judging.judge(world.workspace, undoing.preview).values())
    assert world.carry_out(undoing.preview, left=undoing.left).ending.status is RunStatus.COMPLETE


def test_what_policy_refuses_is_not_blamed_on_the_halt(world):
    halt(world.workspace, ALL, "2 a.m.")
    steps = "  - {id: a, action: mem.record.create, target: c/1, with: {n: 1}}\n"
    world.policy(world.rules + "invariants:\n  - {id: none, deny: 'true', message: never}\n")
    (ruling,) = judging.judge(world.workspace, world.preview(steps)).values()
    assert isinstance(ruling, Refuse)
    assert ruling.halt is None
    assert ruling.why.startswith("never")


def test_a_halt_during_a_run_stands_at_once_and_is_recorded_by_whoever_has_the_lock_next(world):
    with locked(world.workspace, "other", 0.0):
        told = halt(world.workspace, ALL, "2 a.m.")
        assert "records it when the workspace is free" in told
        assert [item.reason for item in world.workspace.halts()] == ["2 a.m."]
        assert "halt" not in kinds(world)
        with pytest.raises(Locked):
            unhalt(world.workspace, ALL, "never mind")
    assert kinds(world)[-1] == "halt"
    assert [item.reason for item in world.workspace.halts()] == ["2 a.m."]


def test_a_request_left_behind_by_a_crash_is_told_once_and_does_not_come_back(world):
    halt(world.workspace, AGENT, "2 a.m.")
    (first,) = world.workspace.halts()
    requests.ask(world.workspace.layout, first)     # the writer died between recording it and taking it away
    assert world.workspace.halts() == (first,)
    unhalt(world.workspace, AGENT, "fixed")
    assert kinds(world).count("halt") == 1
    requests.ask(world.workspace.layout, first)
    assert world.workspace.halts() == ()


@pytest.mark.parametrize("spoil", [
    lambda path: path.write_bytes(b'{"id": "x"'),
    lambda path: path.write_bytes(b"[]"),
    lambda path: path.write_bytes(b'{"at":"","by":"","host":"","id":"other","reason":"","scope":{"name":"","reach":"all"}}'),
    lambda path: path.write_bytes(b"[" * 70_000),
    lambda path: path.symlink_to("nowhere"),
    os.mkfifo,
    lambda path: path.mkdir(),
], ids=["cut", "no halt", "another's name", "deep", "link", "pipe", "folder"])
def test_a_request_that_cannot_be_read_halts_everything_until_a_person_lifts_it(world, spoil):
    folder = world.workspace.layout.halts
    folder.mkdir()
    spoil(folder / "x.json")
    (found,) = world.workspace.halts()
    assert found.scope == ALL
    assert "x.json" in found.reason
    with pytest.raises(Refused):
        carry(world, world.preview(THREE))
    unhalt(world.workspace, ALL, "it was a slip")
    assert world.workspace.halts() == ()
    assert world.apply(THREE).ending.status is RunStatus.COMPLETE


def test_a_halt_stands_even_where_the_trace_cannot_take_it(world):
    (world.root.parent / "key").rename(world.root.parent / "lost")
    assert "not in the trace yet" in halt(world.workspace, ALL, "2 a.m.")
    assert [item.scope for item in world.workspace.halts()] == [ALL]


def test_a_broken_policy_keeps_nobody_from_halting_an_agent(world):
    world.policy("version: 1\nkind: Policy\nnonsense: 1\n")
    halt(world.workspace, Scope(Reach.AGENT, "anyone"), "2 a.m.")
    assert [str(item.scope) for item in world.workspace.halts()] == ["agent `anyone`"]


def test_only_what_there_is_can_be_halted_and_only_what_is_halted_lifted(world):
    with pytest.raises(Usage) as told:
        halt(world.workspace, Scope(Reach.AGENT, "bott"), "2 a.m.")
    assert "Did you mean `bot`?" in told.value.hint
    with pytest.raises(Usage) as told:
        halt(world.workspace, Scope(Reach.CONNECTOR, "men"), "2 a.m.")
    assert "Did you mean `mem`?" in told.value.hint
    with pytest.raises(Usage, match="must say why"):
        halt(world.workspace, ALL, "  ")
    assert world.workspace.halts() == ()
    halt(world.workspace, AGENT, "2 a.m.")
    with pytest.raises(Usage, match="Everything is not halted"):
        unhalt(world.workspace, ALL, "fixed")
    assert len(world.workspace.halts()) == 1, "lifting one scope leaves the others"


def test_a_halt_puts_the_state_behind_nothing_and_a_step_does(world):
    world.apply(THREE)
    kept = load_state(world.workspace)
    halt(world.workspace, AGENT, "2 a.m.")
    unhalt(world.workspace, AGENT, "fixed")
    assert load_state(world.workspace) == kept
    text = world.workspace.layout.state.read_bytes()
    world.apply("  - {id: more, action: mem.record.create, target: c/more, with: {n: 1}}\n")
    world.workspace.layout.state.write_bytes(text)
    halt(world.workspace, AGENT, "2 a.m.")
    with pytest.raises(Tampered, match="behind the trace"):
        load_state(world.workspace)


def test_requests_are_kept_from_others(world):
    with locked(world.workspace, "other", 0.0):
        halt(world.workspace, ALL, "2 a.m.")
        (request,) = requests.asked(world.workspace.layout)
        assert stat.S_IMODE(request.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(request.path.parent.stat().st_mode) == 0o700


def an_act(number: int, kind: str, body) -> Act:
    return Act(id=f"a{number}", number=number, kind=kind, at="", body=body)


def test_an_unhalt_lifts_every_earlier_halt_of_its_scope_and_no_later_one():
    def told(number: int, scope: Scope) -> Halt:
        return Halt(id=f"h{number}", scope=scope, by="ann", host="ops", at="t", reason="r")

    first, second, other, later = told(1, AGENT), told(2, AGENT), told(3, ALL), told(4, AGENT)
    lifted = {"scope": {"reach": "agent", "name": "bot"}, "by": "ann", "host": "ops", "reason": "r"}
    acts = [*(an_act(n, "halt", halt_to_wire(one)) for n, one in enumerate((first, second, other))),
            an_act(3, "unhalt", lifted), an_act(4, "halt", halt_to_wire(later)), an_act(5, "unlock", {})]
    assert standing(acts) == (other, later)
    assert halt_from_wire(halt_to_wire(first)) == first
