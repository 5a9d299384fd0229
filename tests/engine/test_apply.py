"""The one loop with consequences: recorded ahead, compared again, read back, and stopped where it must."""

import json
from dataclasses import replace

import pytest

from agentctl.connectors.base import Receipt
from agentctl.engine.rollback import Selection
from agentctl.errors import Invalid, Locked, Stale, Tampered, Unreachable, Usage
from agentctl.model.decision import Consent
from agentctl.model.run import LeftStatus, RunStatus, StepStatus
from agentctl.model.state import Head
from agentctl.store.state import encode
from agentctl.testing import LostReply
from agentctl.workspace.drifting import drift
from agentctl.workspace.previewing import preview_of, preview_rollback
from agentctl.workspace.projecting import load_state, rebuild
from agentctl.workspace.unlocking import locked

UPDATE = "  - {id: set, action: mem.record.update, target: customers/42, with: {tier: annual}}\n"
TWICE = """\
  - {id: one, action: mem.record.update, target: customers/42, with: {tier: annual}}
  - {id: two, action: mem.record.update, target: customers/42, with: {note: was annual}}
"""
CHAIN = """\
  - {id: make, action: mem.record.create, target: customers, with: {name: Ada}}
  - {id: mark, action: mem.record.update, target: "customers/new:make", with: {seen: true}}
  - id: tell
    action: mem.note.send
    target: outbox
    with: {to: ops@example.org, text: {$format: "made {id}", id: {$from: steps.make.receipt.id}}}
"""


class Ignores(LostReply):
    """A system that says yes and changes nothing, as real ones do."""

    def execute(self, change, call):
        return Receipt()


class Fails(LostReply):
    """A system that is down for changes."""

    def execute(self, change, call):
        raise Unreachable("System down", "try later")


@pytest.fixture
def customer(world):
    world.memory.put("customers/42", {"tier": "monthly", "last_seen": "monday"})
    return lambda: world.memory.records.get("customers/42")


def test_two_steps_on_one_record_are_planned_and_done_one_on_the_other(world, customer):
    preview = world.preview(TWICE)
    assert preview.full[1].records[0].before["tier"] == "annual"
    assert world.carry_out(preview).ending.status is RunStatus.COMPLETE
    assert customer() == {"tier": "annual", "note": "was annual", "last_seen": "monday"}


def test_what_a_step_brings_reaches_the_ones_after_it(world):
    assert world.apply(CHAIN).ending.status is RunStatus.COMPLETE
    ((name, made),) = world.memory.records.items()
    assert made == {"name": "Ada", "seen": True}
    assert world.memory.outbox[0]["text"] == f"made {name.partition('/')[2]}"


def test_a_record_that_changed_in_a_field_consent_is_about_is_refused_untouched(world, customer):
    preview = world.preview(UPDATE)
    world.memory.put("customers/42", {"tier": "enterprise", "last_seen": "monday"})
    ended = world.carry_out(preview)
    assert ended.ending.moved[0].field == "tier"
    assert not ended.ending.began
    assert customer()["tier"] == "enterprise"
    assert '"monthly" when planned and is "enterprise" now' in world.run().step("set").reason


def test_a_bystanders_field_neither_blocks_the_step_nor_voids_consent(world, customer):
    preview = world.preview(UPDATE)
    world.memory.put("customers/42", {"tier": "monthly", "last_seen": "tuesday"})
    assert world.preview(UPDATE).changeset.digest == preview.changeset.digest
    assert world.carry_out(preview).ending.status is RunStatus.COMPLETE
    assert customer() == {"tier": "annual", "last_seen": "tuesday"}


def test_consent_to_another_changeset_permits_nothing(world, customer):
    preview = world.preview(UPDATE)
    other = world.preview(UPDATE, repeat=1)
    ended = world.carry_out(preview, world.yes(other))
    assert world.run().step("set").status is StepStatus.HELD
    assert not ended.ending.began
    assert customer()["tier"] == "monthly"


