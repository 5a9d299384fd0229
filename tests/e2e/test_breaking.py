"""Circuit breakers as on-call meets them: real processes, real systems, a machine that dies, people who look and lift."""

from __future__ import annotations

import json
import os
import pty
import signal
from pathlib import Path

import pytest

from agentctl.errors import Exit
from tests.e2e.forked import begin
from tests.e2e.house import House, Sitting, create, step, update

DIE_AT = Path(__file__).with_name("die_at.py")
TRIGGER = "CREATE TRIGGER no BEFORE INSERT ON customers WHEN NEW.name LIKE 'bad%' BEGIN SELECT RAISE(ABORT, 'no'); END"
BREAKER = {"id": "helper-fails", "on": "failures", "count": 2, "per": "1h", "halt": "agent"}
LIFT = "agentctl unhalt --agent helper --reason …"


def bad(id: str) -> dict:
    return step(id, "crm.row.insert", "customers", {"name": f"bad {id}"}, needs=[])


def good(id: str, key: str) -> dict:
    return {**create(id, key), "needs": []}


@pytest.fixture
def guarded(house: House) -> House:
    """A workspace with a breaker, and a system that refuses customers with a bad name."""
    house.sql(TRIGGER)
    house.change("policy.yaml", lambda policy: policy.update(breakers=[BREAKER]))
    return house


def test_a_run_that_trips_a_breaker_stops_and_everything_says_so(guarded: House):
    guarded.plan(bad("one"), good("ok", "8"), bad("two"), good("later", "9"), on_failure="continue")
    ended = guarded.typed("apply", "plan.yaml")
    (run,) = guarded.runs()
    assert ended.code == Exit.INCOMPLETE
    assert "customers/8" in guarded.memory()
    assert "customers/9" not in guarded.memory(), "nothing begins after the failure that trips it"
    assert "by breaker helper-fails: 2 failures within 1h" in ended.err
    assert LIFT in ended.err
    guarded.plan(update("tier"), name="next.yaml")
    planned = guarded.run("plan", "next.yaml")
    assert planned.code == Exit.REFUSED
    assert f"To see what went wrong:\n    agentctl show {run}\n" in planned.out
    for told in (planned, guarded.run("show"), guarded.run("runs"), guarded.run("policy", "explain", "next.yaml")):
        assert "breaker helper-fails" in told.out
        assert LIFT in told.out
    refused = guarded.typed("apply", "next.yaml")
    assert refused.code == Exit.REFUSED
    assert f"agentctl show {run}" in refused.err
    assert LIFT in refused.err
    (halt,) = guarded.run("runs", "--format", "json").json["halts"]
    assert (halt["tripped"]["breaker"], halt["look"], halt["lift"]) == ("helper-fails", f"agentctl show {run}", LIFT)
    assert guarded.run("apply", "--resume", run).code == Exit.REFUSED
    assert guarded.run("verify").code == Exit.OK
    assert guarded.run("state", "list").code == Exit.OK


def test_a_program_that_watches_hears_of_the_halt_as_it_comes(guarded: House):
    guarded.plan(bad("one"), bad("two"), on_failure="continue")
    told = guarded.typed("apply", "plan.yaml", "--json")
    assert told.code == Exit.UNREACHABLE, "nothing was done, and nothing was left to halt"
    events = [json.loads(line) for line in told.err.splitlines() if line.startswith("{")]
    assert [event["type"] for event in events][-2:] == ["run_finished", "halt"]
    assert (events[-1]["tripped"]["breaker"], events[-1]["lift"]) == ("helper-fails", LIFT)


def test_lifted_it_goes_on_under_the_same_consent_and_the_run_tells_who_lifted_it(guarded: House):
    guarded.plan(bad("one"), bad("two"), good("later", "9"), on_failure="continue")
    assert guarded.typed("apply", "plan.yaml").code == Exit.REFUSED
    (run,) = guarded.runs()
    guarded.sql("DROP TRIGGER no")
    lifted = guarded.run("unhalt", "--agent", "helper", "--reason", "the trigger is gone")
    assert lifted.code == Exit.OK
    assert guarded.typed("apply", "--resume", run).code == Exit.OK
    assert "customers/9" in guarded.memory()
    told = guarded.run("show", run)
    assert "breaker helper-fails, 2 failures within 1h: agent `helper` halted, lifted by on-call-1" in told.out
    assert "the trigger is gone" in told.out


def test_an_apply_that_waits_for_the_lock_is_stopped_by_what_trips_before_it_gets_there(guarded: House):
    guarded.plan(good("slow", "7"), bad("one"), bad("two"), name="first.yaml", on_failure="continue")
    guarded.plan(update("tier"), name="second.yaml")
    with guarded.memory_is_busy() as over, guarded.sitting("apply", "first.yaml") as first:
        first.until("slow  mem.record.create  customers/7 …")
        with guarded.sitting("apply", "second.yaml", "--lock-timeout", "60s") as second:
            second.until("Only `yes` is accepted: yes")
            over()
            assert first.ended().code == Exit.INCOMPLETE
            ended = second.ended()
    assert ended.code == Exit.REFUSED, ended.err
    assert "breaker helper-fails" in ended.err
    assert guarded.memory()["customers/1"]["tier"] == "monthly"


