"""Where policy finds what looks like a credential in a plan, it is neither shown nor kept, however the plan is looked at."""

from __future__ import annotations

import json

import pytest

from agentctl.errors import Exit
from tests.e2e.house import step, update
from tests.e2e.test_overriding import override, planned, soft
from tests.secrets.conftest import traces_of

__all__ = ["soft"]

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"      # no token of anybody: the shape of one
OLD = "ghp_" + "Z9y8X7w6V5u4T3s2R1q0P9o8N7m6L5k4J3i2"
STEPS = {
    "argument": update("keep", note=f"deploy with {TOKEN}"),
    "nested": update("keep", note={"deploy": {"token": [TOKEN]}}),
    "row": step("keep", "crm.row.update", "customers/1", {"name": f"Ada {TOKEN}"}),
    "file": step("keep", "site.text.replace", "index.html", {"find": "$12", "replace": TOKEN, "count": 1}),
    "note": step("keep", "mem.note.send", "outbox", {"to": "ada@acme.example", "text": f"use {TOKEN}"}),
}


@pytest.fixture
def watchful(house):
    def put(policy):
        policy["invariants"].append({"id": "no-credentials", "content": {"secrets": "deny"}, "message": "No credentials."})

    house.change("policy.yaml", put)
    return house


def kept_or_told(house, told) -> list[str]:
    return [found for found in traces_of(house, TOKEN, [one.all for one in told]) if not found.endswith("/plan.yaml")]


def test_a_plan_denied_for_a_credential_shows_it_on_no_screen_and_in_no_report(watchful):
    house = watchful
    house.plan(STEPS["argument"])
    told = [house.run("validate", "plan.yaml", "--format", form) for form in ("terminal", "json")]
    told += [house.run("plan", "plan.yaml", "--format", form) for form in ("json", "sarif", "junit", "github", "markdown")]
    told.append(house.run("plan", "plan.yaml", "--diff", "full", "-o", "reviewed", "--json-into", "review.json"))
    digest = json.loads((house.root / "review.json").read_text())["digest"].removeprefix("sha256:")
    told += [house.run(*command) for command in (
        ("show", digest), ("policy", "explain", "plan.yaml", "--format", "json"), ("plan", digest),
    )]
    told += [house.typed("apply", subject) for subject in ("plan.yaml", "reviewed")]
    assert [one.code for one in told[-2:]] == [Exit.REFUSED] * 2, told[-1].all
    assert "looks like a GitHub token" in told[-2].all
    assert kept_or_told(house, told) == []


def test_it_is_concealed_wherever_in_a_plan_it_stands(watchful):
    house = watchful
    house.plan(*(step_ | {"id": f"step-{name}", "needs": []} for name, step_ in STEPS.items()))
    told = [house.run("plan", "plan.yaml", "--diff", "full", "--json-into", "review.json")]
    rulings = [step_["ruling"] for step_ in json.loads((house.root / "review.json").read_text())["steps"]]
    assert rulings == ["refuse"] * len(STEPS)
    assert kept_or_told(house, told) == []


def test_a_stored_plan_is_judged_as_it_was_when_the_credential_was_at_hand(watchful):
    house = watchful
    house.plan(STEPS["argument"])
    assert house.run("plan", "plan.yaml", "-o", "reviewed").code == Exit.REFUSED
    told = house.run("show", "reviewed", "--format", "json")
    assert told.json["steps"][0]["ruling"] == "refuse", told.all


def test_what_stood_there_before_is_concealed_with_it(watchful):
    house = watchful
    world = json.loads((house.root / "world.json").read_text())
    world["records"]["customers/1"]["note"] = f"old: {OLD}"
    (house.root / "world.json").write_text(json.dumps(world))
    house.plan(STEPS["argument"])
    told = [house.run("plan", "plan.yaml", "--diff", "full"), house.run("plan", "plan.yaml", "--format", "json")]
    assert [found for found in traces_of(house, OLD, [one.all for one in told]) if "world.json" not in found] == []


def test_where_policy_does_not_look_for_credentials_reviewers_see_what_they_approve(house):
    house.plan(STEPS["argument"])
    assert TOKEN in house.run("plan", "plan.yaml").out


def test_an_overridden_denial_is_carried_out_and_undone_without_showing_it(soft):
    house = soft

    def put(policy):
        policy["invariants"].append({"id": "no-credentials", "content": {"secrets": "deny"}, "level": "soft",
                                     "override": {"from": ["leads"], "expires": "4h"}, "message": "No credentials."})

    house.change("policy.yaml", put)
    digest = planned(house, STEPS["argument"])
    told = [override(house, digest, "ann", rules=("no-credentials",)), house.typed("apply", digest)]
    assert [one.code for one in told] == [Exit.OK] * 2, [one.all for one in told]
    assert TOKEN in house.memory()["customers/1"]["note"]
    looks = (("show",), ("show", "--format", "json"), ("drift",), ("state", "show", "mem/customers/1"))
    told += [house.run(*look) for look in looks]
    told.append(house.typed("rollback", "latest"))
    assert told[-1].code == Exit.OK, told[-1].all
    assert "note" not in house.memory()["customers/1"]
    assert kept_or_told(house, told) == []
