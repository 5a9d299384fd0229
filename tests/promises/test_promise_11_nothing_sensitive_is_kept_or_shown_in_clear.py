"""Values of sensitive fields stand nowhere in clear: not kept, not shown, not in any error; sealed ones only in packs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentctl.errors import Exit
from tests.e2e.house import House, create, step, update

OLD, NEW, MADE, SEALED_OLD, SEALED_NEW, ROW_OLD, ROW_NEW = (
    f"CANARY-{name}-{'x' * 20}" for name in ("OLD", "NEW", "MADE", "SEALED-OLD", "SEALED-NEW", "ROW-OLD", "ROW-NEW")
)
SENSITIVE = (OLD, NEW, MADE, ROW_OLD, ROW_NEW)


@pytest.fixture
def secretive(house):
    wire = json.loads((house.root / "world.json").read_text())
    wire["records"]["customers/1"] |= {"password": OLD, "ssn": SEALED_OLD}
    (house.root / "world.json").write_text(json.dumps(wire))
    house.sql(f"UPDATE customers SET tier = '{ROW_OLD}' WHERE id = 1")

    def settings(file):
        file["connectors"]["mem"] |= {"sensitive": ["password"], "sealed": ["ssn"]}
        file["connectors"]["crm"] |= {"sensitive": ["customers.tier"]}

    house.change("agentctl.yaml", settings)
    house.plan(
        update("change", password=NEW, ssn=SEALED_NEW), create("made", "7", password=MADE),
        step("row", "crm.row.update", "customers/1", {"tier": ROW_NEW}),
    )
    return house


def search(house: House, told: list[str], words: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return where any of ``words`` stands in clear: under .agentctl, in the home, or on a screen."""
    kept: list[Path] = [path for folder in (house.ours, house.home) for path in folder.rglob("*") if path.is_file()]
    found = [(word, str(path)) for path in kept for word in words if word.encode() in path.read_bytes()]
    return found + [(word, text[max(0, text.find(word) - 200):][:300]) for text in told for word in words if word in text]


LOOKS = (
    ("show",), ("show", "--step", "change"), ("show", "--step", "row", "--format", "json"), ("show", "--format", "json"), ("drift",),
    ("drift", "--format", "json"), ("state", "list", "--format", "json"), ("state", "show", "mem/customers/1"),
    ("state", "show", "crm/customers/1", "--format", "json"), ("verify",), ("runs", "--format", "json"),
)


def test_a_run_and_its_rollback_show_and_keep_nothing_sensitive(secretive):
    house = secretive
    told = [house.run("validate", "plan.yaml").all]
    plan = ("plan", "plan.yaml", "-o", str(house.ours / "reviewed"))
    told += [house.run(*plan, "--diff", detail).all for detail in ("summary", "compact", "full")]
    told.append(house.run("plan", "plan.yaml", "--format", "json", "--json-into", str(house.ours / "plan.json")).all)
    told.append(house.run("policy", "explain", "plan.yaml", "--format", "json").all)
    applied = house.typed("apply", "plan.yaml", "--json-into", str(house.ours / "run.json"))
    assert applied.code == Exit.OK, applied.all
    assert house.memory()["customers/1"]["password"] == NEW, "the values did arrive"
    told += [applied.all, *(house.run(*command).all for command in LOOKS)]
    told += [house.typed("rollback", "latest").all, house.run("show", "--diff", "full").all]
    assert house.memory()["customers/1"]["password"] == OLD, "and were put back"
    assert search(house, told, SENSITIVE) == []


def test_a_rollback_that_finds_an_outside_edit_tells_of_it_without_sensitive_values(secretive):
    house = secretive
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    house.sql("UPDATE customers SET tier = 'CANARY-THEIRS' WHERE id = 1")
    told = [house.run("drift").all, house.typed("rollback", "latest").all, house.run("show", "--diff", "full").all]
    assert search(house, told, (*SENSITIVE, "CANARY-THEIRS")) == []


def test_sealed_values_are_kept_in_packs_only(secretive):
    house = secretive
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    house.typed("rollback", "latest")
    assert search(house, [], (SEALED_OLD, SEALED_NEW)) == []
    assert house.memory()["customers/1"]["ssn"] == SEALED_OLD


def test_a_run_that_goes_wrong_tells_nothing_sensitive_either(secretive):
    house = secretive
    told = []
    house.run("plan", "plan.yaml", "-o", "reviewed")
    house.sql("UPDATE customers SET tier = 'CANARY-THEIRS' WHERE id = 1")
    told.append(house.typed("apply", "reviewed").all)
    with house.memory_is_busy() as over, house.sitting("apply", "plan.yaml") as sitting:
        sitting.until("change  mem.record.update  customers/1 …")
        house.sql("UPDATE customers SET tier = 'CANARY-LATER' WHERE id = 1")
        over()
        ended = sitting.ended()
    assert ended.code == Exit.INCOMPLETE, ended.all
    told += [ended.all, *(house.run(*command).all for command in LOOKS), house.typed("apply", "--resume", "latest").all]
    assert search(house, told, (*SENSITIVE, "CANARY-THEIRS", "CANARY-LATER")) == []


def test_a_value_that_breaks_a_rule_or_a_schema_is_not_repeated_in_the_error(secretive):
    house = secretive
    told = []
    house.sql("CREATE TABLE narrow (id INTEGER PRIMARY KEY, code TEXT CHECK (length(code) < 5))")
    house.sql("INSERT INTO narrow VALUES (1, 'a')")
    house.change("agentctl.yaml", lambda file: file["connectors"]["crm"]["sensitive"].append("narrow.code"))
    house.plan(step("row", "crm.row.update", "narrow/1", {"code": NEW}))
    told += [house.run("plan", "plan.yaml").all, house.typed("apply", "plan.yaml").all, house.run("show").all]
    house.plan(create("made", "1", password=MADE))
    told.append(house.typed("apply", "plan.yaml").all)
    assert search(house, told, SENSITIVE) == []


def test_a_step_on_one_line_that_cannot_succeed_is_not_quoted_with_its_arguments(secretive):
    line = f"{{id: row, action: crm.row.update, target: customers/99, with: {{tier: {NEW}}}}}"
    text = f"version: 1\nkind: Plan\nintent: x\nagent: helper\nsteps:\n  - {line}\n"
    (secretive.root / "plan.yaml").write_text(text)
    told = secretive.run("plan", "plan.yaml")
    assert told.code == Exit.INVALID
    assert "plan.yaml:6:" in told.err
    assert NEW not in told.all


def test_a_literal_where_a_secret_belongs_is_refused_without_repeating_it(house):
    house.plan(step("note", "mem.note.send", "outbox", {"to": "a", "text": "b", "password": NEW}))
    told = house.run("plan", "plan.yaml")
    assert told.code == Exit.INVALID
    assert NEW not in house.run("plan", "plan.yaml", "--format", "json").all + house.run("validate", "plan.yaml", "--format", "json").all


def test_a_sensitive_value_cannot_be_carried_to_where_it_would_be_shown(secretive):
    copy = step("copy", "mem.record.create", "customers/8", {"note": {"$from": "steps.change.after.password"}})
    secretive.plan(update("change", password=NEW), copy)
    told = secretive.typed("apply", "plan.yaml")
    assert told.code == Exit.INVALID, told.all
    assert "Sensitive field referenced" in told.err
