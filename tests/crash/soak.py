"""A program: thousands of small runs in one workspace, with kills at random, held against a model. See scripts/soak."""

from __future__ import annotations

import argparse
import json
import random
import shlex
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agentctl.errors import Exit
from tests.crash import jobs, shim
from tests.crash.ground import Ground
from tests.crash.jobs import Books, Job
from tests.crash.shim import Ended, Mishap
from tests.crash.stories import Story
from tests.crash.trial import NOTHING_EXECUTED, TEMPORARY, Wrong, next_command, way

_HOWS = ("kill",) * 6 + ("torn",) * 3 + ("term", "term", "int", "int", "orphan", "eio", "enospc")
_TELLING = 100      # jobs between two lines of progress
_ATTEMPTS = 6
_CALLS = 150        # durable calls of a usual command
_MISHAPS = 3            # that one job meets, at most
_JOBS = {"apply": 50, "rollback": 14, "old rollback": 8, "signed": 8, "failing": 7, "rejected": 4, "halted": 5, "rebuild": 3, "gc": 2}


class Violated(Exception):
    """What must never be so is so, since the ``job``-th job."""

    job = 0


@dataclass(kw_only=True)
class Tally:
    """What was done, and what it took."""

    jobs: Counter[str] = field(default_factory=Counter)
    commands: int = 0
    mishaps: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    looks: list[tuple[int, float, int]] = field(default_factory=list)     # records, seconds and KiB of one `show`


@dataclass(frozen=True, kw_only=True)
class Wild:
    """The ground of the trials, on which any command may meet a mishap. At most ``left[0]`` more of a job do."""

    ground: Ground
    rng: random.Random
    tally: Tally
    left: list[int] = field(default_factory=lambda: [0])
    runs: list[int] = field(default_factory=lambda: [0])        # how many there were before this job

    @property
    def house(self):
        return self.ground.house

    def run(self, *words: str | Path) -> Ended:
        if words == ("show",) and self.begun() == self.runs[0]:
            return Ended(code=0)        # what an earlier job left is not to be gone on with
        return self._told(self.ground.run, words)

    def begun(self) -> int:
        """Return how many runs the trace tells of: whose first record is there."""
        return sum(b"\n" in path.read_bytes() for path in (self.house.ours / "trace").glob("*-run-*.jsonl"))

    def typed(self, *words: str | Path) -> Ended:
        return self._told(self.ground.typed, words)

    def _told(self, how, words) -> Ended:
        before = jobs.found(self.house)
        mishap = self._mishap()
        told = how(*words, mishap=mishap)
        self.tally.commands += 1
        self.tally.seconds += told.seconds
        if mishap is not None and told.calls >= mishap.at:
            self.tally.mishaps[mishap.how] += 1
            self.left[0] -= 1
        doing = f"`{' '.join(map(str, words))}`" + (f" ({mishap.how} at {mishap.at})" if mishap else "")
        if told.code in (Exit.UNEXPECTED, 70) or "Traceback" in told.all:
            raise Violated(f"{Wrong.MESSAGE}: {doing}: exit {told.code}:\n{told.all}")
        if told.survivors:
            raise Violated(f"{Wrong.LEFT}: {doing}: processes live on: {told.survivors}")
        if told.code in NOTHING_EXECUTED and words[0] != "resolve" and (now := jobs.found(self.house)) != before:
            raise Violated(f"{Wrong.HIDDEN}: {doing}: exit {told.code}, but {_difference(now, before)}:\n{told.all}")
        return told

    def _mishap(self) -> Mishap | None:
        if self.left[0] <= 0 or self.rng.random() < 0.35:
            return None
        at = int(_CALLS ** self.rng.uniform(0, 1.1)) if self.rng.random() < 0.3 else self.rng.randint(1, _CALLS)
        return Mishap(how=self.rng.choice(_HOWS), at=at, under=self.ground.everything())


