"""A plan of ten thousand steps is normal input, and twice the plan costs twice."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from agentctl.planfile.load import check, loads
from tests.planfile.shop import HEAD, catalog, plan

STEP = """\
  - id: step{n}
    action: crm.row.update
    target: customers/{n}
    with:
      tier: annual
      discount: 12.50
      name: "moved to annual, as asked"
      seats: {n}
    because: The customer asked for it in the ticket.
    evidence: [ticket]
    needs: []
"""
SOURCES = HEAD + "evidence: [{id: ticket, uri: 'x:1'}]\n"


def of(steps: int, step: str = STEP) -> bytes:
    return plan("".join(step.format(n=n, before=max(0, n - 1)) for n in range(steps)), SOURCES)


def seconds(data: bytes) -> float:
    times = []
    for _ in range(3):
        start = time.process_time()
        check(data, "plan.yaml", catalog())
        times.append(time.process_time() - start)
    return min(times)


def test_ten_thousand_steps_load():
    found = loads(of(10_000), "plan.yaml", catalog())
    assert len(found.steps) == 10_000
    assert str(found.steps[-1].span) == f"plan.yaml:{6 + 11 * 9_999 + 1}:5"


@pytest.mark.parametrize("step", [
    STEP,
    STEP.replace("    needs: []\n", ""),
    STEP.replace("needs: []", "needs: [step0]"),
    STEP.replace("seats: {n}", "seats: {n}\n      nope: 1"),
    STEP.replace("seats: {n}", "seats: {n}\n      extra: {{$from: steps.step{before}.after.name}}"),
    STEP.replace("seats: {n}", "seats: {n}\n      extra: {{$format: '{{x}}', x: {{$from: steps.step{before}.after.name}}}}"),
    STEP.replace("customers/{n}", "customers/new:step{before}"),
    STEP.replace("evidence: [ticket]", "evidence: [tickets]"),
    STEP.replace("id: step{n}", "id: step"),
    STEP.replace("seats: {n}", "seats: &a{n} 1"),
])
def test_time_grows_with_the_plan_whatever_is_in_it(step):
    small, large = of(100, step), of(1_600, step)
    assert seconds(large) < 16 * 3 * max(seconds(small), 0.005)


def one_step(arguments: str, needs: str = "") -> bytes:
    first = "  - {id: first, action: crm.row.update, target: customers/1, with: {seats: 1}}\n"
    return plan(f"{first}  - {{id: big, action: crm.row.update, target: customers/2, with: {{{arguments}}}, needs: [{needs}]}}\n")


@pytest.mark.parametrize("of_size", [
    lambda n: one_step("extra: [" + "{$from: steps.first.after.name}," * n + "]"),
    lambda n: one_step("extra: [" + "{$from: steps.nope.after.name}," * n + "]"),
    lambda n: one_step("tags: [" + "{$from: steps.first.after.name}, 1," * n + "]"),
    lambda n: one_step("tags: [" + "{$frm: 1}," * n + "]"),
    lambda n: one_step("".join(f"k{i}: 1," for i in range(n))),
    lambda n: one_step("extra: {$format: '" + "{x}" * n + "'}"),
    lambda n: one_step("extra: {$format: x" + "".join(f", k{i}: 1" for i in range(n)) + "}"),
    lambda n: one_step("seats: 1", "".join(f"n{i}," for i in range(n))),
    lambda n: one_step("seats: 1", "first," * n),
    lambda n: plan("".join(f"  - k{i}: 1\n" for i in range(n))),
    lambda n: plan("  [" + "{id: a, action: crm.row.update, target: customers/1, with: {seats: 1}}," * n + "]\n"),
    lambda n: plan("", HEAD + "evidence: [" + "{id: e, uri: 'file:x'}," * n + "]\n"),
    lambda n: plan("", HEAD + "".join(f"k{i}: 1\n" for i in range(n))),
])
def test_an_author_cannot_make_one_part_cost_more_than_its_size(of_size):
    assert seconds(of_size(8_000)) < 16 * 3 * max(seconds(of_size(500)), 0.02)


def test_memory_grows_with_the_plan_and_not_faster():
    peaks = []
    for size in (500, 4_000):
        data = of(size)
        tracemalloc.start()
        found = loads(data, "plan.yaml", catalog())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(found.steps) == size
    assert peaks[1] < 8 * 1.3 * peaks[0]
    assert peaks[1] / 4_000 < 8 * 1024
