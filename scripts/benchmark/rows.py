"""The rows of the table: what each measures, against what, and the goal it is held to."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import worlds
from measure import Failed, Ratio, Spent, calls, can_trace, exponent, imports, paired, ratio, spend

HERE = Path(__file__).resolve().parent
_YES = "yes\n"
_NO_TERRAFORM = "not measured: terraform is not on PATH"
_NO_STRACE = "not measured: strace is not on PATH"
_PASS = (sys.executable, "-c", "pass")
_LIBRARIES = frozenset(
    {"cryptography", "deepdiff", "git", "h11", "httpx", "jsonschema", "psycopg", "pydantic", "requests",
     "sqlalchemy", "urllib3"}
)
_CHECKING = frozenset({"cel_expr_python", "jsonschema_rs"})
_UNUSED: Mapping[str, frozenset[str]] = {       # by command: what it has no use for
    "--version": _LIBRARIES | _CHECKING | {"click", "rich", "typer", "yaml"},
    "--help": _LIBRARIES | _CHECKING | {"rich", "yaml"},
    "validate plan.yaml": _LIBRARIES | {"rich"},    # it checks agentctl.yaml and the policy's conditions as well
    "show": _LIBRARIES | {"cel_expr_python"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. ``met`` is None where nothing was measured or there is no goal."""

    number: str
    what: str
    goal: str
    found: str
    met: bool | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured: how often, and with plans of how many steps."""

    times: int
    sizes: Sequence[int]
    timed: bool


QUICK = Scale(times=3, sizes=(1000, 2000, 4000), timed=False)
FULL = Scale(times=3, sizes=(1000, 3000, 10_000), timed=True)


def rows(scale: Scale) -> Iterator[Row]:
    """Measure row after row, in the order in which they are cheap."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if scale.timed:
            yield from _starting(scale)
        yield from _imports(folder / "imports")
        if scale.timed:
            yield from _planning(folder / "plan", scale)
            yield from _applying(folder / "apply", scale)
        yield _syncs(folder / "syncs")
        if scale.timed:
            yield from _inside(folder / "inside")
        yield from _growing(folder / "growth", scale)


def _against(
    number: str, what: str, most: float, ours: Sequence[float], theirs: Sequence[float], unit: str = "s"
) -> Row:
    """Hold ours to at most ``most`` times theirs."""
    found = ratio(ours, theirs)
    goal = f"≤ {most:g}×" if most >= 1 else f"≤ 1/{1 / most:g}"
    return Row(
        number=number,
        what=what,
        goal=goal,
        found=f"{_times(found)} · {median(ours):.3g} {unit} : {median(theirs):.3g} {unit}",
        met=found.median <= most,
        raw={"ours": list(ours), "theirs": list(theirs), "ratio": found.median},
    )


def _times(found: Ratio) -> str:
    if found.median >= 1:
        return f"{found.median:.2f}× ({found.low:.2f}–{found.high:.2f})"
    return f"1/{1 / found.median:.1f} (1/{1 / found.low:.1f}–1/{1 / found.high:.1f})"


def _starting(scale: Scale) -> Iterator[Row]:
    for number, option, most in (("1", "--version", 1.8), ("2", "--help", 8.0)):
        ours, theirs = paired(
            scale.times * 5, lambda o=option: _run(worlds.AGENTCTL, o), lambda: _run(*_PASS)  # type: ignore[misc]  # a lambda's default
        )
        yield _against(number, f"`agentctl {option}` : `python -c pass`, CPU", most, _cpu(ours), _cpu(theirs))


def _imports(folder: Path) -> Iterator[Row]:
    world = worlds.records(folder, 3)
    world.agentctl("apply", "plan.yaml", typed=_YES)
    for command, unused in _UNUSED.items():
        found = sorted(imports(command.split(), world.folder) & unused)
        yield Row(
            number="3",
            what=f"modules `agentctl {command}` imports and has no use for",
            goal="0",
            found=f"{len(found)}{': ' if found else ''}{', '.join(found)}",
            met=not found,
            raw={"modules": found},
        )


