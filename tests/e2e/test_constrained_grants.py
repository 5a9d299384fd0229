"""Constraints as their users meet them: what plan says, what apply refuses, and that nothing happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agentctl.errors import Exit
from tests.e2e.house import House, step, update

TOKEN = "ghp_" + "Zk3vT9qLw8XyB2nM5pR7sD1fG4hJ6kA0cVAb"


def constrain(house: House, grant: str, **keys) -> None:
    def change(policy):
        next(item for item in policy["roles"]["all"]["grants"] if item["id"] == grant).update(keys)
    house.change("policy.yaml", change)


def send(to: str, text: str = "Done."):
    return step("tell", "mem.note.send", "outbox", {"to": to, "text": text})


def elsewhen() -> dict[str, str]:
    """A window that is closed now, and for hours yet."""
    begins = datetime.now(UTC) + timedelta(hours=6)
    return {"from": f"{begins:%H:%M}", "to": f"{begins + timedelta(hours=2):%H:%M}", "zone": "UTC"}


def test_nobody_is_written_to_whom_the_grant_does_not_name(house: House):
    constrain(house, "notes", recipients=["*@acme.example"])
    for stranger in ("eve@evil.example", "maria@acme.example, eve@evil.example", "maria@аcme.example"):
        house.plan(send(stranger))
        planned = house.run("plan", "plan.yaml")
        assert planned.code == Exit.REFUSED
        assert "names whom may be written to" in planned.out
        assert house.typed("apply", "plan.yaml").code == Exit.REFUSED
    assert house.outbox() == []
    house.plan(send("maria@acme.example"))
    assert house.typed("apply", "plan.yaml", answers=("yes", "send 1")).code == Exit.OK
    assert len(house.outbox()) == 1


def test_a_plan_outside_its_window_holds_says_when_and_is_not_carried_out(house: House):
    constrain(house, "writes", windows=[elsewhen()])
    house.plan(update("tier"))
    before = house.memory()
    planned = house.run("plan", "plan.yaml")
    assert planned.code == Exit.OK
    assert "it opens at" in planned.out
    for applied in (house.typed("apply", "plan.yaml"), house.run("apply", "plan.yaml", "--auto-approve")):
        assert applied.code == Exit.REFUSED
        assert "error: Policy refuses" in applied.err
        assert "Type" not in applied.err
    assert house.memory() == before
    assert house.runs() == [], "nothing was begun, and no consent was used up"


def test_a_freeze_refuses_what_it_names_and_lets_on_call_undo(house: House):
    house.plan(update("tier"))
    before = house.memory()
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    now = datetime.now(UTC)
    freeze = {
        "id": "launch", "message": "The launch is on.", "except": ["rollback"],
        "from": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%MZ}", "until": f"{now + timedelta(days=1):%Y-%m-%dT%H:%MZ}",
    }
    house.change("policy.yaml", lambda policy: policy.update(freezes=[freeze]))
    house.plan(update("again", tier="weekly"))
    refused = house.typed("apply", "plan.yaml")
    assert refused.code == Exit.REFUSED
    assert "The launch is on. — frozen until" in refused.err
    assert house.typed("rollback", "latest").code == Exit.OK
    assert house.memory() == before


def test_a_credential_is_kept_out_and_is_in_no_reason(house: House):
    rule = {"id": "no-credentials", "content": {"secrets": "deny"}}
    house.change("policy.yaml", lambda policy: policy["invariants"].append(rule))
    house.plan(send("maria@acme.example", f"use {TOKEN}"))
    explained = house.run("policy", "explain", "plan.yaml", "--step", "tell")
    assert "`args.text` holds what looks like a GitHub token" in explained.out
    assert TOKEN not in explained.all
    applied = house.typed("apply", "plan.yaml")
    assert applied.code == Exit.REFUSED
    assert TOKEN not in applied.err.partition("error:")[2]
    assert house.outbox() == []
