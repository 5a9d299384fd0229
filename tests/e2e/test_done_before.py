"""A plan whose steps an earlier run has done: planned again it says so, and what was planned can be applied."""

from __future__ import annotations

from agentctl.errors import Exit
from tests.e2e.house import step


def test_what_was_planned_with_a_step_that_is_already_done_is_not_stale(house):
    """The step made a record, whose name the plan then tells; nothing of it is read again."""
    house.plan(step("made", "crm.row.insert", "customers", {"name": "Zed"}))
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    planned = house.run("plan", "plan.yaml")
    assert "already so: made" in planned.out
    told = house.typed("apply", planned.out.split()[1])
    assert told.code == Exit.OK, told.all
    assert len(house.sql("SELECT id FROM customers WHERE name = 'Zed'")) == 1
