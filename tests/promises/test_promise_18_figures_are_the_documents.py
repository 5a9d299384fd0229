"""Every figure on the screen is the one in the JSON document beside it, and the one the world shows."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.house import House, create, step, update

COUNTED = "{add} to add, {change} to change, {destroy} to destroy, {side_effects} side effects."
RAN = "Run: {added} added, {changed} changed, {destroyed} destroyed, {side_effects} side effects."
STEPS = (
    create("a", "7"), create("b"), update("c"), update("same", seats=3),
    step("gone", "crm.row.delete", "customers/3"), step("row", "crm.rows.update", "customers", {
        "where": {"tier": "monthly"}, "set": {"tier": "annual"}, "max_rows": 9}),
    step("read", "crm.row.read", "customers/1"),
    step("note", "mem.note.send", "outbox", {"to": "a@example.com", "text": "hi"}),
)


def both(house: House, *command: str) -> tuple[dict, str]:
    told = house.run(*command, "--json-into", "document.json")
    return json.loads((house.root / "document.json").read_text()), told.out


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=8, unique_by=lambda item: item["id"]))
def test_what_plan_counts_is_what_its_document_holds(house, steps):
    house.plan(*steps)
    document, out = both(house, "plan", "plan.yaml")
    assert "Plan: " + COUNTED.format(**document["summary"]) in out


def test_what_is_counted_before_is_done_and_counted_after(house):
    house.plan(*STEPS)
    planned, out = both(house, "plan", "plan.yaml")
    assert (planned["summary"]["add"], planned["summary"]["change"], planned["summary"]["destroy"]) == (2, 3, 1)
    assert planned["summary"]["side_effects"] == 1
    assert "Plan: " + COUNTED.format(**planned["summary"]) in out
    before = house.world()
    applied = house.typed("apply", "plan.yaml", answers=("yes", "send 1"))
    assert applied.code == 0, applied.all
    ran, out = both(house, "show")
    assert RAN.format(**ran["summary"]) in out
    assert RAN.format(**ran["summary"]) in applied.err
    summary = ran["summary"]
    assert [summary[name] for name in ("added", "changed", "destroyed", "side_effects")] == [2, 3, 1, 1]
    after = house.world()
    assert len(after["memory"]) - len(before["memory"]) == 2
    assert len(after["outbox"]) - len(before["outbox"]) == 1
    assert house.sql("SELECT count(*) FROM customers") == [(2,)]
