"""A trace to write, read and damage, signed with a real key."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from agentctl.identity import sshsig
from agentctl.testing.clock import FrozenClock
from agentctl.trace.chain import Chain, scan
from agentctl.trace.checkpoint import NAMESPACE, Places
from agentctl.trace.journal import Journal
from agentctl.trace.record import Kind
from agentctl.trace.verify import Known, Verdict, verify

SEED = bytes(range(32))
LINEAGE = "3b1f0c9a"
HALT = {"id": "h", "scope": {"reach": "all", "name": ""}, "by": "ann", "host": "ops", "at": "", "reason": "2 a.m."}


@dataclass
class Ground:
    """A workspace's trace in a folder of its own."""

    root: Path
    clock: FrozenClock = field(default_factory=FrozenClock)

    def __post_init__(self) -> None:
        for folder in (self.trace, self.checkpoints):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def trace(self) -> Path:
        return self.root / "trace"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @property
    def places(self) -> Places:
        sign = partial(sshsig.sign, seed=SEED, namespace=NAMESPACE)
        return Places(trace=self.trace, checkpoints=self.checkpoints, lineage=LINEAGE, sign=sign)

    def open(self, kind: str, identifier: str) -> Journal:
        return Journal.open(self.places, kind, identifier, clock=self.clock)

    def init(self) -> None:
        self.act("init", "init-1", {"lineage": LINEAGE, "public_key": sshsig.public_key(SEED)})

    def act(self, kind: str, identifier: str, body: dict[str, object]) -> None:
        with self.open(kind, identifier) as journal:
            journal.append(Kind(kind), body, sync=True)

    def begin(self, identifier: str, steps: int = 2) -> Journal:
        """A run with some finished steps and no end: closing it leaves what a dead process leaves."""
        journal = self.open("run", identifier)
        journal.append(Kind.RUN_STARTED, {"intent": "move customer 42 – now"}, sync=True)
        for number in range(steps):
            self.clock.advance(seconds=1)
            journal.append(Kind.STEP_STARTED, {"step": f"s{number}"}, sync=True)
            journal.append(Kind.STEP_FINISHED, {"step": f"s{number}", "status": "confirmed"}, sync=False)
        return journal

    def run(self, identifier: str, steps: int = 2) -> None:
        with self.begin(identifier, steps) as journal:
            journal.append(Kind.RUN_FINISHED, {"status": "complete", "counts": {}, "reason": ""}, sync=True)

    def files(self) -> list[Path]:
        return sorted(self.trace.glob("*.jsonl"))

    def scan(self) -> Chain:
        return scan(self.trace)

    def head(self) -> str:
        head = self.scan().head
        assert head is not None
        return head.digest

    def verify(self, *, inside: str = "", outside: str = "") -> Verdict:
        known = Known(
            inside={inside: "state.json"} if inside else {}, outside={outside: "--expect-head"} if outside else {}
        )
        check = partial(_check, sshsig.public_key(SEED))
        return verify(self.trace, self.checkpoints, lineage=LINEAGE, known=known, check=check)


def _check(public_key: str, message: bytes, signature: bytes) -> bool:
    return sshsig.verify(message, signature, public_key=public_key, namespace=NAMESPACE)


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


@pytest.fixture
def history(ground: Ground) -> Ground:
    """An init, two runs and an act between them, all closed."""
    ground.init()
    ground.run("r1")
    ground.act("halt", "h1", HALT)
    ground.run("r2", steps=1)
    return ground
