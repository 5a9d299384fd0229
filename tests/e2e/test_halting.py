"""The kill switch as people use it: from another terminal, in the middle of a run, at 2 a.m."""

from __future__ import annotations

import pytest

from agentctl.errors import Exit
from tests.e2e.house import House, create, update

WHY = "it halves prices"


@pytest.mark.parametrize("scope", [("--agent", "helper"), ("--connector", "mem"), ("--all",)], ids=" ".join)
def test_halting_from_another_terminal_stops_a_run_before_its_next_step(house: House, scope):
    house.plan(update("tier"), create("after"))
    with house.memory_is_busy() as over, house.sitting("apply", "plan.yaml") as sitting:
        sitting.until("tier  mem.record.update  customers/1 …")
        (run,) = house.runs()
        told = house.run("halt", *scope, "--reason", WHY)
        assert told.code == Exit.OK, told.all
        assert run in told.err, "who is in the way of recording it is named"
        assert WHY in house.run("show").out
        over()
        ended = sitting.ended()
    assert ended.code == Exit.INCOMPLETE
    assert "! ended: halted before step `after`: " in ended.err
    assert f"agentctl unhalt {' '.join(scope)} --reason …" in ended.err
    assert house.memory() == {"customers/1": {"tier": "annual", "seats": 3}}
    assert house.records()[-1]["kind"] == "halt", "the run recorded it before it let go"
    assert house.run("verify").code == Exit.OK
    refused = house.typed("apply", "--resume", run)
    assert refused.code == Exit.REFUSED
    assert house.run("unhalt", *scope, "--reason", "fixed").code == Exit.OK
    assert house.typed("apply", "--resume", run).code == Exit.OK
    assert len(house.memory()) == 2


def test_what_is_halted_is_told_by_plan_show_and_runs_and_lifted_by_the_command_they_give(house: House):
    house.plan(update("tier"))
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    house.plan(create("after"))
    assert house.run("halt", "--agent", "helper", "--reason", WHY).code == Exit.OK
    planned = house.run("plan", "plan.yaml")
    assert planned.code == Exit.REFUSED
    assert "! 1 step is halted" in planned.out
    assert "1 step: 1 halted." in planned.out
    assert "Halted: nothing of this plan can be executed" in planned.out
    assert "denied" not in planned.out.lower(), "policy is not blamed for what a person did"
    for told in (planned, house.run("show"), house.run("runs")):
        assert "agent `helper` is halted since" in told.out
        assert WHY in told.out
        assert "agentctl unhalt --agent helper --reason …" in told.out
    (halt,) = house.run("runs", "--format", "json").json["halts"]
    assert (halt["scope"], halt["reason"]) == ({"reach": "agent", "name": "helper"}, WHY)
    applied = house.typed("apply", "plan.yaml")
    assert applied.code == Exit.REFUSED
    assert "error: Halted" in applied.err
    assert "Type" not in applied.err, "nobody is asked to consent to what cannot be done"
    assert house.run("unhalt", "--agent", "helper", "--reason", "fixed").code == Exit.OK
    assert "halted" not in house.run("runs").out
    assert house.typed("apply", "plan.yaml").code == Exit.OK


def test_on_call_can_look_verify_and_roll_back_while_everything_is_halted(house: House):
    before = house.memory()
    house.plan(update("tier"))
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    assert house.run("halt", "--all", "--reason", WHY).code == Exit.OK
    assert house.run("show").code == Exit.OK
    assert house.run("verify").code == Exit.OK
    rolled = house.typed("rollback", "latest")
    assert rolled.code == Exit.OK, rolled.all
    assert house.memory() == before


@pytest.mark.parametrize("wrong", [
    ("halt", "--all"),
    ("halt", "--reason", "why"),
    ("halt", "--all", "--agent", "helper", "--reason", "why"),
    ("halt", "--connector", "men", "--reason", "why"),
    ("unhalt", "--all", "--reason", "why"),
], ids=" ".join)
def test_a_halt_that_is_not_clear_is_a_usage_error_and_halts_nothing(house: House, wrong):
    told = house.run(*wrong)
    assert told.code == Exit.USAGE, told.all
    assert house.run("runs", "--format", "json").json["halts"] == []
