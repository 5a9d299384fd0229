"""Which steps rest on which: told with few links, and the same as asking of every pair of steps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentctl.connectors.base import Instance
from agentctl.connectors.memory import TYPE
from agentctl.engine.ports import Systems
from agentctl.engine.resting import Standing, dependents
from agentctl.engine.rollback import Selection
from agentctl.model.change import Change, Effect, RecordChange
from agentctl.model.changeset import Purpose
from agentctl.model.decision import Consent
from agentctl.model.plan import From, Plan, Step
from agentctl.model.run import Run, RunStatus, StepRun, StepStatus
from agentctl.workspace.previewing import preview_rollback

SYSTEMS = Systems({"mem": TYPE.open(Instance(name="mem", settings={}, root="/nowhere"))})
PLACES = st.sampled_from(["a/1", "a/2", "b/1"])
TOUCHES = st.tuples(st.sets(PLACES, max_size=2), st.sets(PLACES, max_size=2), st.sets(st.integers(0, 7), max_size=1), st.booleans())


def run_of(touches) -> Run:
    """A run whose steps wrote, read and used what ``touches`` say: records, records, numbers of earlier steps."""
    planned, done = [], []
    for number, (wrote, read, used, _) in enumerate(touches):
        uses = {f"u{one}": From(step=f"s{one}", part="receipt", path=("id",)) for one in used if one < number}
        common = {"id": f"s{number}", "action": "mem.record.update", "target": "a/1"}
        planned.append(Step(**common, with_=uses))
        change = Change(
            step=f"s{number}", action="mem.record.update", target="a/1", effect=Effect.UPDATE,
            records=tuple(RecordChange(address=f"mem/{one}", before={"n": 1}, after={"n": 2}) for one in sorted(wrote)),
            reads=tuple(f"mem/{one}" for one in sorted(read)),
        )
        done.append(StepRun(**common, status=StepStatus.CONFIRMED, change=change))
    return Run(
        id="r", number=1, purpose=Purpose.APPLY, status=RunStatus.COMPLETE, digest="", effects="", tenant="t", environment="e", policy="",
        plan=Plan(intent="x", agent="bot", steps=tuple(planned)), systems={}, who={}, consent=Consent(), started_at="", steps=tuple(done),
    )


def pairs(touches) -> dict[str, set[str]]:
    """Each step's later ones that touched what it wrote or used what it brought, by looking at every pair."""
    return {
        f"s{one}": {
            f"s{two}" for two in range(one + 1, len(touches))
            if touches[one][0] & (touches[two][0] | touches[two][1]) or one in touches[two][2]
        }
        for one in range(len(touches))
    }


def closed(links: dict[str, set[str]]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for name in reversed(links):
        found[name] = frozenset(links[name]).union(*(found[later] for later in links[name]))
    return found


@given(st.lists(TOUCHES, max_size=8))
def test_whatever_rests_on_a_step_is_reached_from_it_and_nothing_else(touches):
    run = run_of(touches)
    links = dependents(run, run.steps, SYSTEMS)
    assert closed(links) == closed(pairs(touches))
    assert all(later <= pairs(touches)[name] for name, later in links.items())
    assert sum(map(len, links.values())) <= sum(len(wrote | read) + len(used) for wrote, read, used, _ in touches)


@given(st.lists(TOUCHES, max_size=8))
def test_a_step_that_stays_is_found_under_what_rests_on_it_however_many_lie_between(touches):
    run, standing, later = run_of(touches), Standing(run_of(touches), SYSTEMS), pairs(touches)
    stays: set[str] = set()
    for step, (*_, left) in reversed(list(zip(run.steps, touches, strict=True))):
        by = standing.rests_on(step)
        assert (by in stays & later[step.id]) if stays & later[step.id] else by is None
        if left or by:
            standing.add(step)
            stays.add(step.id)


def test_undoing_thousands_of_changes_of_one_record_costs_a_link_each(world):
    """Each used to need every later one: a plan that could be applied, and not be undone for want of memory."""
    steps = ["- {id: s0, action: mem.record.create, target: a/1, with: {n: 0}, because: Asked., needs: []}"]
    steps += [
        f"- {{id: s{number}, action: mem.record.update, target: a/1, with: {{n: {number}}}, because: Asked., needs: []}}"
        for number in range(1, 300)
    ]
    world.apply("\n".join(steps))
    undoing = preview_rollback(world.workspace, world.run(), Selection())
    assert [step.id for step in undoing.preview.plan.steps] == [f"undo-s{number}" for number in reversed(range(300))]
    assert sum(len(step.needs) for step in undoing.preview.plan.steps) == 299
    assert world.carry_out(undoing.preview, left=undoing.left).ending.status is RunStatus.COMPLETE
    assert world.memory.records == {}