class Soak:
    """One workspace, its books, and the jobs done in it."""

    def __init__(self, ground: Ground, seed: int) -> None:
        self.rng = random.Random(seed)
        self.tally = Tally()
        self.wild = Wild(ground=ground, rng=self.rng, tally=self.tally)
        self.house = ground.clear()
        self.books = jobs.prepare(self.house)
        self.last: tuple[Job, str] | None = None        # the newest thing done, while nothing later touched it
        self.alone: list[tuple[Job, str]] = []
        self.number = 0

    def job(self) -> None:
        """Do one job drawn at random, and compare the systems with the books. Raises Violated."""
        self.number += 1
        name = self.rng.choices([*_JOBS], [*_JOBS.values()])[0]
        self.wild.runs[0] = self.wild.begun()
        self.wild.left[0] = self.rng.choice((0, 1, 1, 1, 2, _MISHAPS))
        getattr(self, f"_{name.replace(' ', '_')}")()
        self.tally.jobs[name] += 1
        self._compare(name)

    def look(self) -> None:
        """Note what it takes to look."""
        told = self._quiet("show", "latest")
        records = sum(path.read_bytes().count(b"\n") for path in (self.house.ours / "trace").glob("*.jsonl"))
        self.tally.looks.append((records, told.seconds, told.memory))

    def end(self) -> None:
        """Compare all there is. Raises Violated."""
        job = Job(number=99999, kinds=("made", "page", "commit"))
        job.write(self.house)
        self._quiet("apply", "plan.yaml", typed=True)
        self.books = job.done(self.books)
        self._compare("the end")
        self._quiet("verify")
        kept = self._state()
        self._quiet("state", "rebuild")
        if self._state() != kept:
            raise Violated(f"{Wrong.LOST}: the state that was kept is not the one the trace tells")
        trace = self.house.ours / "trace"
        unsigned = [path.name for path in trace.glob("*.jsonl") if not list((self.house.ours / "checkpoints").glob(f"{path.name.removesuffix('.jsonl')}*.sig"))]
        if unsigned:
            raise Violated(f"{Wrong.LOST}: no signature of {unsigned}")
        told = {record["body"]["torn"]["file"] for record in self.house.records() if "torn" in record["body"]}
        if untold := {path.name for path in trace.glob("*.torn*")} - told:
            raise Violated(f"{Wrong.HIDDEN}: no record tells of {sorted(untold)}")
        files = [str(path) for path in self.house.root.rglob("*") if path.is_file() and "/.git/objects/" not in str(path)]
        if left := [path for path in files if TEMPORARY.search(path)]:
            raise Violated(f"{Wrong.LEFT}: {left}")

    def _state(self) -> str:
        return json.dumps(json.loads((self.house.ours / "state.json").read_text())["records"])

    def _apply(self) -> None:
        job = jobs.draw(self.rng, self.number, self.books)
        job.write(self.house)
        self._bring("apply", "plan.yaml", kinds=job.kinds, goal=job.done(self.books), mark=job.mark)
        self.last = job, self.house.runs()[-1]
        self.alone += [self.last] if job.stands_alone else []

    def _failing(self) -> None:
        job = Job(number=self.number, kinds=("made", "bad", "free"))
        job.write(self.house, on_failure="continue")
        goal = Job(number=self.number, kinds=("made", "free")).done(self.books)
        told = self.wild.typed("apply", "plan.yaml")
        for _ in range(_ATTEMPTS):
            if +jobs.found(self.house) == +goal.marks and told.code == Exit.INCOMPLETE:
                break
            told = self._again(told, "apply", "plan.yaml")
        self.books, self.last = goal, None

    def _again(self, told: Ended, *command: str) -> Ended:
        """Say what became of a step in doubt, as whoever looks at the system sees it; then go on with the run."""
        asked = next_command(told)
        if asked and asked[0] == "resolve":
            happened = jobs.found(self.house)[f"j{self.number:05d}{asked[2]}"]
            self._quiet(*asked[:3], "--happened" if happened else "--did-not", "--reason", "I looked")
        runs = self.house.records()
        mine = [record for record in runs if record["kind"] == "run_started" and f"j{self.number:05d}" in json.dumps(record)]
        return self.wild.typed("apply", "--resume", mine[-1]["run"]) if mine else self.wild.typed(*command)

    def _rollback(self) -> None:
        if self.last is None:
            return self._apply()
        (job, run), self.last = self.last, None
        self.alone = [(other, name) for other, name in self.alone if other is not job]
        part = job.kinds[-1:] if self.rng.random() < 0.3 and job.kinds[-1] != "note" else job.kinds
        if set(part) == {"note"}:
            return None
        selection = ("--step", part[0]) if part != job.kinds else ()
        self._bring("rollback", run, *selection, kinds=part, goal=job.undone(self.books, part), mark=job.mark)
        return None

    def _old_rollback(self) -> None:
        if not self.alone:
            return self._apply()
        job, run = self.alone.pop(self.rng.randrange(len(self.alone)))
        self._bring("rollback", run, kinds=job.kinds, goal=job.undone(self.books, job.kinds), mark=job.mark)
        if self.last and self.last[0] is job:
            self.last = None
        return None

    def _signed(self) -> None:
        """A row is deleted, which a lead must have signed."""
        rows = self.house.sql("SELECT id, name FROM customers WHERE name LIKE 'j_____row'")
        if not rows:
            return self._apply()
        id, name = self.rng.choice(rows)
        self.alone = [(job, run) for job, run in self.alone if name != job.mark("row")]
        self.last = None
        digest = self._planned({"id": "gone", "action": "crm.row.delete", "target": f"customers/{id}"})
        self._until_ok("approve", digest, "--as", "ann", "--key", str(self.house.home / "ann"))
        goal = Books(marks=self.books.marks - Counter([name]), newest=self.books.newest)
        self._bring("apply", digest, kinds=("row",), goal=goal, mark=lambda kind: name)
        return None

    def _rejected(self) -> None:
        job = Job(number=self.number, kinds=("made",))
        digest = self._planned(*(jobs._STEPS[kind](job.mark(kind)) for kind in job.kinds))
        self._until_ok("reject", digest, "--as", "ann", "--key", str(self.house.home / "ann"), "--reason", "no")
        self._refused("apply", digest)

    def _halted(self) -> None:
        self._until_ok("halt", "--all", "--reason", "it halves prices")
        Job(number=self.number, kinds=("made",)).write(self.house)
        self._refused("apply", "plan.yaml")
        self._until_ok("unhalt", "--all", "--reason", "over", done=lambda told: "Not halted" in told.all)

    def _gc(self) -> None:
        """What retention dropped cannot be undone any more; what it kept still can."""
        self._until_ok("gc", "--auto-approve")
        self.last, self.alone = None, []

    def _rebuild(self) -> None:
        self._until_ok("state", "rebuild")

    def _planned(self, *steps) -> str:
        self.house.plan(*steps, name="plan.yaml")
        told = self._quiet("plan", "plan.yaml", "--format", "json")
        return json.loads(told.out)["digest"]

    def _refused(self, *command: str) -> None:
        for _ in range(_ATTEMPTS):
            told = self.wild.typed(*command)
            if told.code == Exit.REFUSED:
                return
            if told.code >= 0 and told.code not in (Exit.UNREACHABLE, Exit.INTERRUPTED, Exit.TERMINATED):
                raise Violated(f"{Wrong.HIDDEN}: {command} was not refused: exit {told.code}:\n{told.all}")
        raise Violated(f"{Wrong.MESSAGE}: {command} is never refused")

    def _until_ok(self, *command: str, done=lambda told: False) -> None:
        for _ in range(_ATTEMPTS):
            told = self.wild.typed(*command)
            if told.code == Exit.OK or done(told):
                return
        raise Violated(f"{Wrong.MESSAGE}: {' '.join(command)}: exit {told.code}:\n{told.all}")

    def _bring(self, *command: str, kinds, goal: Books, mark) -> None:
        """Type ``command`` and then what is said, until the systems hold what ``goal`` says."""
        def effects(_) -> dict[str, int]:
            now = jobs.found(self.house)
            return {kind: now[mark(kind)] for kind in kinds}

        want = {kind: goal.marks[mark(kind)] for kind in kinds}
        story = Story(
            name="soak", prepare=lambda _: None, command=lambda _: command, effects=effects, start=effects(None), goal=want,
        )
        told = self.wild.typed(*command)
        if told.code == Exit.OK and effects(None) != want:
            raise Violated(f"{Wrong.HIDDEN}: {command}: exit 0, but {effects(None)} and not {want}:\n{told.all}")
        if faults := list(way(self.wild, story, told, afresh=_MISHAPS)):
            raise Violated("; ".join(f"{fault.wrong}: {fault.why}" for fault in faults))
        self.books = goal

    def _compare(self, name: str) -> None:
        now = jobs.found(self.house)
        if +now != +self.books.marks:
            wrong = Wrong.DOUBLED if now - self.books.marks else Wrong.LOST
            raise Violated(f"{wrong}: after `{name}`: {_difference(now, self.books.marks)}")

    def _quiet(self, *words: str, typed: bool = False) -> Ended:
        how = self.wild.ground.typed if typed else self.wild.ground.run
        told = how(*words)
        self.tally.commands += 1
        if told.code != Exit.OK:
            raise Violated(f"{Wrong.MESSAGE}: `{' '.join(words)}`: exit {told.code}:\n{told.all}")
        return told


