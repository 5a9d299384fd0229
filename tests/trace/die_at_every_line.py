"""A program: lets a writer of a trace die at one line of code after the other and looks at what is left each time.

Usage: die_at_every_line.py FOLDER FIRST STRIDE. Prints how many deaths were survived, or the first that was not.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from agentctl.identity import sshsig
from agentctl.trace.chain import Link, walk
from agentctl.trace.checkpoint import NAMESPACE, Places
from agentctl.trace.journal import Journal
from agentctl.trace.record import GENESIS, Kind
from agentctl.trace.verify import Grade, Known, verify

SEED = bytes(32)


def now() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


def places(root: Path) -> Places:
    sign = partial(sshsig.sign, seed=SEED, namespace=NAMESPACE)
    return Places(trace=root / "trace", checkpoints=root / "checkpoints", lineage="L", sign=sign)


def prepare(root: Path) -> None:
    """An init, and a run whose process died while writing a line: what the dying writer begins with."""
    for folder in ("trace", "checkpoints"):
        (root / folder).mkdir(parents=True)
    with Journal.open(places(root), "init", "i", clock=now) as journal:
        journal.append(Kind.INIT, {}, sync=True)
    journal = Journal.open(places(root), "run", "r0", clock=now)
    journal.append(Kind.RUN_STARTED, {}, sync=True)
    journal.close()
    with (root / "trace" / "000002-run-r0.jsonl").open("ab") as file:
        file.write(b'{"body":{"st')


def story(root: Path, told: int) -> None:
    """One run; whatever was promised to be durable is told through the pipe first thing after the promise."""
    with Journal.open(places(root), "run", "r1", clock=now) as journal:
        for kind, sync in (
            (Kind.RUN_STARTED, True),
            (Kind.STEP_STARTED, True),
            (Kind.STEP_FINISHED, False),
            (Kind.RUN_FINISHED, True),
        ):
            journal.append(kind, {"step": "s"}, sync=sync)
            if sync and journal.head is not None:
                os.write(told, journal.head.digest.encode() + b"\n")
    os.write(told, b"done\n")


def die_after(lines: int, *, halfway: bool) -> None:
    """Die when so many lines of the writer have run; ``halfway`` makes every write a partial one that kills."""
    left = lines

    def count(frame, event, argument):
        nonlocal left
        if "agentctl/trace/" not in frame.f_code.co_filename:
            return None
        if event == "line":
            left -= 1
            if left <= 0 and not halfway:
                os.kill(os.getpid(), signal.SIGKILL)
        return count

    if halfway:
        real = os.write

        def partial_write(descriptor, data):
            if left <= 0:
                real(descriptor, data[: len(data) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(descriptor, data)

        os.write = partial_write
    sys.settrace(count)


def attempt(root: Path, lines: int, *, halfway: bool) -> bool:
    """Fork, die, look. Returns whether the story came to its end before it was time to die."""
    prepare(root)
    reading, telling = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        die_after(lines, halfway=halfway)
        story(root, telling)
        os._exit(0)
    os.close(telling)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        told = pipe.read().split()
    check(root, [digest for digest in told if len(digest) == len(GENESIS)])
    return "done" in told


def check(root: Path, promised: list[str]) -> None:
    """Everything promised is there, nothing is at fault, the next writer goes on, and then all is intact."""
    inside = dict.fromkeys(promised, "the writer")
    signer = sshsig.public_key(SEED)
    judge = partial(
        verify,
        root / "trace",
        root / "checkpoints",
        lineage="L",
        check=lambda message, signature: sshsig.verify(message, signature, public_key=signer, namespace=NAMESPACE),
    )
    verdict = judge(known=Known(inside=inside))
    assert verdict.fault is None, verdict
    with Journal.open(places(root), "run", "r2", clock=now) as journal:
        journal.append(Kind.RUN_STARTED, {}, sync=True)
        journal.append(Kind.RUN_FINISHED, {}, sync=True)
    assert journal.head is not None
    verdict = judge(known=Known(inside=inside, outside={journal.head.digest: "us"}))
    assert verdict.grade is Grade.INTACT, verdict
    ends = [
        found.record.run
        for found in walk(root / "trace")
        if isinstance(found, Link) and found.record.kind is Kind.RUN_FINISHED
    ]
    assert len(ends) == len(set(ends)), ends
    assert not (root / "trace" / ".reserve").exists()


def main(folder: str, first: str, stride: str) -> None:
    deaths = 0
    for halfway in (False, True):
        at = int(first)
        while True:
            root = Path(folder, f"{halfway}-{at}")
            try:
                if attempt(root, at, halfway=halfway):
                    break
            except AssertionError as error:
                print(json.dumps({"line": at, "halfway": halfway, "why": str(error)}))
                sys.exit(1)
            deaths += 1
            at += int(stride)
    print(json.dumps({"deaths": deaths}))


if __name__ == "__main__":
    main(*sys.argv[1:])
