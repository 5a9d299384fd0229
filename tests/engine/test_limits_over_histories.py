"""Whatever runs did, crashed at, resumed and were told: in no window did more happen than the limit allows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from agentctl.engine.limits import account, refusals, reservation, standings, usage
from agentctl.model.changeset import Purpose
from agentctl.model.decision import Consent
from agentctl.model.diagnostic import Span
from agentctl.model.limit import Charge, Measure
from agentctl.model.plan import Plan
from agentctl.model.run import History, Run, RunStatus, StepRun, StepStatus

START = datetime(2026, 1, 1, tzinfo=UTC)
WINDOWS = {"short": (60, 10), "long": (300, 25)}        # seconds, most
ENDS = ("confirmed", "accepted", "deviated", "failed", "happened and in doubt", "in doubt", "dies before", "dies after")
HAPPENED = {"confirmed", "accepted", "deviated", "happened and in doubt", "dies after"}


class NoSecrets:
    def commit(self, address: str, path: str, wire: object) -> str:
        return f"hmac:{address}{path}{wire}"

    def idempotency_key(self, lineage: str, plan: str, step: str, repeat: int) -> str:
        return ""


def charges(step: str, amount: int) -> dict[str, tuple[Charge, ...]]:
    return {
        step: tuple(
            Charge(
                limit=name, place=Span("p", 1, 1), stream="g: sum after.n by agent", measure=Measure.SUM, by="agent",
                key="bot", amount=amount, most=most, per=f"{seconds}s", seconds=seconds,
            )
            for name, (seconds, most) in WINDOWS.items()
        )
    }


@dataclass
class World:
    """A trace that grows as the engine lets it, and what really happened when."""

    now: datetime = START
    runs: list[Run] = field(default_factory=list)
    happened: list[tuple[datetime, int]] = field(default_factory=list)

    def text(self) -> str:
        return self.now.isoformat(timespec="microseconds").replace("+00:00", "Z")

    def apply(self, amounts: list[int], ends: list[str], pauses: list[int], resumed: str = "") -> None:
        wanted: dict[str, tuple[Charge, ...]] = {}
        for number, amount in enumerate(amounts):
            wanted |= charges(f"s{number}", amount)
        names = {account(charge, NoSecrets()) for taken in wanted.values() for charge in taken}
        history = History(runs=tuple(self.runs))
        longest = timedelta(seconds=max(seconds for seconds, _ in WINDOWS.values()))
        stand = standings(wanted, usage(history, names, self.now, longest, resumed), self.now, NoSecrets())
        everything = usage(history, names, self.now, timedelta.max, resumed)
        assert standings(wanted, everything, self.now, NoSecrets()) == stand
        if refusals(stand):
            return
        self.close()
        steps = [StepRun(id=step, action="a.b", target="t") for step in wanted]
        run = Run(
            id=f"r{len(self.runs)}", number=len(self.runs), purpose=Purpose.APPLY, status=RunStatus.OPEN, digest="",
            effects="", plan=Plan(intent="", agent="bot", steps=()), tenant="", environment="", policy="", systems={},
            who={}, consent=Consent(), steps=tuple(steps), started_at=self.text(),
            reserved=reservation(wanted, NoSecrets()),
        )
        for number, (amount, end, pause) in enumerate(zip(amounts, ends, pauses, strict=False)):
            begun = self.text()
            self.now += timedelta(seconds=pause)
            if end in HAPPENED:
                self.happened.append((self.now, amount))
            self.now += timedelta(seconds=pause)
            steps[number] = self.told(replace(steps[number], started_at=begun), end)
            if end.startswith("dies"):
                self.runs.append(replace(run, steps=tuple(steps)))
                return
        status = RunStatus.COMPLETE if all(step.status.done for step in steps) else RunStatus.INCOMPLETE
        self.runs.append(replace(run, steps=tuple(steps), status=status, finished_at=self.text()))

    def told(self, step: StepRun, end: str) -> StepRun:
        if end.startswith("dies"):
            return replace(step, status=StepStatus.STARTED)
        status = StepStatus.IN_DOUBT if end.endswith("in doubt") else StepStatus(end)
        return replace(step, status=status, finished_at=self.text())

    def close(self) -> None:
        """What the next writer does with the run of a dead one."""
        if self.runs and self.runs[-1].status is RunStatus.OPEN:
            self.runs[-1] = replace(self.runs[-1], status=RunStatus.ABANDONED, finished_at=self.text())

    def settle(self, answer: str) -> None:
        """Say what became of every step that is in doubt, truthfully where it says that nothing happened."""
        if not self.runs:
            return
        run = self.runs[-1]
        doubtful = {StepStatus.STARTED, StepStatus.IN_DOUBT}
        steps = tuple(self.settled(step, answer) if step.status in doubtful else step for step in run.steps)
        self.runs[-1] = replace(run, steps=steps)

    def settled(self, step: StepRun, answer: str) -> StepRun:
        if answer == "skip":
            return replace(step, status=StepStatus.SKIPPED, resolved="skip", finished_at=self.text())
        return replace(step, status=StepStatus.ACCEPTED, resolved="happened", finished_at=self.text())

    def resume(self, amounts: list[int], ends: list[str], pauses: list[int]) -> None:
        if not self.runs or self.runs[-1].status is not RunStatus.OPEN:
            return
        old = self.runs[-1]
        self.settle("happened")
        rest = sum(step.status is StepStatus.PENDING for step in old.steps)
        self.apply([min(amounts) for _ in range(rest)] or [0], ends, pauses, resumed=old.id)
        if self.runs[-1].id != old.id:
            self.runs[-2] = replace(self.runs[-2], resumed_by=(self.runs[-1].id,))


RUNS = st.tuples(
    st.sampled_from(["apply", "apply", "resume"]),
    st.lists(st.integers(1, 5), min_size=1, max_size=3),
    st.lists(st.one_of(st.just("confirmed"), st.sampled_from(ENDS)), min_size=4, max_size=4),
    st.lists(st.integers(0, 12), min_size=4, max_size=4),
)
BETWEEN = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 70)),
    st.tuples(st.just("settle"), st.sampled_from(["happened", "skip"])),
)
DEEDS = st.lists(st.one_of(RUNS, RUNS, BETWEEN), min_size=2, max_size=30)


@settings(max_examples=300, deadline=None)
@given(DEEDS)
def test_in_no_window_did_more_happen_than_the_limit_allows(deeds):
    world = World()
    for deed in deeds:
        match deed:
            case ("wait", seconds):
                world.now += timedelta(seconds=seconds)
            case ("settle", answer):
                world.settle(answer)
            case ("apply", amounts, ends, pauses):
                world.apply(amounts, ends, pauses)
            case ("resume", amounts, ends, pauses):
                world.resume(amounts, ends, pauses)
    for seconds, most in WINDOWS.values():
        for end, _ in world.happened:
            begin = end - timedelta(seconds=seconds)
            assert sum(amount for at, amount in world.happened if begin < at <= end) <= most
