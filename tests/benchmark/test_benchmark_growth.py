"""The benchmark tells linear from what is not, whatever the floor, and what was not measured from what was met."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

SIZES = (500, 1500, 4500)


def rounds(cost, noise=((1.0, 1.0, 1.0), (1.04, 0.97, 1.02), (0.98, 1.03, 0.96))):
    return [[0.2 + cost(size) * factor for size, factor in zip(SIZES, row, strict=True)] for row in noise]


def scale():
    from row import Scale

    return Scale(times=3, lives=1, sizes=SIZES, slack=0.1, timed=False)


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize("power", [0.5, 1.0, 1.2, 2.0])
def test_the_exponent_is_found_above_the_floor(power):
    from measure import growth

    found = growth(SIZES, [0.2, 0.2, 0.2], rounds(lambda size: 1e-4 * size**power))
    assert found.median == pytest.approx(power, abs=0.05)
    assert len(found.rounds) == 3


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize("power, met, firm", [(1.0, True, True), (1.3, False, True)])
def test_growth_that_every_round_sees_is_missed_for_certain(power, met, firm):
    from growing import _cpu
    from measure import Spent

    spent = [
        [Spent(cpu=cost, wall=cost, peak=1, written=1) for cost in (0.2, *row)]
        for row in rounds(lambda size: 1e-4 * size**power)
    ]
    row = _cpu("plan plan.yaml", scale(), spent)
    assert (row.met, row.firm) == (met, firm)


@pytest.mark.usefixtures("program")
def test_growth_that_one_round_does_not_see_fails_no_build():
    from growing import _cpu
    from measure import Spent

    costs = [[0.2, 0.25, 0.35, 1.2], [0.2, 0.25, 0.35, 1.2], [0.2, 0.25, 0.35, 0.63]]
    row = _cpu("plan", scale(), [[Spent(cpu=cost, wall=0, peak=1, written=1) for cost in each] for each in costs])
    assert (row.met, row.firm) == (False, False)


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize("costs, met, fitted", [
    ((0.2, 0.2001, 0.19, 0.23), True, False),       # noise is all that grows
    ((0.2, 0.2, 0.21, 5.0), False, False),          # one size alone tells no exponent, and yet too much
    ((0.2, 0.2, 0.3, 0.9), False, True),
])
def test_noise_about_the_start_is_no_growth_and_hides_none(costs, met, fitted):
    from growing import _cpu
    from measure import Spent

    row = _cpu("verify", scale(), [[Spent(cpu=cost, wall=0, peak=1, written=1) for cost in costs]] * 3)
    assert (row.met, row.firm) == (met, True)
    assert row.found.startswith("too little") is not fitted


@pytest.mark.usefixtures("program")
def test_what_was_not_measured_is_not_met():
    from report import line
    from row import not_measured

    row = not_measured("5", "`plan`", "≤ 1/8", "terraform")
    assert row.met is None
    assert line(row) == "| 5 | `plan` | ≤ 1/8 | not measured: terraform is not on PATH |  |"


@pytest.mark.usefixtures("program")
def test_what_a_process_takes_is_seen_from_outside(tmp_path):
    from measure import Failed, spend

    program = "import os; data = bytearray(40_000_000); os.write(os.open('f', os.O_CREAT | os.O_WRONLY), data[:50_000])"
    spent = spend([sys.executable, "-c", program], tmp_path)
    assert spent.peak * 1024 > 40_000_000
    assert 0 < spent.cpu < 5
    if Path("/proc/self/io").exists():
        assert 50_000 <= spent.written < 60_000
    with pytest.raises(Failed, match="ended with 3"):
        spend([sys.executable, "-c", "raise SystemExit(3)"], tmp_path)


@pytest.mark.usefixtures("program")
def test_a_module_that_is_imported_is_seen_and_no_other(tmp_path):
    from measure import imports

    assert "agentctl" in imports(["--version"], tmp_path)
    assert "typer" not in imports(["--version"], tmp_path)
    assert "typer" in imports(["--help"], tmp_path)
