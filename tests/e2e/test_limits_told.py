"""What plan, explain, show and policy say of limits: the same figures everywhere, and no key that is hidden."""

from __future__ import annotations

import json

import pytest

from agentctl.errors import Exit
from tests.e2e.house import House, create, update

SECRET = "CANARY-" + "x" * 20


@pytest.fixture
def limited(house) -> House:
    """A house in which the agent may write three records an hour."""
    return limit(house, {"id": "hourly", "records": 3, "per": "1h"})


def limit(house: House, *limits: dict) -> House:
    house.change("policy.yaml", lambda policy: policy["roles"]["all"]["grants"][-1].update(limits=list(limits)))
    return house


def told_of(document) -> tuple[int, int, int, int, list[str]]:
    (item,) = document["limits"]
    return item["used"], item["reserved"], item["asked"], item["left"], item["refused"]


def test_plan_and_explain_tell_the_same_figures(limited):
    assert limited.typed("apply", limited.plan(update("tier"))).code == Exit.OK
    limited.plan(create("one", name="a"), create("two", name="b"), create("three", name="c"))
    planned = limited.run("plan", "plan.yaml", "--format", "json")
    assert planned.code == Exit.REFUSED
    assert told_of(planned.json) == (1, 0, 3, 0, ["three"])
    explained = limited.run("policy", "explain", "plan.yaml", "--format", "json")
    assert explained.json["limits"] == planned.json["limits"]
    drawn = limited.run("plan", "plan.yaml").out
    assert 'hourly  1 used + 3 asked of 3 records per 1h: 1 too many, for agent "helper"' in drawn
    assert "rule hourly policy.yaml:" in drawn
    assert "There is room for all of it at" in " ".join(drawn.split())
    one = limited.run("policy", "explain", "plan.yaml", "--step", "three").out
    assert "* does not fit    hourly policy.yaml:" in one
    assert "there is room for all of it at 20" in one


def test_show_tells_what_a_run_set_aside(limited):
    assert limited.typed("apply", limited.plan(update("tier"), create("one", name="a"))).code == Exit.OK
    (reserved,) = limited.run("show", "--format", "json").json["limits"]
    assert reserved == {"limit": "hourly", "key": "helper", "currency": "", "amount": 2, "steps": 2}
    assert "limits   2 of hourly" in limited.run("show").out


def test_show_of_a_changeset_says_what_would_not_fit_now(limited):
    digest = limited.run("plan", limited.plan(update("tier"), create("one", name="a"))).out.split()[1]
    assert limited.typed("apply", limited.plan(create("x", name="x"), create("y", name="y"), name="other.yaml")).code == Exit.OK
    assert "limit hourly allows 3 records per 1h" in " ".join(limited.run("show", digest).out.split())
    told = limited.typed("apply", digest)
    assert told.code == Exit.REFUSED
    assert limited.memory()["customers/1"]["tier"] == "monthly"


def test_a_policy_is_shown_with_its_limits(limited):
    assert "limits   3 records per 1h for each agent" in limited.run("policy", "show").out
    shown = limited.run("policy", "show", "--format", "json").json
    grants = [grant for role in shown["roles"] for grant in role["grants"]]
    assert [limit["limit"] for grant in grants for limit in grant["limits"]] == ["hourly"]
    assert "3 records per 1h" in limited.run("policy", "show", "--format", "markdown").out


def test_a_hidden_value_that_is_a_key_stands_nowhere_in_clear(house):
    limit(house, {"id": "each", "count": 1, "per": "1h", "by": "after.password"})
    house.change("agentctl.yaml", lambda file: file["connectors"]["mem"].update(sensitive=["password"]))
    house.plan(create("made", "7", password=SECRET))
    said = [house.run("plan", "plan.yaml", *more).all for more in ((), ("--format", "json"))]
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    refused = house.typed("apply", house.plan(create("again", "8", password=SECRET)))
    assert refused.code == Exit.REFUSED, "the same password is the same key"
    said += [refused.all, *(house.run("policy", "explain", "plan.yaml", *more).all for more in ((), ("--format", "json")))]
    said += [house.run("show", *more).all for more in ((), ("--format", "json"))]
    assert not [text for text in said if SECRET in text]
    assert not [path for path in house.ours.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    reserved = next(record for record in house.records() if record["kind"] == "run_started")["body"]["limits"]
    assert json.dumps(reserved).count("hmac:") == 1
