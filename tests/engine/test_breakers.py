"""Breakers: too much going wrong halts by itself, at once and until a person lifts it, whatever dies in between."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.engine.breakers import Watch
from agentctl.engine.rollback import Selection
from agentctl.errors import Indeterminate, Refused, Rejected
from agentctl.model.breaker import Breaker, Mishap, Trouble, breaker_from_wire, breaker_to_wire
from agentctl.model.halt import Halt, Reach, Scope, halt_from_wire, halt_to_wire, scope_to_wire
from agentctl.model.run import Act, RunStatus
from agentctl.testing import LostReply
from agentctl.trace.record import Kind
from agentctl.workspace.halting import halt
from agentctl.workspace.lifting import unhalt
from agentctl.workspace.previewing import preview_rollback
from agentctl.workspace.running import Control, carry_out
from agentctl.workspace.unlocking import locked

AGENT, CONNECTOR, ALL = Scope(Reach.AGENT, "bot"), Scope(Reach.CONNECTOR, "mem"), Scope(Reach.ALL)
GUARD = "breakers:\n  - {{id: guard, on: {on}, count: {count}, per: {per}, halt: {halt}}}\n"


def steps(*names: str) -> str:
    """Steps that each make a record of their name; those whose name begins with ``bad`` fail where ``Picky`` stands."""
    return "".join(
        f"  - {{id: {name}, action: mem.record.create, target: c/{name}, with: {{n: 1}}, needs: []}}\n" for name in names
    )


class Picky(LostReply):
    """A system that will have none of what is called bad."""

    error = Rejected

    def execute(self, change, call):
        if "/bad" in change.target:
            raise self.error("No", "the system will not have it")
        return self._connector.execute(change, call)


class Mumbles(Picky):
    """A system that leaves it open what became of what is called bad."""

    error = Indeterminate


class Ignores(Picky):
    """A system that says yes to what is called bad, and does something else."""

    def execute(self, change, call):
        receipt = self._connector.execute(change, call)
        if "/bad" in change.target:
            self._connector.put(change.target, {"n": 2})
        return receipt


@pytest.fixture
def picky(world):
    world.wrap = Picky
    return world


def guarded(world, on: str = "failures", count: int = 2, per: str = "1h", halt: str = "agent"):
    world.policy(world.rules.partition("breakers:")[0] + GUARD.format(on=on, count=count, per=per, halt=halt))
    return world


def statuses(ended) -> list[str]:
    return [str(status) for status in ended.ending.steps.values()]


@pytest.mark.parametrize(("reach", "scope"), [("agent", AGENT), ("connector", CONNECTOR), ("all", ALL)])
def test_the_run_whose_failures_trip_a_breaker_stops_before_its_next_step(picky, reach, scope):
    guarded(picky, halt=reach)
    ended = picky.apply(steps("bad1", "ok1", "bad2", "ok2"), on_failure="continue")
    assert statuses(ended) == ["failed", "confirmed", "failed", "pending"]
    assert ended.ending.halted
    assert "halted before step `ok2`" in picky.run().reason
    assert "by breaker guard: 2 failures within 1h" in picky.run().reason
    (stands,) = picky.workspace.halts()
    assert stands.scope == scope
    assert [event.step for event in stands.tripped.events] == ["bad1", "bad2"]


def test_a_trip_is_recorded_once_and_by_name_of_the_breaker(picky):
    guarded(picky)
    ended = picky.apply(steps("bad1", "bad2"), on_failure="continue")
    picky.workspace.halts()
    with locked(picky.workspace, "other", 0.0):
        pass
    (act,) = [act for act in picky.workspace.history().acts if act.kind == "halt"]
    assert act.body["by"] == "breaker guard"
    assert act.body["tripped"]["breaker"] == "guard"
    assert {event["run"] for event in act.body["tripped"]["events"]} == {ended.run}


def test_runs_that_stop_at_their_first_failure_trip_it_together(picky):
    guarded(picky)
    picky.apply(steps("bad1"))
    assert picky.workspace.halts() == ()
    picky.apply(steps("bad2"))
    (stands,) = picky.workspace.halts()
    assert stands.scope == AGENT
    with pytest.raises(Refused, match="breaker guard"):
        picky.apply(steps("ok"))
    assert "c/ok" not in picky.memory.records


def test_what_is_told_of_a_trip_names_the_run_to_look_at_and_the_command_that_lifts_it(picky):
    guarded(picky, count=1)
    ended = picky.apply(steps("bad1"))
    with pytest.raises(Refused) as told:
        picky.apply(steps("ok"))
    assert f"agentctl show {ended.run}" in told.value.detail
    assert told.value.command == "agentctl unhalt --agent bot --reason …"


def test_after_it_is_lifted_what_went_wrong_before_counts_no_more_and_new_trouble_does(picky):
    guarded(picky)
    picky.apply(steps("bad1", "bad2"), on_failure="continue")
    unhalt(picky.workspace, AGENT, "fixed")
    assert picky.workspace.halts() == ()
    picky.apply(steps("bad3"))
    assert picky.workspace.halts() == (), "one of two"
    picky.apply(steps("bad4"))
    assert [one.scope for one in picky.workspace.halts()] == [AGENT]


def test_lifting_another_halt_does_not_begin_the_count_anew(picky):
    guarded(picky)
    picky.apply(steps("bad1"))
    halt(picky.workspace, CONNECTOR, "for a while")
    unhalt(picky.workspace, CONNECTOR, "over")
    picky.apply(steps("bad2"))
    assert [one.scope for one in picky.workspace.halts()] == [AGENT]


def test_a_trip_that_nobody_could_record_any_more_stands_and_is_recorded_by_the_next_who_may(picky):
    guarded(picky)

    class Dies(BaseException):
        pass

    def killed(record):
        if record.kind is Kind.STEP_FAILED and record.body["step"] == "bad2":
            raise Dies      # durable is the failure, and nothing after it

    preview = picky.preview(steps("bad1", "bad2", "ok"), on_failure="continue")
    picky.workspace.save_changeset(preview)
    with pytest.raises(Dies):
        carry_out(picky.workspace, preview, picky.yes(preview), Control(timeout=0.0, brake=picky.control.brake, observe=killed))
    assert "halt" not in {act.kind for act in picky.workspace.history().acts}
    assert [one.by for one in picky.workspace.halts()] == ["breaker guard"], "told before anybody wrote"
    guarded(picky, count=1000)
    assert [one.by for one in picky.workspace.halts()] == ["breaker guard"], "the policy of that run is what counts"
    with pytest.raises(Refused, match="breaker guard"):
        picky.resume()
    acts = [act for act in picky.workspace.history().acts if act.kind == "halt"]
    assert [act.body["by"] for act in acts] == ["breaker guard"]
    unhalt(picky.workspace, AGENT, "fixed")
    assert picky.workspace.halts() == ()


def test_a_breaker_written_today_halts_nothing_for_yesterday_and_counts_it_with_the_next(picky):
    picky.apply(steps("bad1"))
    picky.apply(steps("bad2"))
    guarded(picky)
    assert picky.workspace.halts() == ()
    picky.apply(steps("ok"))
    assert picky.workspace.halts() == ()
    picky.apply(steps("bad3"))
    assert [one.scope for one in picky.workspace.halts()] == [AGENT]


def test_taking_a_breaker_out_of_the_policy_lifts_nothing(picky):
    guarded(picky, count=1)
    picky.apply(steps("bad1"))
    picky.policy(picky.rules.partition("breakers:")[0])
    with pytest.raises(Refused, match="breaker guard"):
        picky.apply(steps("ok"))


def test_changing_breakers_voids_no_consent(picky):
    guarded(picky, count=10)
    preview = picky.preview(steps("ok"))
    guarded(picky, count=3)
    assert picky.preview(steps("ok")).changeset.digest == preview.changeset.digest
    assert picky.carry_out(preview).ending.status is RunStatus.COMPLETE


@pytest.mark.parametrize(("on", "wrap"), [("failures", Picky), ("doubts", Mumbles), ("deviations", Ignores)])
def test_each_kind_of_trouble_trips_its_breaker_and_no_other(world, on, wrap):
    world.wrap = wrap
    others = [kind for kind in ("failures", "refusals", "rollbacks", "deviations", "doubts") if kind != on]
    world.policy(world.rules + "breakers:\n" + "".join(
        f"  - {{id: on-{kind}, on: {kind}, count: 1, per: 1h, halt: agent}}\n" for kind in (*others, on)
    ))
    world.apply(steps("bad1"))
    assert [one.tripped.breaker for one in world.workspace.halts()] == [f"on-{on}"]


def test_steps_refused_while_a_run_is_going_on_are_refusals(world):
    guarded(world, on="refusals", count=1)
    world.memory.put("c/a", {"n": 1})
    preview = world.preview("  - {id: a, action: mem.record.update, target: c/a, with: {n: 2}}\n")
    world.memory.put("c/a", {"n": 7})       # somebody else was quicker
    world.workspace.save_changeset(preview)
    carry_out(world.workspace, preview, world.yes(preview), world.control)
    (stands,) = world.workspace.halts()
    assert stands.reason == "1 refusal within 1h"


def test_runs_that_had_to_be_rolled_back_are_counted_once_each(world):
    guarded(world, on="rollbacks")
    for name in ("a", "b"):
        ended = world.apply(steps(name, f"{name}2"))
        for step in (f"{name}2", name):
            undoing = preview_rollback(world.workspace, world.run(ended.run), Selection(steps=(step,)))
            assert world.carry_out(undoing.preview, left=undoing.left).ending.status is RunStatus.COMPLETE
            assert world.workspace.halts() == () or name == "b"
    (stands,) = world.workspace.halts()
    assert (stands.scope, stands.reason) == (AGENT, "2 rollbacks within 1h")


def test_a_tripped_breaker_stands_in_nobodys_way_who_puts_things_back(picky):
    guarded(picky, halt="all")
    picky.apply(steps("ok", "bad1", "bad2"), on_failure="continue")
    assert picky.workspace.halts()
    undoing = preview_rollback(picky.workspace, picky.run(), Selection())
    assert picky.carry_out(undoing.preview, left=undoing.left).ending.status is RunStatus.COMPLETE
    assert picky.memory.records == {}


def test_what_fails_while_somebody_puts_things_back_is_not_held_against_the_agent(world):
    guarded(world, count=1)
    world.apply(steps("bad"))

    class CannotDelete(Picky):
        pass

    world.wrap = CannotDelete
    undoing = preview_rollback(world.workspace, world.run(), Selection())
    ended = world.carry_out(undoing.preview, left=undoing.left)
    assert statuses(ended) == ["failed"]
    assert world.workspace.halts() == ()


def test_a_resumption_is_stopped_by_what_goes_wrong_in_it(picky):
    guarded(picky, count=3)
    picky.apply(steps("bad1", "bad2", "ok", "bad3"), on_failure="continue")
    (first,) = picky.workspace.halts()
    unhalt(picky.workspace, AGENT, "try again")
    picky.memory.put("x/y", {"n": 1})
    ended = picky.resume()      # all three fail again, and the third has nothing after it to halt
    assert statuses(ended) == ["failed", "failed", "confirmed", "failed"]
    (second,) = picky.workspace.halts()
    assert second.id != first.id
    with pytest.raises(Refused, match="breaker guard"):
        picky.resume()


def test_a_file_in_the_folder_of_halts_cannot_pass_for_a_breakers_halt(picky):
    """Else whoever may write there could have a trip taken for told, and lifted before it happened."""
    guarded(picky)
    picky.apply(steps("bad1"))
    forged = {
        "id": "x", "scope": {"reach": "agent", "name": "bot"}, "by": "breaker guard", "host": "", "at": "", "reason": "r",
        "tripped": {"breaker": "guard", "counted": 1, "events": [{"run": "r", "step": "s", "at": "t"}]},
    }
    folder = picky.workspace.layout.halts
    folder.mkdir(exist_ok=True)
    (folder / "x.json").write_text(json.dumps(forged))
    (found,) = picky.workspace.halts()
    assert (found.scope, found.tripped) == (ALL, None)


def test_a_folder_of_halts_that_cannot_be_read_halts_everything_and_no_run_forgets_that(world):
    preview = world.preview(steps("a", "b"))
    world.workspace.layout.halts.write_text("not a folder")
    assert [one.scope for one in world.workspace.halts()] == [ALL]
    with pytest.raises(Refused, match="Halted"):
        world.carry_out(preview)


def test_a_workspace_from_before_there_were_breakers_is_read_as_it_was(world):
    world.apply(steps("a"))
    trace = world.workspace.layout.trace
    (path,) = trace.glob("*-run-*.jsonl")
    assert b'"breakers":[]' in path.read_bytes()
    assert world.run().breakers == ()


# The rule itself, over made-up trouble.

BREAKER = Breaker(id="b", on=Trouble.FAILURES, count=3, seconds=60, halt=Reach.AGENT)


def trouble(second: int, *, agent: str = "bot", on: str = "mem", number: int = 1, kind: Trouble = Trouble.FAILURES) -> Mishap:
    at = f"2026-01-01T00:{second // 60:02}:{second % 60:02}.000000Z"
    return Mishap(kind=kind, agent=agent, connectors=(on,), run=f"r{number}", step=f"s{second}", number=number, at=at)


def told(*mishaps: Mishap, breaker: Breaker = BREAKER, acts: tuple[Act, ...] = ()) -> list[Scope]:
    watch = Watch(acts)
    for mishap in mishaps:
        watch.hear(mishap, [breaker])
    return [trip.scope for trip in watch.trips]


@pytest.mark.parametrize(("seconds", "trips"), [
    ((0, 30, 60), True),
    ((0, 30, 61), False),
    ((0, 30, 61, 90), True),
    ((0, 40, 80, 120), False),
    ((0, 0, 0), True),
])
def test_only_what_lies_within_one_window_counts_together(seconds, trips):
    assert bool(told(*map(trouble, seconds))) is trips


def test_a_clock_set_back_empties_no_window():
    assert told(trouble(3000), trouble(3010), trouble(10)) == [AGENT]


def test_agents_and_connectors_are_counted_apart_unless_all_is_halted():
    apart = [trouble(1, agent="a"), trouble(2, agent="b"), trouble(3, agent="c", on="crm")]
    assert told(*apart) == []
    per = Breaker(id="b", on=Trouble.FAILURES, count=2, seconds=60, halt=Reach.CONNECTOR)
    assert told(*apart, breaker=per) == [CONNECTOR]
    whole = Breaker(id="b", on=Trouble.FAILURES, count=3, seconds=60, halt=Reach.ALL)
    assert told(*apart, breaker=whole) == [ALL]


def test_only_the_agents_and_connectors_a_breaker_names_count():
    named = Breaker(id="b", on=Trouble.FAILURES, count=1, seconds=60, halt=Reach.ALL, agents=("bot",), connectors=("crm",))
    assert told(trouble(1), breaker=named) == []
    assert told(trouble(1, agent="other", on="crm"), breaker=named) == []
    assert told(trouble(1, on="crm"), breaker=named) == [ALL]


def test_the_rule_is_the_same_however_often_it_is_worked_out():
    watch = Watch()
    for mishap in map(trouble, range(5)):
        watch.hear(mishap, [BREAKER])
    (first,) = watch.trips
    again = Watch()
    for mishap in map(trouble, range(3)):
        again.hear(mishap, [BREAKER])
    assert first.halt == again.trips[0].halt
    assert halt_from_wire(halt_to_wire(first.halt)) == first.halt
    assert breaker_from_wire(breaker_to_wire(BREAKER)) == BREAKER
    assert isinstance(first.halt, Halt)


def plainly(mishaps: list[Mishap], lifts: list[int], breaker: Breaker) -> set[Scope]:
    """Say what stands, as slowly and plainly as the page does."""
    standing: dict[Scope, int] = {}
    for place, last in enumerate(mishaps):
        for scope in breaker.scopes(last):
            lift = max((number for number in lifts if number < last.number), default=0)
            if standing.get(scope, 0) > lift:
                continue
            counted = [
                one for one in mishaps[: place + 1]
                if scope in breaker.scopes(one) and one.number > lift and int(last.at[17:19]) - int(one.at[17:19]) <= breaker.seconds
            ]
            if len(counted) >= breaker.count:
                standing[scope] = last.number
    return {scope for scope, number in standing.items() if not any(lift > number for lift in lifts)}


@given(
    happened=st.lists(st.tuples(st.integers(0, 6), st.sampled_from("ab"), st.sampled_from("xy"), st.booleans()), max_size=30),
    count=st.integers(1, 4),
    seconds=st.integers(1, 20),
    halts=st.sampled_from(Reach),
    agents=st.sampled_from([(), ("a",)]),
    connectors=st.sampled_from([(), ("y",)]),
)
def test_counting_as_it_comes_says_the_same_as_counting_all_over(happened, count, seconds, halts, agents, connectors):
    breaker = Breaker(
        id="b", on=Trouble.FAILURES, count=count, seconds=seconds, halt=halts, agents=agents, connectors=connectors
    )
    second, mishaps, acts = 0, [], []
    for number, (later, agent, on, lifted) in enumerate(happened):
        second = min(second + later, 59)
        mishaps.append(trouble(second, agent=agent, on=on, number=2 * number + 1))
        if lifted:
            acts += [
                Act(id=f"{number}-{scope}", number=2 * number + 2, kind="unhalt", at="", body={"scope": scope_to_wire(scope)})
                for scope in (Scope(Reach.AGENT, "a"), Scope(Reach.AGENT, "b"), Scope(Reach.CONNECTOR, "x"),
                              Scope(Reach.CONNECTOR, "y"), ALL)
            ]
    found = set(told(*mishaps, breaker=breaker, acts=tuple(acts)))
    assert found == plainly(mishaps, sorted({act.number for act in acts}), breaker)