def _planning(folder: Path, scale: Scale) -> Iterator[Row]:
    goals = {10: ("4", 1.5, None, None), 1000: ("5", 1 / 8, None, 1 / 3), 10_000: ("6", 1 / 15, 1 / 12, 1 / 6)}
    peaks: dict[int, int] = {}
    for steps, (number, cpu, wall, memory) in goals.items():
        database = worlds.rows(folder / f"rows{steps}", steps)
        spent = database.agentctl("plan", "plan.yaml")
        peaks[steps] = spent.peak
        what = f"`plan` of {steps:,} changed rows of SQLite, each read live"
        yield Row(number=number, what=what, goal="", found=f"{spent.cpu:.2f} s CPU, {spent.peak / 1024:.0f} MiB")
        if not worlds.terraform():
            yield Row(number=number, what=f"`plan` of {steps:,} steps : Terraform", goal="", found=_NO_TERRAFORM)
            continue
        world = worlds.records(folder / f"records{steps}", steps)
        blocks = worlds.blocks(folder / f"blocks{steps}", steps)
        ours, theirs = paired(
            2 if steps == 10_000 else scale.times,
            lambda w=world: w.agentctl("plan", "plan.yaml"),  # type: ignore[misc]  # a lambda's default
            lambda b=blocks: b.run(*worlds.PLAN),  # type: ignore[misc]
        )
        what = f"`plan` of {steps:,} creations : `terraform plan` of as many blocks"
        yield _against(number, f"{what}, CPU", cpu, _cpu(ours), _cpu(theirs))
        if wall:
            yield _against(number, f"{what}, wall", wall, _wall(ours), _wall(theirs))
        if memory:
            yield _against(number, f"{what}, peak memory", memory, _peak(ours), _peak(theirs), "MiB")
    yield _memory(peaks)


def _memory(peaks: Mapping[int, int]) -> Row:
    over = {steps: peak - 40 * 1024 - 8 * steps for steps, peak in peaks.items()}
    return Row(
        number="14",
        what="peak memory of `plan`",
        goal="≤ 40 MiB + 8 KiB a step",
        found=", ".join(f"{peak / 1024:.0f} MiB for {steps:,}" for steps, peak in peaks.items()),
        met=all(excess <= 0 for excess in over.values()),
        raw={"peak_kib": dict(peaks)},
    )