def _difference(now: Counter[str], expected: Counter[str]) -> str:
    return ", ".join(f"{mark} {now[mark]} times and not {expected[mark]}" for mark in sorted(now | expected) if now[mark] != expected[mark])


def soak(folder: Path, seed: int, runs: int, minutes: float, say) -> Tally:
    """Do so many jobs, or for so long. Raises Violated with the tally in its way."""
    due = time.monotonic() + minutes * 60 if minutes else float("inf")
    with shim.Zygote(shim.build(folder), folder) as zygote:
        one = Soak(Ground(folder=folder / "ground", zygote=zygote), seed)
        try:
            while one.number < runs and time.monotonic() < due:
                one.job()
                if one.number % _TELLING == 0:
                    one.look()
                    say(_line(one.tally))
            one.look()
            one.end()
        except Violated as violated:
            violated.job = one.number
            raise
        return one.tally


def _line(tally: Tally) -> str:
    records, seconds, memory = tally.looks[-1]
    return (
        f"{tally.jobs.total()} jobs, {tally.commands} commands, {tally.mishaps.total()} mishaps, {records} records; "
        f"`show` takes {seconds * 1000:.0f} ms and {memory // 1024} MiB"
    )


def _table(tally: Tally) -> Iterator[str]:
    for name, count in [*sorted(tally.jobs.items()), *((f"by {how}", count) for how, count in sorted(tally.mishaps.items()))]:
        yield f"{name:<14}{count:>7}"
    (first, quick, _), (last, slow, _) = tally.looks[0], tally.looks[-1]
    if last > first:
        yield f"{'a record more':<14}{(slow - quick) / (last - first) * 1e6:>7.0f} µs of `show`"
    yield f"{'processor':<14}{tally.seconds:>7.0f} s"


def main() -> int:
    options = argparse.ArgumentParser(prog="scripts/soak", description="Thousands of small runs with random kills, held against a model.")
    options.add_argument("--runs", type=int, default=0, metavar="N", help="so many jobs")
    options.add_argument("--minutes", type=float, default=0, metavar="M", help="for so long (default: 10)")
    options.add_argument("--seed", type=int, default=0, metavar="S", help="what chance begins with (default: by the clock)")
    chosen = options.parse_args()
    seed = chosen.seed or int(time.time())
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    print(f"seed {seed}, in {folder}", flush=True)
    minutes = chosen.minutes or (0 if chosen.runs else 10)
    try:
        tally = soak(folder, seed, chosen.runs or sys.maxsize, minutes, lambda text: print(text, flush=True))
    except Violated as violated:
        again = ["scripts/soak", "--seed", str(seed), "--runs", str(violated.job)]
        print(f"VIOLATED: job {violated.job}: {violated}\nThe workspace is kept in {folder}/ground/now. To see it again:\n    {shlex.join(again)}", flush=True)
        return 1
    print(*_table(tally), _line(tally), "nothing lost, doubled, hidden or left behind", sep="\n")
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
