"""A workspace of real systems, and the real command line driven in it: piped, or on a terminal where it asks."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.forked import Process, begin, ran

AGENTCTL = (sys.executable, "-m", "agentctl")
PERSON = "maria"
PATIENCE = 60.0         # seconds after which a test gives up on a command; none needs more than a few

FILE = {
    "version": 1,
    "kind": "Workspace",
    "tenant": "acme",
    "environment": "staging",
    "policy": "policy.yaml",
    "connectors": {
        "mem": {"type": "memory", "path": "world.json"},
        "site": {"type": "file", "root": "./code/site"},
        "code": {"type": "git", "path": "./code"},
        "crm": {"type": "sql", "url": "sqlite:///crm.db"},
    },
}
POLICY = {
    "version": 1,
    "kind": "Policy",
    "agents": {"helper": {"roles": ["all"]}, "reader": {"roles": ["looks"]}},
    "roles": {
        "all": {
            "grants": [
                {"id": "drafts", "actions": ["*.branch.create", "*.read"]},
                {"id": "notes", "actions": ["mem.note.send"], "mode": "approve"},
                {"id": "erasing", "actions": ["crm.rows.delete"], "mode": "manual"},
                {
                    "id": "writes",
                    "actions": ["mem.record.*", "site.*", "code.commit.*", "code.branch.delete", "code.branch.merge",
                                "crm.row.*", "crm.rows.update"],
                    "mode": "approve",
                },
            ]
        },
        "looks": {"grants": [{"actions": ["*.read", "code.branch.create"]}]},
    },
    "people": {"on-call-1": {"groups": ["on-call"], "aliases": [PERSON]}},
    "invariants": [
        {"id": "keep-vip", "when": 'target == "customers/vip"', "deny": 'effect == "delete"',
         "message": "Customer vip stays."},
    ],
    "rollback": {"from": ["on-call"], "approvals": {"count": 0}},
}
TABLES = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, tier TEXT, balance NUMERIC);
INSERT INTO customers VALUES (1, 'Ada', 'monthly', 12.50), (2, 'Grace', 'monthly', 7), (3, 'Edsger', NULL, NULL);
"""


@dataclass(frozen=True, kw_only=True)
class Told:
    """How a command ended and what it said. On a terminal everything is in ``err``, as a person sees it."""

    code: int
    out: str = ""
    err: str = ""

    @property
    def all(self) -> str:
        return self.out + self.err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, kw_only=True)
