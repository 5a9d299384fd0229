"""What moved between plan and apply is refused, before it is overwritten, and told as planned and as it is now."""

from __future__ import annotations

import pytest

from agentctl.errors import Exit
from tests.e2e.house import step, update

ROW = step("row", "crm.row.update", "customers/1", {"tier": "annual"})
PAGE = step("page", "site.text.replace", "index.html", {"find": "$12", "replace": "$10", "count": 1})


@pytest.mark.parametrize(("planned", "move", "words"), [
    (ROW, lambda house: house.sql("UPDATE customers SET tier = 'weekly' WHERE id = 1"), ("tier", '"monthly"', '"weekly"')),
    (ROW, lambda house: house.sql("DELETE FROM customers WHERE id = 1"), ("customers/1",)),
    (PAGE, lambda house: (house.root / "code/site/index.html").write_text("<p>$12</p>\n"), ("content",)),
], ids=["row", "row-gone", "file"])
def test_what_moved_after_the_plan_is_named_and_kept(house, planned, move, words):
    house.plan(planned)
    assert house.run("plan", "plan.yaml", "-o", "reviewed").code == Exit.OK
    move(house)
    before = house.world()
    told = house.typed("apply", "reviewed")
    assert told.code == Exit.STALE, told.all
    assert all(word in told.err for word in words), told.all
    assert house.world() == before


def test_what_moves_while_the_run_is_on_its_way_is_not_overwritten_either(house):
    house.plan(update("slow"), ROW)
    with house.memory_is_busy() as over, house.sitting("apply", "plan.yaml") as sitting:
        sitting.until("slow  mem.record.update  customers/1 …")
        house.sql("UPDATE customers SET tier = 'weekly' WHERE id = 1")
        over()
        told = sitting.ended()
    assert told.code == Exit.INCOMPLETE
    assert '"weekly"' in told.err
    assert house.sql("SELECT tier FROM customers WHERE id = 1") == [("weekly",)]


def test_where_the_system_does_not_compare_the_window_is_shown_before_consent(house):
    house.plan(PAGE)
    assert "in the moment before it acts" in house.run("plan", "plan.yaml").out