def test_no_consent_permits_nothing(world, customer):
    ended = world.apply(UPDATE, consent=Consent())
    assert ended.ending.steps == {"set": StepStatus.HELD}
    assert customer()["tier"] == "monthly"


def test_a_yes_that_changed_nothing_is_deviated_and_never_success(world, customer):
    world.wrap = Ignores
    ended = world.apply(TWICE)
    assert ended.ending.status is RunStatus.INCOMPLETE
    assert ended.ending.steps["one"] is StepStatus.DEVIATED
    assert ended.ending.steps["two"] is StepStatus.PENDING
    assert "customers/42" in world.run().step("one").reason


def test_a_deviation_stops_even_a_run_that_continues_on_failure(world, customer):
    world.memory.put("customers/7", {"tier": "monthly"})
    world.wrap = Ignores
    free = UPDATE + "  - {id: b, action: mem.record.update, target: customers/7, with: {tier: annual}, needs: []}\n"
    assert world.apply(free, on_failure="continue").ending.steps["b"] is StepStatus.PENDING


def test_a_failure_stops_the_run_or_only_what_needs_it(world, customer):
    steps = UPDATE + (
        "  - {id: needs, action: mem.record.update, target: customers/42, with: {a: 1}, needs: [set]}\n"
        "  - {id: free, action: mem.record.update, target: customers/42, with: {b: 1}, needs: []}\n"
    )
    world.wrap = Fails
    stopped = world.apply(steps)
    assert [status.value for status in stopped.ending.steps.values()] == ["failed", "pending", "pending"]
    went_on = world.apply(steps, on_failure="continue")
    assert [status.value for status in went_on.ending.steps.values()] == ["failed", "skipped", "failed"]
    assert customer()["tier"] == "monthly"


def test_a_failed_run_goes_on_under_the_same_consent(world, customer):
    world.wrap = Fails
    first = world.apply(UPDATE)
    world.wrap = lambda connector: connector
    ended = world.resume(first.run)
    assert ended.ending.status is RunStatus.COMPLETE
    assert world.run(ended.run).consent == world.run(first.run).consent
    assert customer()["tier"] == "annual"
    with pytest.raises(Usage):
        world.resume(first.run)


def test_resuming_what_moved_meanwhile_is_refused(world, customer):
    world.wrap = Fails
    world.apply(UPDATE)
    world.wrap = lambda connector: connector
    world.memory.put("customers/42", {"tier": "enterprise"})
    with pytest.raises(Stale):
        world.resume()


def test_a_no_op_is_never_executed(world, customer):
    world.memory.put("customers/42", {"tier": "annual"})
    world.wrap = Fails
    assert world.apply(UPDATE).ending.steps == {"set": StepStatus.NO_OP}


def test_the_same_plan_twice_makes_nothing_twice(world):
    first = world.apply(CHAIN)
    second = world.apply(CHAIN)
    assert second.ending.status is RunStatus.COMPLETE
    assert set(second.ending.steps.values()) <= {StepStatus.ALREADY_DONE, StepStatus.NO_OP}
    assert first.run in world.run().step("make").reason
    assert len(world.memory.records) == len(world.memory.outbox) == 1


def test_again_makes_it_once_more(world):
    world.apply(CHAIN)
    world.apply(CHAIN, repeat=1)
    assert len(world.memory.records) == len(world.memory.outbox) == 2


def test_a_create_that_was_rolled_back_may_be_made_anew(world):
    create = "  - {id: make, action: mem.record.create, target: customers/9, with: {name: Ada}}\n"
    world.apply(create)
    undo(world)
    assert world.memory.records == {}
    world.apply(create)
    assert world.memory.records == {"customers/9": {"name": "Ada"}}


def test_a_changed_policy_makes_a_stored_changeset_stale(world, customer):
    preview = world.preview(UPDATE)
    workspace = world.workspace
    workspace.save_changeset(preview)
    world.policy(world.rules + "invariants: [{id: x, when: 'true', deny: 'false', message: m}]\n")
    with pytest.raises(Stale, match="policy"):
        preview_of(world.workspace, preview.changeset.digest)


