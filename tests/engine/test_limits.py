"""Limits in a workspace: what counts and from when, what is held, what is given back, and that nothing counts twice."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentctl.connectors.base import Instance
from agentctl.connectors.memory import TYPE
from agentctl.engine.rollback import Selection
from agentctl.errors import Indeterminate, Refused, Rejected, Tampered
from agentctl.model.clock import Clocks
from agentctl.model.decision import Overridden, Refuse
from agentctl.model.run import RunStatus
from agentctl.planfile.load import loads
from agentctl.testing import LostReply
from agentctl.workspace import judging
from agentctl.workspace.previewing import preview_plan, preview_rollback
from agentctl.workspace.resolving import resolve
from agentctl.workspace.running import Control, carry_out
from agentctl.workspace.workspace import Workspace
from tests.engine.conftest import World

RULES = """
version: 1
kind: Policy
agents: {bot: {roles: [all]}, other: {roles: [all]}}
roles:
  all:
    grants:
      - {id: change, actions: ["mem.record.*", "mem.note.send"], targets: ["**"], mode: approve, limits: [LIMITS]}
people: {me: {groups: [on-call], aliases: [USER]}}
rollback: {from: [on-call]}
"""

class Limited(World):
    """A workspace whose clock is set by hand, and whose system outlives a process."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.wall = datetime.now(UTC)
        self.memory = TYPE.open(Instance(name="mem", settings={"path": "world.json"}, root=str(root)))

    @property
    def workspace(self) -> Workspace:
        workspace = super().workspace
        workspace.clocks = lambda: Clocks(wall=self.wall)
        return workspace

    def on(self, **span: float) -> None:
        self.wall += timedelta(**span)

    def limits(self, limits: str) -> None:
        self.policy(RULES.replace("LIMITS", limits))

    def refused(self, preview) -> dict[str, str]:
        return {step: item.why for step, item in judging.judge(self.workspace, preview).items() if isinstance(item, Refuse)}

    @property
    def left(self) -> int:
        (standing,) = judging.limits(self.workspace, self.preview(create("probe")))
        return standing.left


@pytest.fixture
def world(tmp_path) -> Limited:
    return Limited(tmp_path / "workspace")


def create(*names: str) -> str:
    return "".join(
        f"  - {{id: {name}, action: mem.record.create, target: c/{name}, with: {{cents: 40}}, needs: []}}\n" for name in names
    )


def test_what_happened_counts_until_its_window_has_passed(world):
    world.limits("{count: 2, per: 1h}")
    world.apply(create("a"))
    world.on(minutes=30)
    world.apply(create("b"))
    full = world.preview(create("c"))
    why = world.refused(full)["c"]
    assert "limit change.limits[0] allows 2 steps per 1h for agent `bot`: 2 used, this plan asks for 1. There is room for all of it at " in why
    world.on(minutes=29, seconds=50)
    assert world.refused(world.preview(create("c")))
    world.on(seconds=11)
    assert not world.refused(world.preview(create("c")))
    assert world.left == 1
    assert world.apply(create("c")).ending.status is RunStatus.COMPLETE
    with pytest.raises(Refused, match="2 used"):
        world.apply(create("d"))


def test_a_plan_that_does_not_fit_whole_executes_nothing(world):
    world.limits("{count: 2, per: 1h}")
    preview = world.preview(create("a", "b", "c"))
    assert list(world.refused(preview)) == ["c"]
    assert "No waiting helps: ask for less in one plan" in world.refused(preview)["c"]
    with pytest.raises(Refused) as error:
        world.carry_out(preview)
    assert error.value.code.value == 4
    assert "step `c`" in error.value.detail
    assert world.workspace.history().runs == ()


def test_a_step_that_does_not_fit_leaves_its_room_to_those_that_do(world):
    world.limits("{sum: args.cents, max: 100, per: 1d}")
    steps = create("a") + "  - {id: big, action: mem.record.create, target: c/big, with: {cents: 90}, needs: []}\n" + create("b")
    assert list(world.refused(world.preview(steps))) == ["big"]


def test_one_plan_may_touch_only_so_much_however_often_it_was_done(world):
    world.limits("{records: 2, per: plan}")
    world.apply(create("a", "b"))
    world.apply(create("d", "e"))
    why = world.refused(world.preview(create("f", "g", "h")))["h"]
    assert why.endswith("allows 2 records per plan for agent `bot`: this plan asks for 3. Ask for less in one plan.")


def test_usage_is_counted_apart_for_each_agent(world):
    world.limits("{count: 1, per: 1h}")
    world.apply(create("a"))
    assert world.refused(world.preview(create("b")))
    workspace = world.workspace
    plan = f"version: 1\nkind: Plan\nintent: i\nagent: other\nsteps:\n{create('b')}"
    assert not world.refused(preview_plan(workspace, loads(plan.encode(), "plan.yaml", workspace.catalog)))


