"""Every exit code of the table, produced for real; and what the codes promise about the world."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from agentctl.errors import Exit
from tests.e2e.house import House, Told, create, step, update

ROOT = Path(__file__).parents[2]


def ok(house: House) -> Told:
    house.plan(update("tier"))
    return house.typed("apply", "plan.yaml")


def unexpected(house: House) -> Told:
    plug = house.root.parent / "plug"
    (plug / "broken-1.dist-info").mkdir(parents=True)
    (plug / "broken-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (plug / "broken-1.dist-info/entry_points.txt").write_text("[agentctl.connectors]\nbroken = broken:TYPE\n")
    (plug / "broken.py").write_text(
        "class TYPE:\n    type, version, settings = 'broken', '1', {}\n"
        "    def open(instance):\n        raise ZeroDivisionError('CANARY')\n"
    )
    house.change("agentctl.yaml", lambda file: file["connectors"].update(odd={"type": "broken"}))
    house.plan(update("tier"))
    return house.run("validate", "plan.yaml", PYTHONPATH=str(plug))


def changes(house: House) -> Told:
    house.plan(update("tier"))
    return house.run("plan", "plan.yaml", "--detailed-exitcode")


def invalid(house: House) -> Told:
    house.plan(step("tier", "mem.record.updat", "customers/1", {"tier": "annual"}))
    return house.typed("apply", "plan.yaml")


def refused(house: House) -> Told:
    house.plan(update("tier"), agent="reader")
    return house.typed("apply", "plan.yaml")


def not_consented(house: House) -> Told:
    house.plan(update("tier"))
    return house.run("apply", "plan.yaml")


def stale(house: House) -> Told:
    house.plan(step("row", "crm.row.update", "customers/1", {"tier": "annual"}))
    house.run("plan", "plan.yaml", "-o", "reviewed")
    house.sql("UPDATE customers SET tier = 'weekly' WHERE id = 1")
    return house.typed("apply", "reviewed")


def incomplete(house: House) -> Told:
    """The second step's precondition is lost while the run waits at the first."""
    house.plan(update("tier"), step("row", "crm.row.update", "customers/1", {"tier": "annual"}))
    with house.memory_is_busy() as over, house.sitting("apply", "plan.yaml") as sitting:
        sitting.until("tier  mem.record.update  customers/1 …")
        house.sql("UPDATE customers SET tier = 'weekly' WHERE id = 1")
        over()
        return sitting.ended()


def locked(house: House) -> Told:
    house.plan(update("tier"))
    house.plan(create("other"), name="other.yaml")
    with house.memory_is_busy(), house.sitting("apply", "plan.yaml") as sitting:
        sitting.until("tier  mem.record.update  customers/1 …")
        told = house.typed("apply", "other.yaml")
        sitting.signal(signal.SIGKILL)
    return told


def tampered(house: House) -> Told:
    ok(house)
    (path,) = (house.ours / "trace").glob("*-run-*.jsonl")
    path.write_bytes(path.read_bytes().replace(b"monthly", b"nonthly", 1))
    return house.run("verify")


def unreachable(house: House) -> Told:
    house.plan(step("row", "crm.row.update", "customers/1", {"tier": "annual"}))
    (house.root / "crm.db").write_bytes(b"SQLite format 3\0 was here once" * 100)
    return house.typed("apply", "plan.yaml")


def wrong_usage(house: House) -> Told:
    return house.run("plan", "--no-such-flag")


def interrupted(house: House) -> Told:
    return stopped_by(house, signal.SIGINT)


def terminated(house: House) -> Told:
    return stopped_by(house, signal.SIGTERM)


def stopped_by(house: House, number: signal.Signals) -> Told:
    house.plan(update("tier"), create("after"))
    with house.memory_is_busy() as over, house.sitting("apply", "plan.yaml") as sitting:
        sitting.until("tier  mem.record.update  customers/1 …")
        sitting.signal(number)
        sitting.until("Stopping after the step in flight")
        over()
        return sitting.ended()


TABLE = {
    Exit.OK: ok,
    Exit.UNEXPECTED: unexpected,
    Exit.CHANGES: changes,
    Exit.INVALID: invalid,
    Exit.REFUSED: refused,
    Exit.CONSENT: not_consented,
    Exit.STALE: stale,
    Exit.INCOMPLETE: incomplete,
    Exit.LOCKED: locked,
    Exit.INTEGRITY: tampered,
    Exit.UNREACHABLE: unreachable,
    Exit.USAGE: wrong_usage,
    Exit.INTERRUPTED: interrupted,
    Exit.TERMINATED: terminated,
}

NOTHING_WAS_EXECUTED = (
    Exit.INVALID, Exit.REFUSED, Exit.CONSENT, Exit.STALE, Exit.UNREACHABLE, Exit.USAGE, Exit.CHANGES, Exit.UNEXPECTED,
)


def test_the_table_has_every_exit_code():
    assert set(TABLE) == set(Exit)


@pytest.mark.parametrize("code", TABLE, ids=lambda code: f"{code.value}-{code.name.lower()}")
def test_each_exit_code_is_what_its_situation_ends_with(house, code):
    before = house.world()
    told = TABLE[code](house)
    assert told.code == code, told.all
    assert "Traceback" not in told.all
    if code in NOTHING_WAS_EXECUTED:
        assert not house.runs(), "no run began"
        after = house.world() if code is not Exit.UNREACHABLE else before
        assert {**after, "rows": before["rows"]} == before, "the world is as it was, but for what the test did to the row"


def test_a_locked_workspace_names_who_holds_it_and_the_other_run_goes_on_alone(house):
    told = locked(house)
    assert "maria on " in told.err
    (run,) = house.runs()
    assert f"agentctl show {run}" in told.err
    assert house.run("show", run).code == Exit.OK, "the command it prints works"
    assert list(house.memory()) == ["customers/1"], "the second plan created nothing"


def test_a_bug_is_told_in_a_line_with_a_log_that_holds_no_values(house):
    told = unexpected(house)
    assert "This is a bug in agentctl" in told.err
    (log,) = house.home.rglob("crash-*.log")
    assert str(log) in told.err.replace("\n", "").replace("  ", "") or log.name in told.err
    assert "ZeroDivisionError" in log.read_text()
    assert "CANARY" not in log.read_text() + told.all


@pytest.mark.parametrize("stop", [interrupted, terminated])
def test_the_first_signal_lets_the_step_in_flight_finish_and_resume_does_the_rest(house, stop):
    stop(house)
    assert house.memory()["customers/1"]["tier"] == "annual", "the step in flight was finished"
    assert len(house.memory()) == 1, "the next one was not begun"
    assert house.typed("apply", "--resume", "latest").code == Exit.OK
    assert len(house.memory()) == 2


def test_the_readme_names_every_exit_code():
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if re.match(r"\| \d", line)]
    named = {int(number) for line in rows for number in re.findall(r"\d+", line.split("|")[1])}
    assert named == set(Exit)