def test_a_step_that_cannot_succeed_is_said_at_plan_with_its_place(world):
    with pytest.raises(Invalid) as invalid:
        world.preview(UPDATE)
    (diagnostic,) = invalid.value.diagnostics
    assert "set" in diagnostic.detail
    assert diagnostic.span.line == 7


def test_one_run_at_a_time(world, customer):
    preview = world.preview(UPDATE)
    with locked(world.workspace, "other", 0.0), pytest.raises(Locked, match="other"):
        world.carry_out(preview)
    assert customer()["tier"] == "monthly"


def undo(world, selection=None):
    workspace = world.workspace
    undoing = preview_rollback(workspace, workspace.run("latest"), selection or Selection())
    return undoing, undoing.preview and world.carry_out(undoing.preview, left=undoing.left)


def test_rollback_puts_back_every_record(world, customer):
    before = dict(customer())
    world.apply(TWICE)
    _, ended = undo(world)
    assert ended.ending.status is RunStatus.COMPLETE
    assert customer() == before


LOOK = "  - {id: look, action: mem.record.read, target: customers/42}\n"


def test_what_only_looked_keeps_no_rollback_from_being_whole(world, customer):
    before = dict(customer())
    world.apply(UPDATE + LOOK)
    undoing, ended = undo(world, Selection(steps=("set",)))
    assert undoing.left == {}
    assert ended.ending.status is RunStatus.COMPLETE
    assert customer() == before


def test_a_run_that_only_looked_has_nothing_to_undo(world, customer):
    world.apply(LOOK)
    with pytest.raises(Usage, match="Nothing to undo"):
        undo(world)


def test_a_rollback_can_be_rolled_back(world, customer):
    world.apply(TWICE)
    after = dict(customer())
    undo(world)
    undo(world)
    assert customer() == after


def test_rolling_back_twice_finds_nothing_left_to_do(world, customer):
    run = world.apply(TWICE).run
    undo(world)
    workspace = world.workspace
    undoing = preview_rollback(workspace, workspace.run(run), Selection())
    assert undoing.preview is None
    assert undoing.nothing_needed


def test_a_later_change_by_someone_else_is_kept_and_reported(world, customer):
    world.apply(UPDATE)
    world.memory.put("customers/42", {"tier": "enterprise", "last_seen": "monday"})
    undoing, _ = undo(world)
    assert undoing.left["set"].status is LeftStatus.REFUSED
    assert all(word in undoing.left["set"].reason for word in ("monthly", "annual", "enterprise"))
    assert customer()["tier"] == "enterprise"


def test_someone_elses_change_to_another_field_is_kept_by_rollback(world, customer):
    world.apply(UPDATE)
    world.memory.put("customers/42", {"tier": "annual", "last_seen": "friday"})
    undo(world)
    assert customer() == {"tier": "monthly", "last_seen": "friday"}


def test_a_field_whose_name_has_a_dot_is_shown_bound_and_undone_as_any_other(world):
    """Its first part is the name of no field: what was looked for under that would never be found changed."""
    world.memory.put("customers/42", {"billing.tier": "monthly"})
    step = "  - {id: set, action: mem.record.update, target: customers/42, with: {billing.tier: annual}}\n"
    preview = world.preview(step)
    (record,) = preview.changeset.changes[0].records
    assert (record.before, record.after) == ({"billing.tier": "monthly"}, {"billing.tier": "annual"})
    world.carry_out(preview)
    world.memory.put("customers/42", {"billing.tier": "enterprise"})
    undoing, _ = undo(world)
    assert undoing.left["set"].status is LeftStatus.REFUSED
    world.memory.put("customers/42", {"billing.tier": "annual"})
    _, ended = undo(world)
    assert ended.ending.status is RunStatus.COMPLETE
    assert world.memory.records == {"customers/42": {"billing.tier": "monthly"}}