class House:
    """One workspace. ``home`` holds the keys, outside it."""

    root: Path
    home: Path
    extra: Mapping[str, str] = field(default_factory=dict)

    def environ(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH") if name in os.environ}
        base = {"HOME": str(self.home), "LOGNAME": PERSON, "COLUMNS": "200", "LINES": "50", "NO_COLOR": "1"}
        return {**kept, **base, **self.extra, **more}

    def run(self, *arguments: str | Path, **environ: str) -> Told:
        """Run a command with no terminal anywhere."""
        code, out, err = ran([*map(str, arguments)], cwd=self.root, environ=self.environ(**environ), patience=PATIENCE)
        return Told(code=code, out=out.decode(), err=err.decode())

    def typed(self, *arguments: str | Path, answers: tuple[str, ...] = ("yes",), **environ: str) -> Told:
        """Run a command on a terminal, and type an answer at each prompt."""
        with self.sitting(*arguments, answers=answers, **environ) as sitting:
            return sitting.ended()

    @contextmanager
    def sitting(
        self, *arguments: str | Path, answers: tuple[str, ...] = ("yes",), **environ: str
    ) -> Iterator[Sitting]:
        """Start a command on a terminal; when the block ends, so has the command."""
        master, slave = pty.openpty()
        process = begin(
            [*map(str, arguments)], cwd=self.root, environ=self.environ(**environ), files=(slave, slave, slave), session=True
        )
        os.close(slave)
        try:
            yield Sitting(process, master, list(answers))
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            os.close(master)

    def plan(self, *steps: Mapping[str, Any], name: str = "plan.yaml", **more: Any) -> Path:
        """Write a plan."""
        path = self.root / name
        wire = {"version": 1, "kind": "Plan", "intent": "Try it.", "agent": "helper", "steps": list(steps), **more}
        path.write_text(yaml.safe_dump(wire, sort_keys=False))
        return path

    def change(self, name: str, change: Callable[[Any], None]) -> None:
        """Change a YAML file of the workspace."""
        path = self.root / name
        wire = yaml.safe_load(path.read_text())
        change(wire)
        path.write_text(yaml.safe_dump(wire, sort_keys=False))

    def sql(self, statement: str) -> list[Any]:
        with closing(sqlite3.connect(self.root / "crm.db")) as database:
            rows = database.execute(statement).fetchall()
            database.commit()
            return rows

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", *arguments], cwd=self.root / "code",
            env=self.environ(GIT_CONFIG_NOSYSTEM="1"), check=True, capture_output=True, text=True,
        ).stdout

    @property
    def ours(self) -> Path:
        return self.root / ".agentctl"

    @property
    def key(self) -> Path:
        return self.home / ".config/agentctl/keys" / (self.ours / "lineage").read_text().strip()

    def records(self) -> list[dict[str, Any]]:
        """Return every whole line of the trace, in order."""
        lines = [line for path in sorted((self.ours / "trace").glob("*.jsonl")) for line in path.read_bytes().split(b"\n")]
        return [json.loads(line) for line in lines if line.endswith(b"}")]

    def runs(self) -> list[str]:
        return [path.stem.rpartition("-")[2] for path in sorted((self.ours / "trace").glob("*-run-*.jsonl"))]

    def memory(self) -> dict[str, Any]:
        return json.loads((self.root / "world.json").read_text())["records"]

    def outbox(self) -> list[Any]:
        return json.loads((self.root / "world.json").read_text())["outbox"]

    def world(self) -> dict[str, Any]:
        """Return all that the systems of record hold: records, files with modes, refs, index, status, every row."""
        with closing(sqlite3.connect(self.root / "crm.db")) as database:
            rows = list(database.iterdump())
        code = self.root / "code"
        return {
            "memory": self.memory(),
            "outbox": self.outbox(),
            "files": {
                path.relative_to(code).as_posix(): (path.read_bytes(), path.stat().st_mode)
                for path in sorted(code.rglob("*"))
                if path.is_file() and ".git" not in path.relative_to(code).parts
            },
            "git": [
                self.git(*words)
                for words in (("for-each-ref",), ("ls-files", "--stage"), ("status", "--porcelain"), ("symbolic-ref", "HEAD"))
            ],
            "rows": rows,
        }

    @contextmanager
    def memory_is_busy(self) -> Iterator[Callable[[], None]]:
        """Keep every write to the memory connector waiting, as a slow system would, until what is yielded is called."""
        with (self.root / "world.json.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield lambda: fcntl.flock(file, fcntl.LOCK_UN)


class Sitting:
    """A command in progress on a terminal."""

    def __init__(self, process: Process, master: int, answers: list[str]) -> None:
        self.process = process
        self._master = master
        self._answers = answers
        self._said = b""
        self._due = time.monotonic() + PATIENCE

    def until(self, words: str) -> str:
        """Read on until ``words`` are on the screen."""
        while words.encode() not in self._said:
            assert self._more(), f"it ended without saying {words!r}:\n{self.said}"
        return self.said

    def answer(self, text: str) -> None:
        """Type ``text`` at a prompt that no answer was given for."""
        os.write(self._master, text.encode() + b"\n")

    def ended(self) -> Told:
        while self._more():
            pass
        return Told(code=self.process.wait(PATIENCE), err=self.said)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    @property
    def said(self) -> str:
        return self._said.decode(errors="replace").replace("\r\n", "\n")

    def _more(self) -> bool:
        ready = select.select([self._master], [], [], max(0.0, self._due - time.monotonic()))[0]
        assert ready, f"it said nothing for too long:\n{self.said}"
        try:
            said = os.read(self._master, 65536)
        except OSError:     # Linux reports the closed terminal as an input/output error
            return False
        self._said += said
        last = self._said.rpartition(b"\n")[2]
        if self._answers and last.endswith(b": ") and (b"`yes`" in last or b"Type `" in last):
            os.write(self._master, self._answers.pop(0).encode() + b"\n")
        return bool(said)


def build(folder: Path) -> House:
    """Make a workspace in ``folder`` with all four kinds of system, initialised."""
    house = House(root=folder / "ws", home=folder / "home")
    (house.root / "code/site").mkdir(parents=True)
    house.home.mkdir()
    (house.root / "agentctl.yaml").write_text(yaml.safe_dump(FILE, sort_keys=False))
    (house.root / "policy.yaml").write_text(yaml.safe_dump(POLICY, sort_keys=False))
    (house.root / "code/site/index.html").write_text("<h1>Acme</h1>\n<p>$12</p>\n")
    (house.root / "code/site/config.yaml").write_text("# by hand\nprice: 12.00  # list\nname: acme\n")
    (house.root / "code/notes.txt").write_text("unrelated\n")
    with closing(sqlite3.connect(house.root / "crm.db")) as database:
        database.executescript(TABLES)
    world = {"serial": 1, "records": {"customers/1": {"tier": "monthly", "seats": 3}}, "versions": {"customers/1": 1},
             "keys": {}, "outbox": []}
    (house.root / "world.json").write_text(json.dumps(world))
    house.git("init", "--quiet", "--initial-branch=main")
    house.git("add", "--all")
    house.git("commit", "--quiet", "--message", "first")
    told = house.run("init")
    assert told.code == 0, told.err
    return house


def step(id: str, action: str, target: str, with_: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"id": id, "action": action, "target": target, **({"with": with_} if with_ else {}), **more}


def create(id: str, key: str = "", **fields: Any) -> dict[str, Any]:
    return step(id, "mem.record.create", f"customers/{key}" if key else "customers", fields or {"tier": "trial"})


def update(id: str, key: str = "1", **fields: Any) -> dict[str, Any]:
    return step(id, "mem.record.update", f"customers/{key}", fields or {"tier": "annual"})


EVERYWHERE = (
    update("tier"),
    create("client", "7", name="Barbara"),
    step("row", "crm.row.update", "customers/1", {"tier": "annual"}),
    step("page", "site.text.replace", "index.html", {"find": "$12", "replace": "$10", "count": 1}),
    step("commit", "code.commit.create", "main", {"paths": ["site/index.html"], "message": "New price"}),
    step("insert", "crm.row.insert", "customers", {"name": "Alan", "tier": "trial"}),
)
