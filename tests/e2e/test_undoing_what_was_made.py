"""A record that a run made is undone though what changes by itself has changed; what a person wrote into it is not lost."""

from __future__ import annotations

import json

import pytest

from agentctl.errors import Exit
from tests.e2e.house import House, create


@pytest.mark.parametrize(("field", "code"), [("seats", Exit.OK), ("tier", Exit.INCOMPLETE)])
def test_only_what_does_not_change_by_itself_keeps_a_made_record(house: House, field: str, code: Exit) -> None:
    house.change("agentctl.yaml", lambda file: file["connectors"]["mem"].update(volatile=["seats"]))
    made = house.typed("apply", house.plan(create("client", "7", tier="trial", seats=1)))
    assert made.code == Exit.OK, made.all
    world = json.loads((house.root / "world.json").read_text())
    world["records"]["customers/7"][field] = "another"
    world["versions"]["customers/7"] += 1
    (house.root / "world.json").write_text(json.dumps(world))
    told = house.typed("rollback", "latest")
    assert told.code == code, told.all
    assert ("customers/7" in house.memory()) is (code is not Exit.OK)
