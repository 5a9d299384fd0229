"""What is told again and again with a mishap at another moment: how it begins, what is typed, what must come of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.crash.ground import Ground
from tests.crash.shim import Mishap
from tests.e2e.house import create, step, update

Effects: TypeAlias = Mapping[str, int]

MADE = create("made", name="Barbara", email="b@example.com")
TIER = update("tier")
ROW = step("row", "crm.row.insert", "customers", {"name": "Alan"})
PAGE = step("page", "site.text.replace", "index.html", {"find": "$12", "replace": "$10 or $12", "count": 1})
COMMIT = step("commit", "code.commit.create", "main", {"paths": ["site/index.html"], "message": "New price"})
NOTE = step("note", "mem.note.send", "outbox", {"to": "a@example.com", "text": "hi"})


@dataclass(frozen=True, kw_only=True)
class Story:
    """A command that mishaps befall.

    ``effects`` counts what it is to bring about: ``start`` before it, ``goal`` after it; less is lost, more is doubled.
    ``systems`` is whether the files of the systems count too. ``after`` returns what is wrong once all came to its end.
    """

    name: str
    prepare: Callable[[Ground], None]
    command: Callable[[Ground], tuple[str, ...]]
    effects: Callable[[Ground], Effects]
    start: Effects
    goal: Effects
    systems: bool = False
    terminal: bool = True
    after: Callable[[Ground], list[str]] = lambda ground: []


def _writing(*steps: Mapping[str, object]) -> Callable[[Ground], None]:
    def prepare(ground: Ground) -> None:
        ground.house.plan(*steps)
    return prepare


def _applied(*steps: Mapping[str, object]) -> Callable[[Ground], None]:
    def prepare(ground: Ground) -> None:
        ground.house.plan(*steps)
        told = ground.typed("apply", "plan.yaml")
        assert told.code == 0, told.all
    return prepare


def _cut_off(*steps: Mapping[str, object]) -> Callable[[Ground], None]:
    """A run that died when the third step had had its effect and could not say so any more."""
    def prepare(ground: Ground) -> None:
        ground.house.plan(*steps)
        ground.keep("cutting")
        log = ground.typed("apply", "plan.yaml", mishap=Mishap(under=ground.ours()), log=True).log
        calls = [call for call in log if call.call != "said"]
        (finished, *_) = (
            number for number, call in enumerate(calls, start=1)
            if b'"kind":"step_finished"' in call.data and f'"step":"{steps[2]["id"]}"'.encode() in call.data
        )
        ground.restore("cutting")
        assert ground.typed("apply", "plan.yaml", mishap=Mishap(how="kill", at=finished, under=ground.ours())).code == -9
    return prepare


def done(ground: Ground) -> Effects:
    """Count what each step of the plans above does."""
    house = ground.house
    memory, page = house.memory(), (house.root / "code/site/index.html").read_text()
    return {
        "made": sum(record.get("name") == "Barbara" for record in memory.values()),
        "tier": int(memory["customers/1"]["tier"] == "annual"),
        "row": len(house.sql("SELECT 1 FROM customers WHERE name = 'Alan'")),
        "page": page.count("$10"),
        "commit": house.git("log", "--format=%s").count("New price"),
        "note": len(house.outbox()),
    }


def _all_of(*steps: Mapping[str, object]) -> Effects:
    names = {step["id"] for step in steps}
    return {name: int(name in names) for name in ("made", "tier", "row", "page", "commit", "note")}


NOTHING = _all_of()
SMALL, LARGE, UNDOABLE = (MADE, TIER, PAGE, NOTE), (MADE, TIER, ROW, PAGE, COMMIT, NOTE), (MADE, TIER, ROW, PAGE, COMMIT)


def _lead(ground: Ground) -> None:
    """Ann leads, and what writes needs a signature of a lead."""
    house = ground.house
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ann", "-f", house.home / "ann"], check=True)

    def change(policy: Any) -> None:
        policy["roles"]["all"]["grants"][-1]["approvals"] = {"count": 1, "from": ["leads"]}
        policy["people"]["ann"] = {"groups": ["leads"], "keys": [(house.home / "ann.pub").read_text().strip()]}
    house.change("policy.yaml", change)
    house.plan(MADE, TIER)
    assert ground.run("plan", "plan.yaml").code == 0


def _digest(ground: Ground) -> str:
    return "sha256:" + next(path.stem for path in (ground.house.ours / "changesets").glob("[0-9a-f]*.jsonl"))


def _approve(ground: Ground) -> tuple[str, ...]:
    return "approve", _digest(ground), "--as", "ann", "--key", str(ground.house.home / "ann")


def _approvals(ground: Ground) -> Effects:
    told = ground.run("approvals", "--format", "json")
    assert told.code == 0, told.all
    return {"approved": min(1, len(json.loads(told.out)["approvals"]))}     # a second one of hers counts for nothing


def _used_once(ground: Ground) -> list[str]:
    """No approval is named by two runs of which the later does not go on with the earlier."""
    told = ground.run("apply", _digest(ground))
    used = [
        approval["id"]
        for record in ground.house.records() if record["kind"] == "run_started" and not record["body"].get("resumes")
        for approval in record["body"]["consent"].get("approvals", ())
    ]
    wrong = [f"approval {one} was used {used.count(one)} times" for one in sorted(set(used)) if used.count(one) > 1]
    count = done(ground)
    if (count["made"], count["tier"]) != (1, 1):
        wrong.append(f"with the approval: {told.err.strip()[:300]}; {dict(count)}")
    return wrong


def _sign(ground: Ground) -> None:
    _lead(ground)
    told = ground.typed(*_approve(ground))
    assert told.code == 0, told.all


def _halts(ground: Ground) -> Effects:
    told = ground.run("runs", "--format", "json")
    assert told.code == 0, told.all
    return {"halted": min(1, len(json.loads(told.out)["halts"]))}


def _halt_holds(ground: Ground) -> list[str]:
    wrong = []
    ground.house.plan(TIER)
    held = ground.typed("apply", "plan.yaml")
    if held.code != 4 or done(ground)["tier"]:
        wrong.append(f"a halt did not hold: exit {held.code}")
    lifted = ground.run("unhalt", "--all", "--reason", "over")
    free = ground.typed("apply", "plan.yaml")
    if lifted.code or free.code:
        wrong.append(f"a lifted halt holds: exits {lifted.code}, {free.code}: {lifted.err}{free.err[-300:]}")
    return wrong


def _aged(ground: Ground) -> None:
    """Two runs with values that stand only in their packs, the first of them older than is kept."""
    ground.house.change("agentctl.yaml", lambda wire: wire.update(retention={"packs": 1, "changesets": 1}))
    for letter in "ab":
        _applied(update("notes", notes=letter * 2000))(ground)


def _old(ground: Ground) -> list[str]:
    first = next(record for record in ground.house.records() if record["kind"] == "run_started")
    digest = first["body"]["digest"].removeprefix("sha256:")
    return [f"packs/{first['run']}", f"changesets/{digest}.jsonl"]


def _dropped(ground: Ground) -> Effects:
    return {name.partition("/")[0]: int(not (ground.house.ours / name).exists()) for name in _old(ground)}


def _dropped_are_told(ground: Ground) -> list[str]:
    """Whatever is gone is told of, and what is kept can be undone."""
    told = {file["path"] for record in ground.house.records() if record["kind"] == "gc" for file in record["body"]["files"]}
    wrong = [f"{name} is gone and nothing tells of it" for name in _old(ground) if name not in told]
    undone = ground.typed("rollback", ground.house.runs()[1])
    return wrong if undone.code == 0 else [*wrong, f"the newer run cannot be undone: {undone.err[-300:]}"]


def _seal(ground: Ground) -> None:
    """What a run wrote is sealed with the first key."""
    _applied(MADE, update("note", note="too long to stand in the trace. " * 40))(ground)


def _rotations(ground: Ground) -> Effects:
    """Whether another key is in force than that of the beginning."""
    told = ground.run("key", "show", "--format", "json")
    assert told.code == 0, told.all
    document = json.loads(told.out)
    assert document["usable"], document["problem"]
    return {"replaced": min(1, len(document["keys"]) - 1)}


def _one_key_in_force(ground: Ground) -> list[str]:
    """What was sealed before is still rolled back, and no seed but that in force is left."""
    undone = ground.typed("rollback", ground.house.runs()[0])
    wrong = [] if undone.code == 0 else [f"what the first key sealed is not rolled back: {undone.err[-300:]}"]
    key = json.loads(ground.house.key.read_text())
    if "successor" in key or not key["retired"]:
        wrong.append("the old key was not taken out of its file")
    left = [path.name for path in ground.house.key.parent.iterdir() if path != ground.house.key]
    return [*wrong, *(f"{name} lies beside the key" for name in left)]


STORIES = tuple(
    Story(**{"effects": done, **story}) for story in (
        {"name": "apply", "prepare": _writing(*SMALL), "command": lambda ground: ("apply", "plan.yaml"),
         "start": NOTHING, "goal": _all_of(*SMALL)},
        {"name": "apply-systems", "prepare": _writing(*LARGE), "command": lambda ground: ("apply", "plan.yaml"),
         "start": NOTHING, "goal": _all_of(*LARGE), "systems": True},
        {"name": "resume", "prepare": _cut_off(MADE, TIER, PAGE, NOTE), "start": _all_of(MADE, TIER, PAGE), "goal": _all_of(*SMALL),
         "command": lambda ground: ("apply", "--resume", "latest")},
        {"name": "resume-systems", "prepare": _cut_off(PAGE, ROW, MADE, COMMIT, NOTE), "systems": True,
         "start": _all_of(PAGE, ROW, MADE), "goal": _all_of(PAGE, ROW, MADE, COMMIT, NOTE), "command": lambda ground: ("apply", "--resume", "latest")},
        {"name": "rollback", "prepare": _applied(*UNDOABLE), "command": lambda ground: ("rollback", ground.house.runs()[0]),
         "start": _all_of(*UNDOABLE), "goal": NOTHING, "systems": True},
        {"name": "approve", "prepare": _lead, "command": _approve, "effects": _approvals, "start": {"approved": 0}, "goal": {"approved": 1},
         "after": _used_once},
        {"name": "apply-signed", "prepare": _sign, "command": lambda ground: ("apply", _digest(ground)),
         "start": NOTHING, "goal": _all_of(MADE, TIER), "terminal": False, "after": _used_once},
        {"name": "halt", "prepare": _writing(TIER), "command": lambda ground: ("halt", "--all", "--reason", "it halves prices"),
         "effects": _halts, "start": {"halted": 0}, "goal": {"halted": 1}, "terminal": False, "after": _halt_holds},
        {"name": "rotate", "prepare": _seal, "command": lambda ground: ("key", "rotate", "--reason", "yearly"),
         "effects": _rotations, "start": {"replaced": 0}, "goal": {"replaced": 1}, "terminal": False, "after": _one_key_in_force},
        {"name": "gc", "prepare": _aged, "command": lambda ground: ("gc", "--auto-approve"), "effects": _dropped,
         "start": {"packs": 0, "changesets": 0}, "goal": {"packs": 1, "changesets": 1}, "terminal": False, "after": _dropped_are_told},
    )
)
