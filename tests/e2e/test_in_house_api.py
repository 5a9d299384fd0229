"""The walk-through of docs/CONNECTORS.md, file by file and command by command, with the real command line."""

from __future__ import annotations

import signal
from copy import deepcopy
from pathlib import Path

import pytest

from agentctl.errors import Exit
from tests.connectors.rest.desk import KEY, PAGE, Desk, block, serving, ticket
from tests.e2e.house import House


class Office:
    """A workspace as the page makes it, and the desk it is about."""

    def __init__(self, house: House, desk: Desk) -> None:
        self.house, self.desk = house, desk
        desk.put(*(ticket(number) for number in (40, 41, 42)), ticket(39, state="CLOSED"))
        told = house.run("init")
        assert told.code == Exit.OK, told.all
        for name in ("desk.yaml", "agentctl.yaml", "plan.yaml"):
            text = block(name).replace("https://desk.acme.example", desk.url)
            (house.root / name).write_text(text)

    def world(self) -> dict[int, object]:
        return {number: {**one, "ver": 0, "touched": 0, "hours": float(str(one["hours"]))}
                for number, one in deepcopy(self.desk.tickets).items()}


@pytest.fixture
def office(tmp_path: Path):
    house = House(root=tmp_path / "ws", home=tmp_path / "home", extra={"DESK_KEY": KEY})
    house.root.mkdir()
    house.home.mkdir()
    with serving() as desk:
        yield Office(house, desk)


def test_the_page_leads_from_a_manifest_to_a_run_that_is_rolled_back(office: Office) -> None:
    house, before = office.house, office.world()
    for command in (("connectors", "check", "desk.yaml"), ("connectors", "whoami"), ("connectors", "show", "desk"), ("plan", "plan.yaml")):
        told = house.run(*command)
        assert told.code == Exit.OK, told.all
        assert f"agentctl {' '.join(command)}" in PAGE.read_text("utf-8")
    assert "restores exactly" in told.out
    assert "in the moment before" not in told.out       # the desk compares, and what is new overwrites nothing
    assert office.world() == before
    assert set(office.desk.verbs()) == {"GET whoami", "GET ticket.get", "POST ticket.find"}
    done = house.typed("apply", "plan.yaml")
    assert done.code == Exit.OK, done.all
    assert (office.desk.tickets[41]["subject"], office.desk.tickets[42]["state"]) == ("Printer on floor 2", "CLOSED")
    assert office.desk.tickets[43]["subject"] == "Order toner"
    assert house.run("drift").code == Exit.OK
    undone = house.typed("rollback", "latest", answers=("yes", "void 1"))
    assert undone.code == Exit.OK, undone.all
    assert office.world() == before


def test_a_ticket_that_was_changed_after_the_plan_is_left_alone(office: Office) -> None:
    digest = office.house.run("plan", "plan.yaml", "--format", "json").json["digest"].removeprefix("sha256:")[:12]
    office.desk.edit(41, subject="Somebody's")
    told = office.house.typed("apply", digest)
    assert told.code == Exit.STALE, told.all
    assert "Somebody's" in told.all
    assert not any(verb.startswith("POST ticket.s") for verb in office.desk.verbs())


def test_a_wrong_token_is_told_as_one(office: Office) -> None:
    told = office.house.run("plan", "plan.yaml", DESK_KEY="another")
    assert told.code == Exit.UNREACHABLE, told.all
    assert "Token not accepted" in told.all
    assert "this key opens nothing" in told.all


def test_a_kill_after_the_effect_makes_nothing_twice(office: Office) -> None:
    house, desk = office.house, office.desk
    with house.sitting("apply", "plan.yaml") as sitting:
        desk.before_losing = lambda: sitting.signal(signal.SIGKILL)
        desk.lose = {"POST ticket.open"}
        sitting.ended()
    assert 43 in desk.tickets
    told = house.typed("apply", "--resume", "latest")
    assert told.code == Exit.OK, told.all
    assert sorted(desk.tickets) == [39, 40, 41, 42, 43]
    undone = house.typed("rollback", "latest", answers=("yes", "void 1"))
    assert undone.code == Exit.OK, undone.all
    assert sorted(desk.tickets) == [39, 40, 41, 42]
