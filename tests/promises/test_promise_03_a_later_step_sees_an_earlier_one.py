"""Two steps on one record: the second starts from what the first leaves, in the preview and in the world."""

from __future__ import annotations

from agentctl.errors import Exit
from tests.e2e.house import House, step, update

PAGE = step("page", "site.text.replace", "index.html", {"find": "$12", "replace": "$10", "count": 1})


def changes(house: House, id: str) -> list[dict]:
    steps = house.run("plan", "plan.yaml", "--format", "json").json["steps"]
    (found,) = [item for item in steps if item["id"] == id]
    return [change for record in found["records"] for change in record["changes"]]


def test_two_steps_on_one_record(house):
    house.plan(update("first", tier="annual"), update("second", tier="lifetime"))
    (change,) = changes(house, "second")
    assert (change["before"], change["after"]) == ("annual", "lifetime")
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    assert house.memory()["customers/1"]["tier"] == "lifetime"


def test_a_record_made_by_one_step_is_changed_by_the_next(house):
    house.plan(
        step("made", "mem.record.create", "customers/9", {"tier": "trial"}), update("then", "9", tier="annual"),
        step("gone", "mem.record.delete", "customers/1"),
    )
    (change,) = changes(house, "then")
    assert change["before"] == "trial"
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    assert house.memory() == {"customers/9": {"tier": "annual"}}


def test_a_commit_sees_the_file_another_connector_writes(house):
    house.plan(PAGE, step("commit", "code.commit.create", "main", {"paths": ["site/index.html"], "message": "m"}))
    assert any("$10" in str(change.get("after")) for change in changes(house, "commit"))
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    assert house.git("show", "main:site/index.html") == (house.root / "code/site/index.html").read_text()
    assert house.typed("rollback", "latest").code == Exit.OK
    assert "$12" in house.git("show", "main:site/index.html")


def test_what_cannot_be_known_is_said_to_be_unknown_and_found_when_it_is_known(house):
    house.plan(
        step("row", "crm.row.insert", "customers", {"name": "Alan"}),
        update("link", client={"$from": "steps.row.after.id"}),
    )
    assert "(known after apply)" in house.run("plan", "plan.yaml").out
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    assert house.memory()["customers/1"]["client"] == 4