def test_the_trace_tells_what_was_set_aside_and_no_key_that_was_looked_up(world):
    world.limits("{sum: args.cents, max: 100, per: 1d, by: args.name}")
    world.apply("  - {id: a, action: mem.record.create, target: c/a, with: {cents: 40, name: Ada Lovelace}}\n")
    (run,) = world.workspace.history().runs
    (reserved,) = run.reserved
    assert dict(reserved.amounts) == {"a": 40}
    assert reserved.account.stream == "change: sum args.cents by args.name"
    assert reserved.account.key.startswith("hmac:")
    same = "  - {id: b, action: mem.record.create, target: c/b, with: {cents: 61, name: Ada Lovelace}}\n"
    assert "for args.name `Ada Lovelace`: 40 used" in world.refused(world.preview(same))["b"]
    assert not world.refused(world.preview(same.replace("Ada Lovelace", "Grace")))


def test_a_maximum_that_is_raised_or_a_longer_window_forgets_nothing(world):
    world.limits("{count: 2, per: 1h}")
    world.apply(create("a", "b"))
    world.limits("{count: 3, per: 1d}")
    assert world.left == 1
    world.limits("{count: 1, per: 1d}")
    assert world.left == 0


def test_two_limits_of_one_account_take_from_it_once(world):
    world.limits("{count: 5, per: 1h}, {count: 9, per: 1d}")
    world.apply(create("a"))
    assert [(item.used, item.left) for item in judging.limits(world.workspace, world.preview(create("b")))] == [(1, 4), (1, 8)]


def test_what_changes_nothing_takes_nothing(world):
    world.limits("{count: 1, per: 1h}")
    world.memory.put("c/a", {"n": 1})
    same = "  - {id: a, action: mem.record.update, target: c/a, with: {n: 1}}\n"
    assert judging.limits(world.workspace, world.preview(same)) == ()
    world.apply(same)
    assert world.left == 1


class Refuses(LostReply):
    """The system says no, and nothing happens."""

    def execute(self, change, call):
        raise Rejected("No", "it says no")


class Loses(LostReply):
    """Nothing reaches the system, and nobody is told."""

    def execute(self, change, call):
        raise Indeterminate("Request lost", "the line went dead")


def test_what_failed_and_what_was_never_begun_gives_its_part_back(world):
    world.limits("{count: 3, per: 1h}")
    world.wrap = Refuses
    assert world.apply(create("a", "b", "c")).ending.status is RunStatus.INCOMPLETE
    assert world.left == 3


def test_what_is_in_doubt_counts_until_somebody_says_that_it_did_not_happen(world):
    world.limits("{count: 3, per: 1h}")
    world.wrap = Loses
    send = "  - {id: tell, action: mem.note.send, target: outbox, with: {to: ada@example.org, text: hi}}\n"
    world.apply(send)
    world.wrap = lambda connector: connector
    assert world.left == 2
    resolve(world.workspace, "latest", "tell", "did-not", "I looked")
    assert world.left == 3


@pytest.mark.parametrize("answer", ["happened", "skip"])
def test_what_a_person_leaves_be_or_confirms_goes_on_counting(world, answer):
    world.limits("{count: 3, per: 1h}")
    world.wrap = Loses
    world.apply("  - {id: tell, action: mem.note.send, target: outbox, with: {to: ada@example.org, text: hi}}\n")
    world.wrap = lambda connector: connector
    resolve(world.workspace, "latest", "tell", answer, "I looked")
    assert world.left == 2
    if answer == "skip":
        world.resume()
        assert world.left == 2


def test_a_rollback_is_not_limited_and_gives_nothing_back(world):
    world.limits("{count: 2, per: 1h}")
    world.apply(create("a", "b"))
    workspace = world.workspace
    undoing = preview_rollback(workspace, workspace.run("latest"), Selection())
    assert not world.refused(undoing.preview)
    assert world.carry_out(undoing.preview, left=undoing.left).ending.status is RunStatus.COMPLETE
    assert world.left == 0


def killed(world, steps: str, after: str) -> None:
    """Apply ``steps`` in a process of its own that dies once ``after`` is recorded of a step."""
    preview = world.preview(steps)
    workspace = world.workspace
    workspace.save_changeset(preview)

    def observe(record):
        if f"{record.kind.value} {record.body.get('step', '')}".strip() == after:
            os._exit(9)

    child = os.fork()
    if child == 0:
        control = Control(timeout=0.0, brake=world.control.brake, observe=observe)
        carry_out(workspace, preview, world.yes(preview), control)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize("after", ["run_started", "step_started a", "step_finished a", "step_started b", "step_finished c"])