@pytest.mark.parametrize("moment", range(20, 140, 12))
def test_a_kill_at_any_moment_loses_no_trip(guarded: House, moment):
    """From the second failure on the agent is halted, though nobody lived to say so."""
    guarded.plan(good("ok", "8"), bad("one"), bad("two"), good("later", "9"), on_failure="continue")
    master, slave = pty.openpty()
    process = begin(
        [str(moment), "apply", "plan.yaml"], program=str(DIE_AT), cwd=guarded.root, environ=guarded.environ(),
        files=(slave, slave, slave), session=True,
    )
    os.close(slave)
    told = Sitting(process, master, ["yes"]).ended()
    code = told.code
    os.close(master)
    assert code in (-signal.SIGKILL, Exit.INCOMPLETE), told.err
    failed = sum(record["kind"] == "step_failed" for record in guarded.records())
    halts = guarded.run("runs", "--format", "json").json["halts"]
    assert [halt["by"] for halt in halts] == (["breaker helper-fails"] if failed == 2 else [])
    guarded.plan(update("tier"))
    assert guarded.typed("apply", "plan.yaml").code == (Exit.REFUSED if failed == 2 else Exit.OK)
    if failed == 2:
        assert guarded.run("unhalt", "--agent", "helper", "--reason", "looked into").code == Exit.OK
        assert guarded.run("runs", "--format", "json").json["halts"] == []
        acts = [(record["kind"], record["body"]["by"]) for record in guarded.records() if record["kind"].endswith("halt")]
        assert acts == [("halt", "breaker helper-fails"), ("unhalt", "maria")], "told once, by whoever got the lock next"
    assert guarded.run("verify").code == Exit.OK


@pytest.mark.parametrize("name", ["helper2", "reader"])
def test_an_agent_that_calls_itself_something_else_gets_no_further(guarded: House, name):
    guarded.plan(bad("one"), bad("two"), on_failure="continue")
    guarded.typed("apply", "plan.yaml")
    guarded.plan(update("tier"), agent=name)
    assert guarded.typed("apply", "plan.yaml").code in (Exit.REFUSED, Exit.INVALID)
    assert guarded.memory()["customers/1"]["tier"] == "monthly"


def test_with_everything_halted_on_call_can_still_look_resolve_verify_and_put_back(guarded: House):
    before = guarded.memory()
    guarded.plan(update("tier"), good("slow", "7"))
    with guarded.memory_is_busy() as over, guarded.sitting("apply", "plan.yaml") as sitting:
        sitting.until("tier  mem.record.update  customers/1 …")
        (run,) = guarded.runs()
        sitting.signal(signal.SIGKILL)
        sitting.ended()
        over()
    guarded.change("policy.yaml", lambda policy: policy.update(breakers=[{**BREAKER, "count": 1, "halt": "all"}]))
    guarded.plan(bad("one"), name="bad.yaml")
    assert guarded.typed("apply", "bad.yaml").code == Exit.UNREACHABLE
    assert [halt["scope"]["reach"] for halt in guarded.run("runs", "--format", "json").json["halts"]] == ["all"]
    assert guarded.run("halt", "--connector", "mem", "--reason", "me too").code == Exit.OK
    for command in (
        ("show",), ("show", run), ("show", run, "--step", "tier"), ("runs",), ("verify",), ("drift",), ("state", "list"),
        ("policy", "show"), ("validate", "plan.yaml"),
    ):
        told = guarded.run(*command)
        assert told.code == Exit.OK, f"{command}: {told.all}"
    did = "--happened" if guarded.memory()["customers/1"]["tier"] == "annual" else "--did-not"
    assert guarded.run("resolve", run, "tier", did, "--reason", "I looked").code == Exit.OK
    assert guarded.typed("apply", "--resume", run).code == Exit.REFUSED
    if did == "--happened":
        assert guarded.typed("rollback", run).code == Exit.OK
    assert guarded.memory() == before


def test_text_from_elsewhere_in_a_halt_reaches_no_terminal_as_it_is(guarded: House):
    hostile = "a\x1b[2Jb\u202ec\x07\u2028d"
    assert guarded.run("halt", "--all", "--reason", hostile).code == Exit.OK
    guarded.plan(update("tier"))
    for command in (("runs",), ("plan", "plan.yaml"), ("apply", "plan.yaml"), ("unhalt", "--all", "--reason", hostile)):
        told = guarded.run(*command)
        assert not {"\x1b", "\u202e", "\x07", "\u2028"} & set(told.all), command


def test_only_on_call_lifts_where_policy_says_so(guarded: House):
    guarded.change("policy.yaml", lambda policy: policy.update(unhalt={"from": ["on-call"]}))
    assert guarded.run("halt", "--all", "--reason", "why", LOGNAME="eve").code == Exit.OK
    refused = guarded.run("unhalt", "--all", "--reason", "why", LOGNAME="eve")
    assert refused.code == Exit.REFUSED
    assert "Let one of them do it: on-call-1." in refused.err
    assert guarded.run("unhalt", "--all", "--reason", "why").code == Exit.OK
