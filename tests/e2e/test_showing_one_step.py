"""One step of a plan, whole: what a grouped review names as the way to look at any of them."""

from __future__ import annotations

import json

from agentctl.errors import Exit
from tests.e2e.house import update


def planned(house) -> str:
    world = json.loads((house.root / "world.json").read_text())
    world["records"] |= {f"customers/{number}": {"tier": "monthly"} for number in range(100, 130)}
    (house.root / "world.json").write_text(json.dumps(world))
    house.plan(*(update(f"s{number}", str(number), tier=f"tier-{number}") for number in range(100, 130)))
    return house.run("plan", "plan.yaml").out


def test_the_command_a_grouped_review_names_shows_that_step_whole(house):
    said = planned(house)
    assert "30 ×  " in said
    command = next(line.split() for line in said.splitlines() if "--step" in line)
    told = house.run(*command[1:])
    assert told.code == Exit.OK, told.all
    assert "s100" in told.out
    assert '"tier-100"' in told.out
    assert "tier-101" not in told.out
    last = house.run(*command[1:-1], "s129")
    assert '"tier-129"' in last.out
    (step,) = json.loads(house.run(*command[1:], "--format", "json").out)["steps"]
    assert step["id"] == "s100"


def test_a_step_a_changeset_does_not_have_is_told_with_those_it_has(house):
    said = planned(house)
    digest = next(line.split()[2] for line in said.splitlines() if "--step" in line)
    told = house.run("show", digest, "--step", "s1")
    assert told.code == Exit.USAGE
    assert "has no step `s1`; it has `s100`" in told.all