def test_an_irreversible_step_is_named_and_the_rest_is_undone(world):
    world.apply(CHAIN)
    undoing, ended = undo(world)
    assert undoing.left["tell"].status is LeftStatus.IRREVERSIBLE
    assert ended.ending.status is RunStatus.INCOMPLETE
    assert world.memory.records == {}


def test_a_step_others_rest_on_is_not_undone_alone(world, customer):
    world.apply(TWICE.replace("{note: was annual}", "{tier: enterprise}"))
    with pytest.raises(Usage, match="two"):
        undo(world, Selection(steps=("one",)))
    undo(world, Selection(steps=("one",), with_dependents=True))
    assert customer()["tier"] == "monthly"


def test_the_state_rebuilt_from_the_trace_is_to_the_byte_the_one_that_was_kept(world, customer):
    world.apply(TWICE)
    world.apply(CHAIN)
    kept = world.workspace.layout.state.read_bytes()
    world.workspace.layout.state.unlink()
    rebuild(world.workspace)
    rebuilt = load_state(world.workspace)
    assert rebuilt.records
    # That it was rebuilt is recorded, too, and moves the head on: but for that, not one byte differs.
    before = json.loads(kept)
    of_then = replace(rebuilt, serial=before["serial"], head=Head(**before["head"]))
    assert encode(of_then) == kept


def test_what_was_rolled_back_is_no_longer_ours(world, customer):
    world.apply(TWICE)
    undo(world)
    assert load_state(world.workspace).records == {}
    assert drift(world.workspace).looked_at == 0


def test_drift_names_field_ours_and_now(world, customer):
    world.apply(UPDATE)
    world.memory.put("customers/42", {"tier": "enterprise", "last_seen": "friday"})
    (found,) = drift(world.workspace).drifts
    assert (found.field, found.ours, found.now) == ("tier", "annual", "enterprise")


def corrupt(world, run):
    (path,) = world.workspace.layout.trace.glob(f"*-run-{run}.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[1].replace(b"verdict", b"verdlct"), *lines[2:]]))


def test_nothing_is_applied_on_a_history_with_holes(world, customer):
    first = world.apply(UPDATE)
    world.apply(TWICE)
    preview = world.preview(TWICE, repeat=1)
    corrupt(world, first.run)
    with pytest.raises(Tampered):
        world.carry_out(preview)


def test_damage_elsewhere_does_not_keep_a_whole_run_from_being_undone(world, customer):
    first = world.apply("  - {id: make, action: mem.record.create, target: customers/1, with: {a: 1}}\n")
    world.apply(UPDATE)
    corrupt(world, first.run)
    undo(world)
    assert customer()["tier"] == "monthly"


def test_a_damaged_run_is_explained_as_far_as_it_goes_but_not_undone(world, customer):
    run = world.apply(UPDATE).run
    world.apply("  - {id: make, action: mem.record.create, target: customers/1, with: {a: 1}}\n")
    corrupt(world, run)
    assert not world.run(run).complete
    with pytest.raises(Usage, match="Nothing to undo"):
        preview_rollback(world.workspace, world.run(run), Selection())


def test_a_field_that_was_absent_is_absent_again_after_rollback(world, customer):
    before = dict(customer())
    world.apply("  - {id: set, action: mem.record.update, target: customers/42, with: {balance: null}}\n")
    undo(world)
    assert customer() == before


def test_a_run_undone_in_two_parts_is_whole_again(world, customer):
    before = dict(customer())
    run = world.apply(
        "".join(f"  - {{id: s{n}, action: mem.record.update, target: customers/42, with: {{n: {n}}}}}\n" for n in (1, 2, 3))
    ).run
    undo(world, Selection(from_="s2"))
    workspace = world.workspace
    undoing = preview_rollback(workspace, workspace.run(run), Selection())
    assert {step: item.status for step, item in undoing.left.items()} == dict.fromkeys(["s3", "s2"], LeftStatus.NOT_NEEDED)
    world.carry_out(undoing.preview, left=undoing.left)
    assert customer() == before
