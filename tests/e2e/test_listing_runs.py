"""What `runs` counts without looking at steps is what `show` finds by looking at each."""

from __future__ import annotations

from collections import Counter

from agentctl.errors import Exit
from tests.e2e.house import step, update

ROW = step("row", "crm.row.update", "customers/1", {"tier": "annual"})


def test_runs_counts_as_many_done_as_show_tells_of(house):
    house.plan(update("tier"), ROW)
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    house.sql("UPDATE customers SET tier = 'theirs' WHERE id = 1")
    assert house.typed("rollback", "latest").code == Exit.INCOMPLETE
    house.plan(update("slow", seats=7), ROW, step("free", "site.file.create", "free.txt", {"content": "x"}, needs=[]))
    with house.memory_is_busy() as over, house.sitting("apply", "plan.yaml") as sitting:
        sitting.until("slow  mem.record.update  customers/1 …")
        house.sql("UPDATE customers SET tier = 'weekly' WHERE id = 1")
        over()
        assert sitting.ended().code == Exit.INCOMPLETE

    listed = house.run("runs", "--format", "json").json["runs"]
    assert Counter(run["status"] for run in listed) == {"complete": 1, "incomplete": 2}
    for run in listed:
        steps = Counter(each["status"] for each in house.run("show", run["id"], "--format", "json").json["steps"])
        done = sum(steps[name] for name in ("confirmed", "accepted", "no-op", "already-done"))
        assert (run["steps"], run["done"], run["in_doubt"]) == (steps.total(), done, steps["in-doubt"])
