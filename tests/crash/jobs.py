"""What a soak has a workspace do, one small job after the other, and what each must come to, by a model of its own."""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.house import House, create, step, update

TABLES = """
CREATE TABLE picky (id INTEGER PRIMARY KEY, name TEXT NOT NULL CHECK (name NOT LIKE 'bad%'));
"""
_MARK = re.compile(r"\bj\d{5}[a-z]+\b")
_ALONE = ("made", "row")        # nothing later touches what these make
_LASTING = "note"       # cannot be undone
_ENDS = "--end--"


@dataclass(kw_only=True)
class Books:
    """What the systems must hold: how often each mark is found there, and which is the newest of those that replace."""

    marks: Counter[str] = field(default_factory=Counter)
    newest: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Job:
    """A plan of a few steps, each of which leaves its own mark; ``former`` is what a mark replaced."""

    number: int
    kinds: tuple[str, ...]
    former: Mapping[str, str] = field(default_factory=dict)

    def mark(self, kind: str) -> str:
        return f"j{self.number:05d}{kind}"

    def write(self, house: House, **more: Any) -> None:
        house.plan(*(_STEPS[kind](self.mark(kind)) for kind in self.kinds), name="plan.yaml", **more)

    def done(self, books: Books) -> Books:
        """Return the books after it."""
        after = Books(marks=Counter(books.marks), newest=dict(books.newest))
        for kind in self.kinds:
            after.marks[self.mark(kind)] += 1
            if kind in ("tag", "tier"):
                after.marks[books.newest[kind]] -= 1
                after.newest[kind] = self.mark(kind)
        return after

    def undone(self, books: Books, kinds: tuple[str, ...]) -> Books:
        """Return the books after ``kinds`` of it were put back, as far as they can be."""
        after = Books(marks=Counter(books.marks), newest=dict(books.newest))
        for kind in kinds:
            if kind == _LASTING:
                continue
            after.marks[self.mark(kind)] -= 1
            if kind in self.former:
                after.marks[self.former[kind]] += 1
                after.newest[kind] = self.former[kind]
        return after

    @property
    def stands_alone(self) -> bool:
        return set(self.kinds) <= set(_ALONE)


_STEPS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "note": lambda mark: step("note", "mem.note.send", "outbox", {"to": "a@example.com", "text": mark}),
    "made": lambda mark: create("made", name=mark),
    "row": lambda mark: step("row", "crm.row.insert", "customers", {"name": mark}),
    "tag": lambda mark: update("tag", tag=mark),
    "tier": lambda mark: step("tier", "crm.row.update", "customers/1", {"tier": mark}),
    "page": lambda mark: step("page", "site.text.replace", "log.txt", {"find": _ENDS, "replace": f"{mark}\n{_ENDS}", "count": 1}),
    "commit": lambda mark: step("commit", "code.commit.create", "main", {"paths": ["site/log.txt"], "message": mark}),
    "bad": lambda mark: step("bad", "crm.row.insert", "picky", {"name": f"bad {mark}"}),
    "free": lambda mark: step("free", "crm.row.insert", "customers", {"name": mark}, needs=[]),
}


def prepare(house: House) -> Books:
    """Give the workspace what the jobs need, and return what its systems hold then."""
    house.sql("UPDATE customers SET tier = 'j00000tier' WHERE id = 1")
    house.sql(TABLES)
    world = json.loads((house.root / "world.json").read_text())
    world["records"]["customers/1"]["tag"] = "j00000tag"
    (house.root / "world.json").write_text(json.dumps(world))
    (house.root / "code/site/log.txt").write_text(f"{_ENDS}\n")
    house.git("add", "--all")
    house.git("commit", "--quiet", "--message", "log")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ann", "-f", house.home / "ann"], check=True)

    def change(policy: Any) -> None:
        grants = policy["roles"]["all"]["grants"]
        grants[-1]["actions"] = [action for action in grants[-1]["actions"] if not action.startswith("crm.")]
        grants[-1]["actions"] += ["crm.row.insert", "crm.row.update"]
        grants.append({"id": "signed", "actions": ["crm.row.delete"], "mode": "approve", "approvals": {"count": 1, "from": ["leads"]}})
        policy["people"]["ann"] = {"groups": ["leads"], "keys": [(house.home / "ann.pub").read_text().strip()]}
    house.change("policy.yaml", change)
    house.change("agentctl.yaml", lambda file: file.update(retention={"packs": 5, "changesets": 5}))
    return Books(marks=Counter(["j00000tag", "j00000tier"]), newest={"tag": "j00000tag", "tier": "j00000tier"})


def found(house: House) -> Counter[str]:
    """Count every mark in every system, without asking agentctl."""
    return Counter(mark for text in _texts(house) for mark in _MARK.findall(text))


def _texts(house: House) -> Iterator[str]:
    world = json.loads((house.root / "world.json").read_text())
    yield from (str(record.get(key, "")) for record in world["records"].values() for key in ("name", "tag"))
    yield from (str(note.get("text", "")) for note in world["outbox"])
    yield from (f"{name} {tier}" for name, tier in house.sql("SELECT name, tier FROM customers"))
    yield from (name for (name,) in house.sql("SELECT name FROM picky"))
    yield (house.root / "code/site/log.txt").read_text()
    yield house.git("log", "--format=%s")


def draw(rng: random.Random, number: int, books: Books) -> Job:
    """Return a job of one to six steps."""
    kinds = rng.sample(["made", "row", "tag", "tier", "page", "note"], rng.randint(1, 4))
    if "page" in kinds and rng.random() < 0.6:
        kinds.insert(rng.randint(kinds.index("page") + 1, len(kinds)), "commit")
    return Job(number=number, kinds=tuple(kinds), former={kind: books.newest[kind] for kind in kinds if kind in books.newest})
