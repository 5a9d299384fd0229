"""What on-call types when a step is in doubt: every answer, every mistake, against a system on a real port."""

from __future__ import annotations

import signal
import threading

import pytest

from agentctl.errors import Exit
from tests.doubt.office import Fault
from tests.e2e.house import PATIENCE, House, step

MAIL = step("tell", "office.mail.send", "mails", {"to": "ada@example.com"})
AFTER = step("after", "office.record.update", "records/42", {"tier": "annual"}, needs=["tell"])
ANSWERS = ("yes", "send 1")


def doubted(house: House, office, fault: Fault = Fault.REPLY_LOST, *steps) -> str:
    office.faults.append(fault)
    told = house.typed("apply", house.plan(*(steps or (MAIL, AFTER))), answers=ANSWERS)
    assert told.code == Exit.INCOMPLETE, told.all
    return house.runs()[-1]


def resolved(house: House) -> dict:
    return [record["body"] for record in house.records() if record["kind"] == "step_resolved"][-1]


@pytest.mark.parametrize("answer, mails, tier, code", [
    ("--happened", 1, "annual", Exit.OK), ("--did-not", 2, "annual", Exit.OK), ("--skip", 1, "monthly", Exit.INCOMPLETE),
])
def test_each_answer_is_recorded_and_does_what_it_says(plugged, office, answer, mails, tier, code):
    run = doubted(plugged, office)
    stuck = plugged.run("apply", "--resume", run)
    assert stuck.code == Exit.INCOMPLETE
    assert f"agentctl resolve {run} tell --happened" in stuck.err
    shown = plugged.run("show", run).out
    for offered in ("--happened", "--did-not", "--skip"):
        assert f"agentctl resolve {run} tell {offered} --reason" in " ".join(shown.split())
    told = plugged.run("resolve", run, "tell", answer, "--reason", "I asked\n\x1b[31mher")
    assert told.code == Exit.OK, told.all
    body = resolved(plugged)
    assert (body["answer"], body["by"], body["of"]) == (answer[2:], "maria", run)
    settled = next(line for line in plugged.run("show", run).out.splitlines() if line.strip().startswith("settled"))
    assert settled.split()[1:4] == [answer[2:], "said", "maria,"]
    (answered,) = [step["answered"] for step in plugged.run("show", run, "--format", "json").json["steps"] if step["answered"]]
    assert (answered["by"], answered["at"]) == ("maria", plugged.records()[-1]["time"])
    went = plugged.typed("apply", "--resume", run, answers=ANSWERS)
    assert went.code == code, went.all
    assert sum(method == "POST" for method, _ in office.effects) == mails
    assert office.records["/records/42"]["tier"] == tier
    told = plugged.run("show", run)
    assert "\x1b" not in told.all
    assert answer[2:] in told.out


def test_a_wrong_way_to_answer_says_which_is_right_and_records_nothing(plugged, office):
    run = doubted(plugged, office)
    before = len(plugged.records())
    tries = {
        ("resolve", run, "tell", "--happened"): "--reason",
        ("resolve", run, "tell", "--happened", "--reason", " "): "--reason must say why",
        ("resolve", run, "tell", "--reason", "x"): "exactly one of",
        ("resolve", run, "tell", "--happened", "--skip", "--reason", "x"): "exactly one of",
        ("resolve", run, "nothing", "--happened", "--reason", "x"): "in doubt: `tell`",
        ("resolve", run, "after", "--happened", "--reason", "x"): "in doubt: `tell`",
        ("resolve", "0000", "tell", "--happened", "--reason", "x"): "run",
    }
    for arguments, words in tries.items():
        told = plugged.run(*arguments)
        assert told.code == Exit.USAGE, told.all
        assert words in told.err
    assert len(plugged.records()) == before


def test_an_answer_counts_once_and_only_for_the_run_that_is_latest(plugged, office):
    first = doubted(plugged, office, Fault.UNHEARD, step("open", "office.ticket.create", "tickets", {"title": "x"}))
    office.faults.append(Fault.UNHEARD)
    assert plugged.run("apply", "--resume", first).code == Exit.INCOMPLETE
    second = plugged.runs()[-1]
    late = plugged.run("resolve", first, "open", "--did-not", "--reason", "x")
    assert late.code == Exit.USAGE
    assert f"agentctl show {second}" in late.err
    assert plugged.run("resolve", second, "open", "--did-not", "--reason", "x").code == Exit.OK
    assert "in doubt: none" in plugged.run("resolve", second, "open", "--happened", "--reason", "y").err
    assert plugged.run("apply", "--resume", second).code == Exit.OK
    assert len(office.effects) == 1


def test_a_rollback_leaves_what_is_in_doubt_and_says_so(plugged, office):
    office.faults.append(Fault.NONE)
    put = step("set", "office.record.update", "records/42", {"tier": "annual"})
    run = doubted(plugged, office, Fault.REPLY_LOST, put, MAIL)
    told = plugged.typed("rollback", run)
    assert told.code == Exit.INCOMPLETE, told.all
    assert "agentctl resolve" in told.all
    assert office.records["/records/42"] == {"tier": "monthly"}
    assert len([1 for method, _ in office.effects if method == "POST"]) == 1


def test_what_a_rollback_may_have_put_back_no_second_rollback_puts_there_again(plugged, office):
    office.put("/notes/7", {"text": "keep me"})
    plan = plugged.plan(step("drop", "office.note.drop", "notes/7"))
    assert plugged.typed("apply", plan).code == Exit.OK
    run = plugged.runs()[-1]
    office.faults.append(Fault.LATE)
    assert plugged.typed("rollback", run).code == Exit.INCOMPLETE
    first = plugged.runs()[-1]
    told = plugged.typed("rollback", run)
    office.land()
    assert told.code == Exit.INCOMPLETE, told.all
    assert f"step `undo-drop` of run {first} may have undone it" in " ".join(told.all.split())
    assert [record for path, record in office.records.items() if path.startswith("/notes/")] == [{"text": "keep me"}]
    assert plugged.typed("apply", "--resume", first).code == Exit.OK
    assert plugged.typed("rollback", run).code == Exit.OK


@pytest.mark.parametrize("wire", [
    step("it", "office.record.update", "records/42", {"tier": "annual"}),
    step("it", "office.ticket.create", "tickets", {"title": "x"}),
    step("it", "office.note.create", "notes", {"text": "x"}),
], ids=["conditional", "keyed", "find"])
def test_a_process_killed_while_its_request_is_on_its_way_acts_once(plugged, office, wire):
    plugged.change("agentctl.yaml", lambda file: file["connectors"]["office"].update(timeout=60))
    office.faults.append(Fault.LATE)
    with plugged.sitting("apply", plugged.plan(wire)) as sitting:
        killer = threading.Thread(target=lambda: office.got.wait(PATIENCE) and sitting.signal(signal.SIGKILL))
        killer.start()
        assert sitting.ended().code == -signal.SIGKILL
        killer.join()
    plugged.run("apply", "--resume", "latest")
    office.land()
    told = plugged.run("apply", "--resume", "latest")
    assert told.code == Exit.OK or "Nothing to resume" in told.err, told.all
    assert len(office.effects) == 1
    assert plugged.typed("rollback", "latest", answers=("yes", "remove 1")).code == Exit.OK
    assert office.records == {"/records/42": {"tier": "monthly"}}
