"""What a network does to a request, kind of settlement by kind: nothing twice, nothing claimed that is not so."""

from __future__ import annotations

import itertools

import pytest

from agentctl.engine.rollback import Selection
from agentctl.errors import Incomplete, Indeterminate
from agentctl.model.run import LeftStatus, RunStatus, StepStatus
from agentctl.workspace.previewing import preview_rollback
from agentctl.workspace.resolving import resolve
from tests.doubt.office import DONE, Fault

STEPS = {
    "conditional": "  - {id: s, action: mem.record.update, target: records/42, with: {tier: annual}}\n",
    "keyed": "  - {id: s, action: mem.ticket.create, target: tickets, with: {title: hello}}\n",
    "find": "  - {id: s, action: mem.note.create, target: notes, with: {text: hello}}\n",
    "ask": "  - {id: s, action: mem.mail.send, target: mails, with: {to: ada}}\n",
}
LOST = [fault for fault in Fault if fault not in (Fault.NONE, Fault.CLAIMED)]
MATRIX = list(itertools.product(STEPS, LOST, ("lived", "died")))
# What resuming finds out by itself where no person is asked; else the step stays in doubt.
PROVEN = {
    "conditional": set(LOST),                   # the mark shows it, or the token has not moved and it is sent again
    "keyed": set(LOST),
    "find": DONE & set(LOST),                   # finding nothing proves nothing
    "ask": set(),
}


class Killed(BaseException):
    """The process is no more: nothing after the call is recorded."""


class Dies:
    """Ends where the reply was lost, as a process does that dies then."""

    def __init__(self, connector) -> None:
        self._connector = connector

    def __getattr__(self, name):
        return getattr(self._connector, name)

    def execute(self, change, call):
        try:
            return self._connector.execute(change, call)
        except Indeterminate as error:
            raise Killed from error


def begin(world, kind: str, fault: Fault, end: str = "lived") -> str:
    """Apply the step of ``kind`` under ``fault``; return the run, in which it is in doubt."""
    world.office.faults.append(fault)
    if end == "died":
        world.wrap = Dies
        with pytest.raises(Killed):
            world.apply(STEPS[kind])
        world.wrap = lambda connector: connector
    else:
        world.apply(STEPS[kind])
    run = world.run()
    expected = StepStatus.STARTED if end == "died" else StepStatus.IN_DOUBT
    assert run.step("s").status is expected
    return run.id


def go_on(world) -> bool:
    """Resume the run; return whether it is over."""
    try:
        return world.resume().ending.status is RunStatus.COMPLETE
    except Incomplete:
        return False


def answer_truly(world) -> None:
    """Be the person who looks into the system."""
    resolve(world.workspace, "latest", "s", "happened" if world.office.effects else "did-not", "I looked")


def undo(world) -> None:
    undoing = preview_rollback(world.workspace, world.run(), Selection())
    world.carry_out(undoing.preview, left=undoing.left)


@pytest.mark.parametrize("kind, fault, end", MATRIX, ids=lambda part: getattr(part, "value", part))
def test_what_was_lost_is_done_once_or_left_to_a_person(beside, kind, fault, end):
    world = beside()
    run = begin(world, kind, fault, end)
    over = go_on(world)
    assert over == (fault in PROVEN[kind])
    assert over == (world.run(run).step("s").status is StepStatus.CONFIRMED)
    world.office.land()
    if not over:
        assert world.run(run).step("s").status in (StepStatus.STARTED, StepStatus.IN_DOUBT)
        answer_truly(world)
        assert go_on(world)
    assert len(world.office.effects) == 1
    if kind != "ask":
        undo(world)
        assert world.office.records == {"/records/42": {"tier": "monthly"}}


@pytest.mark.parametrize("kind", ["conditional", "keyed", "find"])
def test_a_success_that_changed_nothing_is_never_called_done(beside, kind):
    world = beside()
    world.office.faults.append(Fault.CLAIMED)
    world.apply(STEPS[kind])
    assert world.run().step("s").status is StepStatus.DEVIATED
    assert world.office.effects == []


@pytest.mark.parametrize("kind", ["conditional", "keyed"])
def test_a_late_request_that_lands_between_our_look_and_our_sending_again_acts_once(beside, kind):
    world = beside()
    run = begin(world, kind, Fault.LATE)
    world.office.lands_before = True
    if not go_on(world):        # the system refused the second, as it should: the first is found by its mark
        assert world.run().step("s").status is StepStatus.IN_DOUBT
        assert go_on(world)
    assert len(world.office.effects) == 1
    assert world.run(run).step("s").status is StepStatus.CONFIRMED


@pytest.mark.parametrize("kind", ["conditional", "keyed"])
def test_sending_again_can_be_lost_as_often_as_it_likes(beside, kind):
    world = beside()
    begin(world, kind, Fault.UNHEARD)
    for fault in (Fault.RESET_BEFORE, Fault.LATE, Fault.UNHEARD):
        world.office.faults.append(fault)
        assert not go_on(world)
        assert world.run().step("s").status is StepStatus.IN_DOUBT
    assert go_on(world)
    world.office.land()
    assert len(world.office.effects) == 1


