"""A real history, by real commands, and every way to change it without the key."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentctl.errors import Exit, Tampered
from agentctl.model.canonical import canonical, digest_bytes
from agentctl.trace import verify as trace
from agentctl.trace.chain import Fault
from agentctl.workspace.verifying import verify
from agentctl.workspace.workspace import Workspace
from tests.e2e.house import House, create, step, update
from tests.e2e.signing import planned, reject, with_leads

GENESIS = "sha256:" + "0" * 64


def lived_in(house: House) -> House:
    """Apply, roll back, halt, lift, reject and apply again. Some values are hidden."""
    with_leads(house)
    house.change("agentctl.yaml", lambda file: file["connectors"]["mem"].update(sensitive=["secret"]))
    house.change("policy.yaml", lambda policy: policy["roles"]["all"]["grants"][-1].pop("approvals"))
    house.plan(update("tier", secret="s3cr3t"), create("made", "7", name="x" * 2000))
    done(house.typed("apply", "plan.yaml"))
    done(house.typed("rollback", "latest"))
    done(house.run("halt", "--all", "--reason", '2 a.m.\n{"forged":1}'))
    done(house.run("unhalt", "--all", "--reason", "it was nothing"))
    done(reject(house, planned(house, update("tier", tier="gold")), "ann"))
    house.plan(create("other", "8"), step("page", "site.text.replace", "index.html", {"find": "$12", "replace": "$9", "count": 1}))
    done(house.typed("apply", "plan.yaml"))
    return house


def done(told: Any) -> None:
    assert told.code == Exit.OK, told.all


def files(house: House) -> list[Path]:
    """Return every file of the trace and what is signed of it."""
    return sorted([*(house.ours / "trace").glob("*.jsonl"), *(house.ours / "checkpoints").iterdir()])


@dataclass(frozen=True)
class Judge:
    """Verifies in this process what `agentctl verify --expect-head` verifies."""

    house: House
    head: str = ""

    def __call__(self) -> trace.Verdict:
        workspace = Workspace.open(self.house.root, {"AGENTCTL_KEY_FILE": str(self.house.key)})
        try:
            return verify(workspace, expect_head=self.head, key=None).verdict
        except Tampered as error:       # the trace's beginning tells of another workspace than the folder is: exit 9
            (begins,) = (self.house.ours / "trace").glob("000001-init-*.jsonl")
            fault = Fault(begins.name, 1, str(error))
            return trace.Verdict(grade=trace.Grade.BROKEN, head=None, records=0, files=0, fault=fault)


def flips(path: Path, every: int, start: int = 0) -> Iterator[int]:
    """Flip one bit of every so many bytes of a file, one after the other; yield the line of each while it is flipped."""
    whole = path.read_bytes()
    descriptor = os.open(path, os.O_WRONLY)
    try:
        for place in range(start % every, len(whole), every):
            os.pwrite(descriptor, bytes([whole[place] ^ 1 << place % 8]), place)
            yield whole.count(b"\n", 0, place) + 1
            os.pwrite(descriptor, whole[place : place + 1], place)
    finally:
        os.close(descriptor)
        path.write_bytes(whole)


def found(verdict: trace.Verdict, path: Path, line: int) -> bool:
    """Whether the verdict is broken at the line that was changed, or at the next, which no longer follows it.

    A last line that lost its end is none any more: what is broken then is where the trace ends.
    """
    if verdict.grade is not trace.Grade.BROKEN or verdict.fault is None:
        return False
    if path.suffix != ".jsonl":
        return verdict.fault.file == f"{path.name.partition('.')[0]}.jsonl"
    near = (verdict.fault.file, verdict.fault.line) in {(path.name, line), (path.name, line + 1)}
    return near or (line >= path.read_bytes().count(b"\n") and verdict.fault.file >= path.name)


def rewrite(house: House, change: Callable[[dict[str, Any]], object]) -> None:
    """Change records and hash every line after them anew, as anybody can who has the files."""
    prev = GENESIS
    for path in sorted((house.ours / "trace").glob("*.jsonl")):
        lines = []
        for line in path.read_bytes().splitlines():
            record = json.loads(line)
            change(record)
            record["prev"] = prev
            lines.append(canonical(record))
            prev = digest_bytes(lines[-1])
        path.write_bytes(b"".join(line + b"\n" for line in lines))


def restate(house: House, sign: Callable[[bytes], bytes] | None) -> None:
    """Make every checkpoint say what its file is now, signed by ``sign``, or with the signature it had."""
    for path in sorted((house.ours / "checkpoints").glob("*.json")):
        said = json.loads(path.read_bytes())
        data = (house.ours / "trace" / said["file"]).read_bytes()
        last = data.splitlines()[-1]
        said |= {"digest": digest_bytes(data), "head": digest_bytes(last), "length": len(data), "seq": json.loads(last)["seq"]}
        path.write_bytes(canonical(said))
        if sign is not None:
            path.with_name(path.name + ".sig").write_bytes(sign(canonical(said)))


def without_checkpoints(house: House) -> None:
    for path in (house.ours / "checkpoints").iterdir():
        path.unlink()


def copied(house: House, to: Path) -> House:
    """Return a copy of a house, key and all."""
    shutil.copytree(house.root.parent, to, symlinks=True)
    return House(root=to / "ws", home=to / "home")
