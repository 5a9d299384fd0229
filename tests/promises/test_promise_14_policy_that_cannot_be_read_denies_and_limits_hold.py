"""Promise 14: a missing, broken or erring policy denies; limits are reserved before the effect and hold in a race."""

from __future__ import annotations

import os
import pty
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agentctl.errors import Exit
from tests.e2e.forked import begin
from tests.e2e.house import House, Sitting, create, update

DIE_AT = Path(__file__).parent.parent / "e2e" / "die_at.py"


def limit(house: House, *limits: dict) -> None:
    """Let the agent write only so much."""
    house.change("policy.yaml", lambda policy: policy["roles"]["all"]["grants"][-1].update(limits=list(limits)))


def planned(house: House, *steps, name: str) -> str:
    told = house.run("plan", house.plan(*steps, name=name), "--format", "json")
    assert told.code == Exit.OK, told.all
    return told.json["digest"]


@pytest.mark.parametrize("content", [None, "", "version: 1\n", "version: 1\nkind: Policy\nroles: {r: [}\n", "{}"])
def test_a_policy_that_is_missing_or_broken_denies(house, content):
    path = house.root / "policy.yaml"
    path.unlink() if content is None else path.write_text(content)
    before = house.world()
    for told in (house.run("plan", house.plan(update("tier"))), house.typed("apply", "plan.yaml")):
        assert told.code == Exit.INVALID, told.all
    assert house.world() == before


@pytest.mark.parametrize("deny", ["after.nothing == 1", "1 / 0 == 1", "after.tier + 1 == 2"])
def test_a_rule_that_errs_denies(house, deny):
    house.change("policy.yaml", lambda policy: policy["invariants"].append({"id": "errs", "deny": deny}))
    told = house.typed("apply", house.plan(update("tier")))
    assert told.code == Exit.REFUSED, told.all
    assert house.memory()["customers/1"]["tier"] == "monthly"


@pytest.mark.parametrize(
    "limits", [{"sum": "after.cents", "max": 9, "per": "1d"}, {"count": 9, "per": "1d", "by": "after.nothing"}]
)
def test_a_limit_that_cannot_be_counted_denies_and_names_its_place(house, limits):
    limit(house, limits)
    told = house.typed("apply", house.plan(create("made", name="Barbara", cents=-1)))
    assert told.code == Exit.REFUSED, told.all
    explained = house.run("policy", "explain", "plan.yaml", "--step", "made").out
    assert "policy.yaml:" in explained
    assert "writes.limits[0]" in explained
    assert not any(record.get("name") == "Barbara" for record in house.memory().values())


def test_limits_hold_when_two_appliers_race(house):
    limit(house, {"count": 1, "per": "1h"})
    digests = [planned(house, create("made", name=name), name=f"{name}.yaml") for name in ("Barbara", "Grace")]
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda digest: house.typed("apply", digest, "--lock-timeout", "30s"), digests))
    assert sorted(one.code for one in told) == [Exit.OK, Exit.REFUSED], [one.all for one in told]
    assert sum(record.get("name") in ("Barbara", "Grace") for record in house.memory().values()) == 1


def test_two_who_were_both_shown_that_it_fits_cannot_both_do_it(house):
    limit(house, {"count": 1, "per": "1h"})
    digests = [planned(house, create("made", name=name), name=f"{name}.yaml") for name in ("Barbara", "Grace")]
    with (
        house.sitting("apply", digests[0], "--lock-timeout", "30s", answers=()) as one,
        house.sitting("apply", digests[1], "--lock-timeout", "30s", answers=()) as other,
    ):
        for sitting in (one, other):
            sitting.until("Only `yes` is accepted: ")
        for sitting in (one, other):
            sitting.answer("yes")
        with ThreadPoolExecutor(2) as pool:
            told = list(pool.map(lambda sitting: sitting.ended(), (one, other)))
    assert sorted(one.code for one in told) == [Exit.OK, Exit.REFUSED], [one.all for one in told]
    assert sum(record.get("name") in ("Barbara", "Grace") for record in house.memory().values()) == 1
    (loser,) = [one for one in told if one.code == Exit.REFUSED]
    assert "A limit is reached" in loser.all
    assert "1 used, this plan asks for 1" in " ".join(loser.all.split())
    assert "Nothing was executed" in loser.all


def test_what_is_set_aside_stands_in_the_trace_before_the_first_effect(house):
    limit(house, {"id": "hourly", "count": 5, "per": "1h"})
    told = house.typed("apply", house.plan(create("made", name="Barbara"), update("tier")))
    assert told.code == Exit.OK, told.all
    records = [record for record in house.records() if record["run"] == house.runs()[-1]]
    assert records[0]["kind"] == "run_started"
    (reserved,) = records[0]["body"]["limits"]
    assert (reserved["limit"], reserved["amounts"]) == ("hourly", {"made": 1, "tier": 1})


@pytest.mark.parametrize("moment", [6, 12, 18, 24, 30])
def test_a_run_killed_at_any_moment_counts_once_when_it_is_gone_on_with(house, moment):
    limit(house, {"id": "hourly", "count": 3, "per": "1h"})
    digest = planned(house, create("made", name="Barbara"), update("tier"), name="plan.yaml")
    killed = die(house, digest, moment)
    assert killed in (-signal.SIGKILL, 0)
    if house.runs() and killed:
        told = house.typed("apply", "--resume", "latest")
        assert told.code == Exit.OK or "Nothing to resume" in told.all, told.all
    else:
        assert house.typed("apply", digest).code in (Exit.OK, Exit.STALE)
    more = house.plan(create("more", name="Ada"), name="more.yaml")
    (standing,) = house.run("plan", more, "--format", "json").json["limits"]
    assert (standing["used"], standing["reserved"], standing["left"]) == (2, 0, 0)


def die(house: House, digest: str, moment: int) -> int:
    master, slave = pty.openpty()
    process = begin(
        [str(moment), "apply", digest], program=str(DIE_AT), cwd=house.root, environ=house.environ(), files=(slave, slave, slave),
        session=True,
    )
    os.close(slave)
    try:
        return Sitting(process, master, ["yes"]).ended().code
    finally:
        os.close(master)
