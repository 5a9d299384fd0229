"""Instructions are read from what valgrind says, and a machine without it is told of and not taken for one that met."""

from __future__ import annotations

import sys

import pytest

# In place of valgrind: runs the program, and writes what the file beside it says to the log.
STAND_IN = """\
#!{python}
import subprocess, sys
options, program = [], sys.argv[1:]
while program[0].startswith("--"):
    options.append(program.pop(0))
log = next(option for option in options if option.startswith("--log-file="))
open(log.partition("=")[2], "w").write(open({said!r}).read())
sys.exit(subprocess.run(program).returncode)
"""


@pytest.fixture
def valgrind(tmp_path, monkeypatch):
    """Return a function that puts a counter on PATH which says a text."""

    def says(text: str) -> None:
        said = tmp_path / "said"
        said.write_text(text)
        (tmp_path / "bin").mkdir()
        program = tmp_path / "bin" / "valgrind"
        program.write_text(STAND_IN.format(python=sys.executable, said=str(said)))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    return says


@pytest.mark.usefixtures("program")
def test_instructions_are_what_valgrind_counted(valgrind, tmp_path):
    from measure import Failed, can_count, instructions

    valgrind("==7== Cachegrind\n==7== \n==7== I   refs:      21,345,678\n")
    assert can_count()
    assert instructions([sys.executable, "-c", "pass"], tmp_path) == 21_345_678
    with pytest.raises(Failed, match="ended with 3"):
        instructions([sys.executable, "-c", "raise SystemExit(3)"], tmp_path)


@pytest.mark.usefixtures("program")
def test_a_counter_that_counted_nothing_is_no_count(valgrind, tmp_path):
    from measure import Failed, instructions

    valgrind("==7== Cachegrind\n==7== failed to start\n")
    with pytest.raises(Failed, match=r"counted nothing of[^:]*:(.|\n)*failed to start"):
        instructions([sys.executable, "-c", "pass"], tmp_path)


@pytest.mark.usefixtures("program")
def test_without_valgrind_the_row_says_so_and_is_not_met(tmp_path, monkeypatch):
    from counting import counting
    from rows import QUICK

    monkeypatch.setenv("PATH", str(tmp_path))
    (row,) = counting(tmp_path / "worlds", QUICK)
    assert (row.met, row.found) == (None, "not measured: valgrind is not on PATH")


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize("power, met", [(0.9, True), (1.0, True), (1.2, False), (2.0, False)])
def test_growth_is_told_above_what_a_small_plan_takes(power, met):
    from counting import _growth

    sizes = (10, 600, 1800)
    row = _growth("plan plan.yaml", sizes, [int(3e8), *(int(3e8 + 1e5 * size**power) for size in sizes[1:])])
    assert (row.met, row.firm) == (met, True)
    assert row.found.startswith(f"{power:.2f} · ")