def test_what_is_refused_when_sent_again_is_not_called_undone(beside):
    world = beside(marks=False)
    begin(world, "conditional", Fault.LATE)
    world.office.lands_before = True
    assert not go_on(world)
    step = world.run().step("s")
    assert step.status is StepStatus.IN_DOUBT
    assert "sent again, it was not taken" in step.reason
    assert len(world.office.effects) == 1


@pytest.mark.parametrize("tier", ["annual", "monthly", "other"])
@pytest.mark.parametrize("marks", [True, False])
def test_values_that_somebody_else_wrote_prove_neither_that_it_happened_nor_that_it_did_not(beside, marks, tier):
    world = beside(marks=marks)
    run = begin(world, "conditional", Fault.UNHEARD)
    world.office.put("/records/42", {"tier": tier})
    assert not go_on(world)
    assert world.run(run).step("s").status is StepStatus.IN_DOUBT
    assert len(world.office.requests) == 1


@pytest.mark.parametrize("fault", [Fault.REPLY_LOST, Fault.UNHEARD])
def test_a_record_that_went_there_and_back_is_not_written_a_second_time(beside, fault):
    world = beside()
    begin(world, "conditional", fault)
    world.office.put("/records/42", {"tier": "annual"})
    world.office.put("/records/42", {"tier": "monthly"})
    assert not go_on(world)
    assert len(world.office.requests) == 1


def test_the_result_without_a_mark_is_left_to_a_person(beside):
    world = beside(marks=False)
    begin(world, "conditional", Fault.REPLY_LOST)
    with pytest.raises(Incomplete, match="not who brought it about"):
        world.resume()


def test_a_key_the_system_may_have_forgotten_is_not_sent_again(beside):
    world = beside(key_lifetime=30)
    begin(world, "keyed", Fault.REPLY_LOST)
    world.office.keys.clear()
    with pytest.raises(Incomplete, match="it could act twice"):
        world.resume()
    assert len(world.office.requests) == 1


def test_a_record_nobody_can_name_is_not_said_to_be_undone(beside):
    world = beside(key_lifetime=30)
    begin(world, "keyed", Fault.REPLY_LOST)
    assert not go_on(world)
    answer_truly(world)
    assert go_on(world)
    undoing = preview_rollback(world.workspace, world.run(), Selection())
    assert [left.status for left in undoing.left.values()] == [LeftStatus.IRREVERSIBLE]
    assert len(world.office.effects) == 1


MAKES = {
    "keyed": STEPS["keyed"],
    "find": STEPS["find"],
}
THEN = "  - {id: then, action: mem.record.update, target: records/42, with: {about: {$from: steps.s.receipt.id}}}\n"


@pytest.mark.parametrize("kind", MAKES)
def test_what_the_system_named_is_found_by_key_or_mark_and_later_steps_speak_of_it(beside, kind):
    world = beside()
    world.office.put("/notes/7", {"text": "hello"})         # the same in words, and not ours
    world.office.serial = 7
    begin(world, kind, Fault.REPLY_LOST)
    undo_from = world.run().id
    assert go_on(world)
    assert world.run(undo_from).step("s").ids == {"id": "8"}


@pytest.mark.parametrize("kind", MAKES)
def test_a_lost_id_reaches_the_next_step_and_the_right_record_is_undone(beside, kind):
    world = beside()
    world.office.faults.append(Fault.REPLY_LOST)
    world.apply(MAKES[kind] + THEN)
    world.office.put("/notes/7", {"text": "hello"})
    assert go_on(world)
    assert world.office.records["/records/42"] == {"tier": "monthly", "about": "1"}
    undo(world)
    assert world.office.records == {"/records/42": {"tier": "monthly", "about": None}, "/notes/7": {"text": "hello"}}


def test_a_person_who_is_wrong_that_it_did_not_happen_is_met_by_the_system(beside):
    world = beside(marks=False)
    begin(world, "conditional", Fault.LATE)
    world.office.put("/records/42", {"tier": "monthly"})    # its token moved: nobody but a person can say
    assert not go_on(world)
    resolve(world.workspace, "latest", "s", "did-not", "I looked too early")
    world.office.land()
    assert go_on(world)
    assert len(world.office.effects) == 1       # the late one was refused: its token was gone


def test_a_step_that_speaks_of_an_id_nobody_knows_does_not_run(beside):
    world = beside(key_lifetime=30)
    world.office.faults.append(Fault.REPLY_LOST)
    world.apply(STEPS["keyed"] + THEN)
    assert not go_on(world)
    answer_truly(world)
    assert not go_on(world)
    assert world.run().step("then").status in (StepStatus.REFUSED, StepStatus.FAILED)
    assert world.office.records["/records/42"] == {"tier": "monthly"}
