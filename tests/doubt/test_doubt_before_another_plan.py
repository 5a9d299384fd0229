"""What may have been done already is not done under a new consent: not by the same plan, not by one that asks for the same."""

from __future__ import annotations

import json
import signal

import pytest

from agentctl.errors import Exit
from tests.e2e.house import create, step, update

NOTE = {"to": "a@example.com", "text": "hi"}
ANSWERS = ("yes", "send 1")


def note(name="note", **more):
    return step(name, "mem.note.send", "outbox", NOTE | more)


@pytest.fixture
def doubtful(house):
    """Return the run that was killed while it sent a note, and nobody knows whether it went out."""
    house.plan(note())
    with house.memory_is_busy() as over, house.sitting("apply", "plan.yaml", answers=ANSWERS) as sitting:
        sitting.until("note  mem.note.send  outbox …")
        sitting.signal(signal.SIGKILL)
        sitting.ended()
        over()
    (run,) = house.runs()
    return run


@pytest.mark.parametrize("again", [
    {"steps": [note()]},
    {"steps": [note()], "repeat": ("--again", "1")},
    {"steps": [note("told" )], "intent": "Tell them, in other words."},
    {"steps": [update("tier"), note("last")], "intent": "With something harmless before it."},
], ids=["same plan", "again", "another plan", "among others"])
def test_who_applies_it_anew_is_told_by_which_run_it_may_have_been_done_and_nothing_is_executed(house, doubtful, again):
    plan = house.plan(*again["steps"], **({"intent": again["intent"]} if "intent" in again else {}))
    before = house.outbox(), house.memory()
    subject = plan
    if "repeat" in again:
        document = json.loads(house.run("plan", plan, *again["repeat"], "--format", "json").out)
        subject = document["short"]
    told = house.typed("apply", subject, answers=ANSWERS)
    assert told.code == Exit.REFUSED, told.all
    assert "A step is in doubt" in told.all
    assert f"agentctl apply --resume {doubtful}" in told.all
    assert (house.outbox(), house.memory()) == before
    assert house.runs() == [doubtful]


def test_who_reviews_the_plan_sees_it_first_and_in_every_form(house, doubtful):
    plan = house.plan(note("told"), update("tier"), intent="Once more.")
    told = house.run("plan", plan)
    assert told.code == Exit.REFUSED
    assert told.out.index("1 step may have been done already") < told.out.index("The agent says")
    document = house.run("plan", plan, "--format", "json").json
    assert [step["doubt"] for step in document["steps"]] == [{"run": doubtful, "step": "note"}, None]
    assert document["summary"]["in_doubt"] == 1
    for form in ("sarif", "junit", "github", "markdown"):
        assert f"run {doubtful}" in house.run("plan", plan, "--format", form).out, form


def test_what_differs_in_anything_is_another_deed(house, doubtful):
    told = house.typed("apply", house.plan(note(text="bye"), intent="Another note."), answers=ANSWERS)
    assert told.code == Exit.OK, told.all


def test_what_shows_in_the_system_needs_no_word_of_a_person(house):
    house.plan(create("made", "7"))
    with house.memory_is_busy() as over, house.sitting("apply", "plan.yaml") as sitting:
        sitting.until("made  mem.record.create")
        sitting.signal(signal.SIGKILL)
        sitting.ended()
        over()
    told = house.typed("apply", "plan.yaml")
    assert told.code == Exit.OK, told.all
    assert "customers/7" in house.memory()


@pytest.mark.parametrize("answer, sent", [("--did-not", 1), ("--skip", 1), ("--happened", 0)])
def test_once_a_person_has_said_what_became_of_it_the_plan_can_be_applied(house, doubtful, answer, sent):
    count = len(house.outbox())
    assert house.run("resolve", doubtful, "note", answer, "--reason", "I looked").code == Exit.OK
    told = house.typed("apply", "plan.yaml", answers=ANSWERS)
    assert told.code == Exit.OK, told.all
    assert len(house.outbox()) == count + sent