def _applying(folder: Path, scale: Scale) -> Iterator[Row]:
    """A plan of 1,000 creations is applied over and over, each time in a workspace that has not seen it."""
    steps = 1000
    fresh = (worlds.records(folder / f"fresh{number}", steps) for number in range(100))

    def ours() -> Spent:
        return next(fresh).agentctl("apply", "plan.yaml", typed=_YES)

    if can_trace():
        world = next(fresh)
        seen = calls(world.command("apply", "plan.yaml"), world.folder, typed=_YES)
        syncs, written = sum(seen.syncs.values()), sum(seen.written.values())
        loop = (sys.executable, str(HERE / "bare_loop.py"), str(syncs), str(written // max(1, syncs)))
        mine, bare = paired(scale.times, ours, lambda: spend(loop, folder))
        what = f"`apply` of {steps:,} steps : a loop of as many syncs and bytes"
        yield _against("7", f"{what}, wall", 1.5, _wall(mine), _wall(bare))
        yield _against("7", f"{what}, CPU", 3.0, _cpu(mine), _cpu(bare))
    else:
        yield Row(number="7", what="`apply` : a loop of as many syncs", goal="", found=_NO_STRACE)
    if not worlds.terraform():
        yield Row(number="9", what=f"`apply` of {steps:,} steps : Terraform", goal="", found=_NO_TERRAFORM)
        return
    blocks = worlds.blocks(folder / "blocks", steps)

    def theirs() -> Spent:
        blocks.forget()
        return blocks.run(*worlds.APPLY)

    mine, other = paired(2, ours, theirs)
    what = f"`apply` of {steps:,} steps : `terraform apply` of as many blocks"
    yield _against("9", f"{what}, wall", 1 / 20, _wall(mine), _wall(other))
    yield _against("9", f"{what}, CPU", 1 / 20, _cpu(mine), _cpu(other))
    if can_trace():
        blocks.forget()
        theirs_written = sum(calls(("terraform", *worlds.APPLY), blocks.folder).written.values())
        yield _against("9", f"{what}, bytes written", 1 / 60, [written / 2**20], [theirs_written / 2**20], "MiB")


def _syncs(folder: Path) -> Row:
    what, goal, steps = "durable syncs a step by the journal in `apply`", "≤ 2", 200
    if not can_trace():
        return Row(number="8", what=what, goal=goal, found=_NO_STRACE)
    world = worlds.rows(folder, steps)
    seen = calls(world.command("apply", "plan.yaml"), world.folder, typed=_YES).syncs
    trace = seen.get(".agentctl/trace", 0)
    others = ", ".join(f"{place} {count}" for place, count in sorted(seen.items()) if place != ".agentctl/trace")
    return Row(
        number="8",
        what=what,
        goal=goal,
        found=f"{trace / steps:.2f} ({trace} in {steps} steps; besides: {others})",
        met=trace <= 2 * steps,
        raw={"syncs": dict(seen), "steps": steps},
    )


def _inside(folder: Path) -> Iterator[Row]:
    """Compare what happens within one process: without start-up, and without the disk."""
    world = worlds.rows(folder, 3000)
    world.agentctl("apply", "plan.yaml", typed=_YES)
    done = subprocess.run(
        [sys.executable, str(HERE / "inside.py")], cwd=world.folder, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    speed = median(found["sha256"]) / median(found["verify"])
    yield Row(
        number="10",
        what="`verify` of closed files : SHA-256 of the same lines, both within Python",
        goal="≥ 25 %",
        found=f"{speed:.0%} · {median(found['verify']):.3g} s : {median(found['sha256']):.3g} s",
        met=speed >= 0.25,
        raw={"verify": found["verify"], "sha256": found["sha256"]},
    )
    what = "reading the trace, by which `apply --resume` finds its place : SHA-256 of its lines, both within Python"
    yield _against("15", what, 4.0, found["place"], found["sha256"])
    yield _against("11", "strict YAML : draining the C parser's events", 2.0, found["load"], found["events"])
    yield from _deciding()
    yield from _reading()


def _deciding() -> Iterator[Row]:
    done = subprocess.run([sys.executable, str(HERE / "deciding.py")], capture_output=True, text=True, check=True)
    found = {name: median(times) for name, times in json.loads(done.stdout).items()}
    yield Row(
        number="12",
        what="schema, changed paths and ten rules, per step (beside: nine conditions alone, one by one)",
        goal="≤ 40 µs",
        found=f"{found['ten'] * 1e6:.0f} µs ({found['asked'] * 1e6:.0f} µs)",
        met=found["ten"] <= 40e-6,
        raw=found,
    )
    yield Row(
        number="12",
        what="the same under 1,000 rules, per step; loading them; replaying 10,000 recorded steps",
        goal="",
        found=f"{found['thousand'] * 1e6:.0f} µs; {found['load']:.2g} s; {found['replay']:.2g} s",
        raw=found,
    )


def _reading() -> Iterator[Row]:
    done = subprocess.run([sys.executable, str(HERE / "reading.py")], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    what = "1,000 reads over HTTP of a server that takes 50 ms, 50 at a time, records decoded"
    least = [found["least"]] * len(found["wall"])
    yield _against("13", f"{what} : what the server takes for them, wall", 1.2, found["wall"], least)
    each = median(found["cpu"])
    yield Row(
        number="13",
        what="the same, CPU per read",
        goal="≤ 600 µs",
        found=f"{each * 1e6:.0f} µs",
        met=each <= 600e-6,
        raw={"cpu": found["cpu"]},
    )


def _growing(folder: Path, scale: Scale) -> Iterator[Row]:
    """Fit how CPU grows with steps, after taking off what the same command takes with ten of them."""
    commands = ("validate plan.yaml", "plan plan.yaml", "apply plan.yaml", "show", "verify", "runs", "rollback latest")
    spent: dict[str, list[float]] = {command: [] for command in commands}
    sizes = (10, *scale.sizes)
    for steps in sizes:
        world = worlds.rows(folder / str(steps), steps)
        for command in commands:
            acts = command.startswith(("apply", "rollback"))
            try:
                once = [
                    world.agentctl(*command.split(), typed=_YES if acts else "").cpu
                    for _ in range(1 if acts else scale.times)
                ]
                spent[command].append(min(once))
            except Failed as error:
                yield Row(number="growth", what=f"`agentctl {command}`", goal="", found=f"failed: {error}", met=False)
                return
    for command, costs in spent.items():
        floor, *rest = costs
        slope = exponent(scale.sizes, [max(cost - floor, 1e-3) for cost in rest])
        each = ", ".join(f"{cost:.2f} s" for cost in rest)
        yield Row(
            number="growth",
            what=f"CPU of `agentctl {command}` from {scale.sizes[0]:,} to {scale.sizes[-1]:,} steps, as an exponent",
            goal="≤ 1.05",
            found=f"{slope:.2f} ({each}; {floor:.2f} s for 10)",
            met=slope <= 1.05,
            raw={"steps": list(sizes), "cpu": costs},
        )


def _run(*command: str) -> Spent:
    return spend(command, HERE)


def _cpu(spent: Sequence[Spent]) -> list[float]:
    return [each.cpu for each in spent]


def _wall(spent: Sequence[Spent]) -> list[float]:
    return [each.wall for each in spent]


def _peak(spent: Sequence[Spent]) -> list[float]:
    return [each.peak / 1024 for each in spent]