def test_what_a_dead_run_set_aside_counts_until_it_is_gone_on_with_and_nothing_twice(world, after):
    world.limits("{count: 4, per: 1h}")
    killed(world, create("a", "b", "c"), after)
    assert world.left == 1
    why = world.refused(world.preview(create("x", "y")))
    if after == "run_started":
        run = world.run().id
        assert f"0 used, 3 reserved by run {run}, this plan asks for 2. There is room once run {run} is over" in why["y"]
    assert world.resume().ending.status is RunStatus.COMPLETE
    assert world.left == 1
    assert world.apply(create("x")).ending.status is RunStatus.COMPLETE
    assert world.left == 0


def test_a_dead_run_fits_into_its_own_part(world):
    world.limits("{count: 3, per: 1h}")
    killed(world, create("a", "b", "c"), "step_finished a")
    assert world.resume().ending.status is RunStatus.COMPLETE
    assert world.left == 0


def test_a_run_that_was_closed_gives_back_what_it_never_began(world):
    world.limits("{count: 3, per: 1h}")
    killed(world, create("a", "b"), "step_finished a")
    assert world.apply(create("x")).ending.status is RunStatus.COMPLETE      # closes the dead one
    assert world.left == 1


def test_a_stopped_run_goes_on_only_where_what_is_left_still_fits(world):
    world.limits("{count: 3, per: 1h}")

    class SecondRefused(LostReply):
        def execute(self, change, call):
            if change.step == "b":
                raise Rejected("No", "it says no")
            return self._connector.execute(change, call)

    world.wrap = SecondRefused
    world.apply(create("a", "b", "c"))
    world.wrap = lambda connector: connector
    first = world.run().id
    world.apply(create("x", "y"))
    with pytest.raises(Refused, match="3 used, this plan asks for 2"):
        world.resume(first)


def test_a_clock_set_back_empties_no_window(world):
    world.limits("{count: 1, per: 1h}")
    world.apply(create("a"))
    world.on(hours=-3)
    assert "1 used" in world.refused(world.preview(create("b")))["b"]
    with pytest.raises(Refused):
        world.apply(create("b"))


def test_a_damaged_trace_denies(world):
    world.limits("{count: 9, per: 1h}")
    world.apply(create("a"))
    trace = max(world.workspace.layout.trace.glob("*-run-*.jsonl"))
    trace.write_bytes(trace.read_bytes().replace(b'"a":1', b'"a":0'))
    with pytest.raises(Tampered):
        world.preview(create("b"))


def test_what_takes_more_just_before_the_effect_than_was_set_aside_is_refused(world):
    world.limits("{sum: 'int(now.getMilliseconds()) * 0 + (now > timestamp(\"2100-01-01T00:00:00Z\") ? 2 : 1)', max: 9, per: 1d}")
    preview = world.preview(create("a"))
    assert not world.refused(preview)
    world.on(days=40000)
    ended = world.carry_out(preview)
    assert "it would take 2 now, and 1 was set aside for it" in ended.ending.reason
    assert world.left == 9


def test_a_slow_step_counts_from_when_it_was_read_back(world):
    world.limits("{count: 1, per: 1h}")

    class Slow(LostReply):
        def execute(self, change, call):
            receipt = self._connector.execute(change, call)
            world.on(minutes=50)
            return receipt

    world.wrap = Slow
    world.apply(create("a"))
    world.wrap = lambda connector: connector
    world.on(minutes=59)
    assert world.left == 0
    world.on(minutes=2)
    assert world.left == 1


def test_a_step_that_nobody_saw_end_counts_from_when_its_run_was_closed(world):
    world.limits("{count: 4, per: 1h}")
    killed(world, create("a", "b"), "step_started b")
    world.on(minutes=50)
    world.apply(create("x"))        # closes the dead run
    world.on(minutes=59)
    assert world.left == 2          # `a` is out of the window, `b` and `x` are not
    world.on(minutes=2)
    assert world.left == 4


SOFT = RULES + """
invariants:
  - {id: no-creates, level: soft, deny: 'action.name == "mem.record.create"', override: {from: [on-call], expires: 1h}}
"""


def test_overriding_a_soft_rule_overrides_no_limit(world):
    world.policy(SOFT.replace("LIMITS", "{count: 1, per: 1h}"))
    preview = world.preview(create("a", "b"))
    overridden = Overridden(
        override="sha256:0", person="me", rules={"no-creates": ("a", "b")}, reason="r", until="2100-01-01T00:00:00Z"
    )
    consent = replace(world.yes(preview), overrides=(overridden,))
    rulings = judging.judge(world.workspace, preview, consent)
    assert isinstance(rulings["b"], Refuse)
    assert "allows 1 step per 1h" in rulings["b"].why
