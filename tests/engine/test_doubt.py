"""In doubt, honestly: nothing is repeated without a key or proof, and nothing that happened is forgotten."""

import pytest

from agentctl.connectors.layers import Sealed
from agentctl.engine.rollback import Selection
from agentctl.errors import Incomplete, Indeterminate, Unreachable
from agentctl.model.run import LeftStatus, RunStatus, StepStatus
from agentctl.testing import LostReply
from agentctl.workspace.previewing import preview_rollback
from agentctl.workspace.resolving import resolve

CREATE = "  - {id: make, action: mem.record.create, target: customers, with: {name: Ada}}\n"
UPDATE = "  - {id: set, action: mem.record.update, target: customers/42, with: {tier: annual}}\n"
SEND = "  - {id: tell, action: mem.note.send, target: outbox, with: {to: ada@example.org, text: hi}}\n"


class LostRequest(LostReply):
    """Nothing reaches the system, and nobody is told."""

    def execute(self, change, call):
        raise Indeterminate("Request lost", "the line went dead")


class Crashes(LostReply):
    """A connector with a bug: it acts, then raises what no connector may raise."""

    def execute(self, change, call):
        self._connector.execute(change, call)
        raise ZeroDivisionError("bug")


class CannotBeRead(LostReply):
    """The system goes away right after the effect."""

    gone = False

    def execute(self, change, call):
        receipt = self._connector.execute(change, call)
        self.gone = True
        return receipt

    def read(self, address):
        if self.gone:
            raise Unreachable("System gone", "no answer")
        return self._connector.read(address)


def settled(connector):
    return Sealed(connector)


def test_a_lost_reply_leaves_the_step_in_doubt_and_the_run_incomplete(world):
    world.memory.put("customers/42", {"tier": "monthly"})
    world.wrap = LostReply
    ended = world.apply(UPDATE)
    assert ended.ending.status is RunStatus.INCOMPLETE
    assert ended.ending.began
    assert world.run().step("set").status is StepStatus.IN_DOUBT


def test_an_update_that_took_effect_is_found_and_not_repeated(world):
    world.memory.put("customers/42", {"tier": "monthly"})
    world.wrap = LostReply
    first = world.apply(UPDATE)
    world.wrap = lambda connector: connector
    ended = world.resume()
    assert ended.ending.status is RunStatus.COMPLETE
    assert world.run(first.run).step("set").status is StepStatus.CONFIRMED
    assert world.memory.records["customers/42"] == {"tier": "annual"}


def test_an_update_that_never_arrived_is_done_by_resuming(world):
    world.memory.put("customers/42", {"tier": "monthly"})
    world.wrap = LostRequest
    world.apply(UPDATE)
    world.wrap = lambda connector: connector
    assert world.resume().ending.status is RunStatus.COMPLETE
    assert world.memory.records["customers/42"] == {"tier": "annual"}


def test_a_keyed_create_is_sent_again_under_its_key_and_happens_once(world):
    world.wrap = LostReply
    first = world.apply(CREATE)
    world.wrap = lambda connector: connector
    ended = world.resume()
    assert ended.ending.status is RunStatus.COMPLETE
    assert list(world.memory.records.values()) == [{"name": "Ada"}]
    old, new = world.run(first.run), world.run(ended.run)
    assert old.step("make").status is StepStatus.CONFIRMED
    assert old.step("make").resolved
    assert new.step("make").ids


def test_a_keyed_create_whose_resumption_dies_too_is_still_made_once(world):
    world.wrap = LostReply
    world.apply(CREATE)
    assert world.resume().ending.status is RunStatus.INCOMPLETE
    world.wrap = lambda connector: connector
    assert world.resume().ending.status is RunStatus.COMPLETE
    assert len(world.memory.records) == 1


def test_a_message_in_doubt_is_never_sent_again_by_itself(world):
    world.wrap = LostReply
    world.apply(SEND)
    world.wrap = lambda connector: connector
    with pytest.raises(Incomplete) as doubt:
        world.resume()
    assert "nothing that the system shows would prove it" in str(doubt.value)
    assert doubt.value.command.startswith("agentctl resolve ")
    assert len(world.memory.outbox) == 1


