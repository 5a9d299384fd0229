"""kill -9 at any moment of an apply: after `apply --resume` nothing is missing and nothing was done twice."""

from __future__ import annotations

import os
import pty
import shutil
from pathlib import Path

import pytest

from agentctl.errors import Exit
from tests.e2e.forked import begin
from tests.e2e.house import House, Sitting, create, step, update

DIE_AT = Path(__file__).with_name("die_at.py")
STEPS = (
    create("made", name="Barbara"),
    update("tier"),
    step("row", "crm.row.insert", "customers", {"name": "Alan"}),
    step("page", "site.text.replace", "index.html", {"find": "$12", "replace": "$10 or $12", "count": 1}),
    step("commit", "code.commit.create", "main", {"paths": ["site/index.html"], "message": "New price"}),
    step("note", "mem.note.send", "outbox", {"to": "a@example.com", "text": "hi"}),
)
ANSWERS = ("yes", "send 1")


def killed(house: House, moment: int) -> int:
    """Apply the plan, killed at a moment of it; return how it ended."""
    master, slave = pty.openpty()
    process = begin(
        [str(moment), "apply", "plan.yaml"], program=str(DIE_AT), cwd=house.root, environ=house.environ(),
        files=(slave, slave, slave), session=True,
    )
    os.close(slave)
    try:
        return Sitting(process, master, list(ANSWERS)).ended().code
    finally:
        os.close(master)


def effects(house: House) -> dict[str, int]:
    """Count each effect: 1 is as it should be, 0 missing, more is a repeat."""
    page = (house.root / "code/site/index.html").read_text()
    return {
        "made": sum(record.get("name") == "Barbara" for record in house.memory().values()),
        "tier": int(house.memory()["customers/1"]["tier"] == "annual"),
        "row": len(house.sql("SELECT 1 FROM customers WHERE name = 'Alan'")),
        "page": page.count("$10"),
        "commit": house.git("log", "--format=%s").count("New price"),
        "note": len(house.outbox()),
    }


def go_on(house: House) -> None:
    """Do what on-call does: resume, and look into the system where a step is in doubt."""
    for _ in range(len(STEPS)):
        told = house.typed("apply", "--resume", "latest", answers=ANSWERS)
        if told.code == Exit.OK or "Nothing to resume" in told.err:
            return
        assert "A step is in doubt" in told.err, told.all
        command = next(line.split() for line in told.err.splitlines() if line.strip().startswith("agentctl resolve "))
        run, doubtful = command[2], command[3]
        answer = "--happened" if effects(house)[doubtful] else "--did-not"
        resolved = house.run("resolve", run, doubtful, answer, "--reason", "I looked")
        assert resolved.code == Exit.OK, resolved.all
    pytest.fail("it could not be brought to an end")


@pytest.mark.parametrize("first", range(1, 3))
def test_after_a_kill_at_any_moment_nothing_is_missing_and_nothing_is_repeated(house, first):
    deaths = 0
    for moment in range(first * 23, 400, 53):
        shutil.rmtree(house.root.parent / "again", ignore_errors=True)
        shutil.copytree(house.root, house.root.parent / "again/ws")
        fresh = House(root=house.root.parent / "again/ws", home=house.home)
        fresh.plan(*STEPS)
        if killed(fresh, moment) == Exit.OK:
            break
        deaths += 1
        if any(record["kind"] == "run_started" for record in fresh.records()):
            assert fresh.run("show").code == Exit.OK
            go_on(fresh)
        else:
            assert fresh.typed("apply", "plan.yaml", answers=ANSWERS).code == Exit.OK
        assert effects(fresh) == dict.fromkeys(effects(fresh), 1), f"killed at {moment}"
        assert fresh.run("verify").code == Exit.OK
        state = fresh.run("state", "list")
        if state.code != Exit.OK:       # killed when all was done but the state
            assert "agentctl state rebuild" in state.err
            assert fresh.run("state", "rebuild").code == Exit.OK
    assert deaths > 1
