"""A clock that fell behind the trace, through the real command line: nothing begins, on-call is told the way out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agentctl.errors import Exit
from agentctl.model.clock import Clocks
from agentctl.planfile.load import loads
from agentctl.workspace.previewing import preview_plan
from agentctl.workspace.running import carry_out
from tests.e2e.house import PERSON, House, create, update
from tests.e2e.signing import approve, planned, with_leads
from tests.promises.inside import CONTROL, opened, plan, yes


@pytest.fixture
def behind(house, monkeypatch) -> House:
    """A house in which a run was recorded by a clock two days ahead, so that today's is behind the trace."""
    monkeypatch.setenv("LOGNAME", PERSON)
    with opened(house) as workspace:
        real = workspace.clocks()
        workspace.clocks = lambda: Clocks(wall=real.wall + timedelta(days=2))
        preview = preview_plan(workspace, loads(plan([update("tier")]), "plan.yaml", workspace.catalog))
        workspace.save_changeset(preview)
        carry_out(workspace, preview, yes(preview), CONTROL)
    return house


def test_nothing_begins_until_a_person_says_that_the_clock_is_right_and_that_is_recorded(behind):
    behind.plan(create("another", "9"))
    before = behind.world()
    for command in (("apply", "plan.yaml"), ("rollback", "latest")):
        told = behind.typed(*command)
        assert told.code == Exit.REFUSED, told.all
        said = " ".join(told.all.split())
        assert "The clock cannot be believed" in said
        assert "2 days" in said or "1 day 23 hours" in said
        assert "agentctl clock trust --reason …" in said
    assert behind.world() == before
    shown = behind.run("clock", "show", "--format", "json").json
    assert (shown["believed"], shown["wall"] < shown["time"]) == (False, True)
    assert behind.run("plan", "plan.yaml").code == Exit.OK, "looking goes on"
    assert behind.run("halt", "--all", "--reason", "to see").code == Exit.OK, "and so does halting"
    assert behind.run("unhalt", "--all", "--reason", "seen").code == Exit.OK
    assert behind.run("clock", "trust", "--reason", " ").code == Exit.USAGE
    told = behind.run("clock", "trust", "--reason", "it had been two days ahead")
    assert told.code == Exit.OK, told.all
    assert behind.run("clock", "show", "--format", "json").json["believed"] is True
    assert behind.run("clock", "trust", "--reason", "again").code == Exit.USAGE
    assert behind.typed("apply", "plan.yaml").code == Exit.OK
    assert behind.typed("rollback", "latest").code == Exit.OK
    assert behind.run("verify").code == Exit.OK
    (record,) = [record for record in behind.records() if record["kind"] == "clock"]
    assert (record["body"]["by"], record["body"]["reason"]) == (PERSON, "it had been two days ahead")
    assert behind.records()[-1]["time"] < behind.records()[1]["time"], "time goes on by the clock that is right"


def test_nobody_signs_by_a_clock_in_doubt(behind):
    leads = with_leads(behind)
    digest = planned(leads, create("another", "9"))
    told = approve(leads, digest, "ann")
    assert told.code == Exit.REFUSED
    assert "The clock cannot be believed" in told.all
    assert leads.run("clock", "trust", "--reason", "it was ahead").code == Exit.OK
    assert approve(leads, digest, "ann").code == Exit.OK
    assert leads.run("apply", digest).code == Exit.OK