@pytest.mark.parametrize(("answer", "sent"), [("happened", 1), ("did-not", 2), ("skip", 1)])
def test_a_persons_word_settles_what_the_system_cannot_tell(world, answer, sent):
    world.wrap = LostReply
    run = world.apply(SEND).run
    world.wrap = lambda connector: connector
    resolve(world.workspace, run, "tell", answer, "I asked her")
    world.resume(run)
    assert len(world.memory.outbox) == sent
    assert world.run(run).step("tell").resolved == answer


def test_what_somebody_made_of_it_after_ours_is_neither_called_ours_nor_taken_back(world):
    world.memory.put("customers/42", {"tier": "monthly"})
    world.wrap = LostReply
    run = world.apply(UPDATE).run
    world.memory.put("customers/42", {"tier": "somebody else's"})
    world.wrap = lambda connector: connector
    assert world.resume().ending.status is RunStatus.COMPLETE
    assert world.run(run).step("set").observed == ()
    undoing = preview_rollback(world.workspace, world.run(), Selection())
    assert [left.status for left in undoing.left.values()] == [LeftStatus.REFUSED]
    assert world.memory.records["customers/42"] == {"tier": "somebody else's"}


@pytest.mark.parametrize("now", ["annual", "monthly", "somebody else's"])
def test_a_value_that_somebody_else_wrote_proves_nothing_of_what_never_arrived(world, now):
    world.memory.put("customers/42", {"tier": "monthly"})
    world.wrap = LostRequest
    run = world.apply(UPDATE).run
    world.memory.put("customers/42", {"tier": now})
    world.wrap = lambda connector: connector
    with pytest.raises(Incomplete):
        world.resume()
    assert world.run(run).step("set").status is StepStatus.IN_DOUBT
    assert world.memory.records["customers/42"] == {"tier": now}


def test_a_record_that_shows_neither_state_is_left_to_a_person(world):
    world.memory.put("customers/42", {"tier": "monthly"})
    world.wrap = LostRequest
    world.apply(UPDATE)
    world.memory.put("customers/42", {"tier": "somebody else's"})
    world.wrap = lambda connector: connector
    with pytest.raises(Incomplete):
        world.resume()
    assert world.memory.records["customers/42"] == {"tier": "somebody else's"}


def test_a_stray_exception_counts_as_may_have_happened(world):
    world.memory.put("customers/42", {"tier": "monthly"})
    world.wrap = lambda connector: settled(Crashes(connector))
    world.apply(UPDATE)
    step = world.run().step("set")
    assert step.status is StepStatus.IN_DOUBT
    assert "ZeroDivisionError" in step.reason


def test_an_effect_that_cannot_be_read_back_is_in_doubt_not_done(world):
    world.memory.put("customers/42", {"tier": "monthly"})
    world.wrap = CannotBeRead
    world.apply(UPDATE)
    assert world.run().step("set").status is StepStatus.IN_DOUBT


def test_what_was_sent_again_can_be_rolled_back(world):
    world.wrap = LostReply
    world.apply(CREATE)
    world.wrap = lambda connector: connector
    ended = world.resume()
    workspace = world.workspace
    undoing = preview_rollback(workspace, workspace.run(ended.run), Selection())
    world.carry_out(undoing.preview, left=undoing.left)
    assert world.memory.records == {}


def test_a_step_left_be_on_a_persons_word_stays_so_however_often_the_run_goes_on(world):
    world.wrap = LostReply
    run = world.apply(SEND + "  - {id: free, action: mem.record.create, target: c/1, with: {a: 1}, needs: []}\n").run
    resolve(world.workspace, run, "tell", "skip", "not needed")
    world.resume(run)       # its reply is lost as well
    world.wrap = lambda connector: connector
    assert world.resume().ending.status is RunStatus.COMPLETE
    assert len(world.memory.outbox) == 1
