"""What a plan's author tries on the way from file to effect: burying, borrowing a name, injecting, swapping paths."""

from __future__ import annotations

import json

import pytest

from agentctl.errors import Exit
from tests.e2e.house import House, step, update


def test_one_bad_step_among_four_hundred_harmless_ones_is_named_first(house):
    """The padding is made of real changes, in front of it and behind it."""
    world = json.loads((house.root / "world.json").read_text())
    world["records"] |= {f"customers/{number}": {"tier": "monthly"} for number in range(100, 500)}
    (house.root / "world.json").write_text(json.dumps(world))
    harmless = [update(f"s{number}", str(number), tier="annual") for number in range(100, 500)]
    bad = step("note", "mem.note.send", "outbox", {"to": "everybody@elsewhere.example", "text": "the export"})
    house.plan(*harmless[:250], bad, *harmless[250:], intent="Routine tier changes, nothing to see.")
    lines = house.run("plan", "plan.yaml").out.splitlines()
    named = next(number for number, line in enumerate(lines) if "1 step cannot be undone" in line)
    assert named < 5
    assert "note  mem.note.send" in lines[named + 1]
    assert named < next(number for number, line in enumerate(lines) if "Routine tier changes" in line)
    assert len(lines) < 40, "identical changes are one group, and it stands apart"
    told = house.typed("apply", "plan.yaml", answers=("yes", "no"))
    assert told.code == Exit.CONSENT
    assert house.outbox() == []


@pytest.mark.parametrize("name", ["he\u0406per", "helper\u200b", "\uff48elper", "Helper", "helper ", "h\u0435lper"])
def test_an_agent_by_almost_the_name_of_another_has_no_role_of_its(house, name):
    house.plan(update("tier"), agent=name)
    told = house.run("plan", "plan.yaml")
    assert told.code in (Exit.INVALID, Exit.REFUSED), told.all
    assert house.typed("apply", "plan.yaml").code in (Exit.INVALID, Exit.REFUSED)
    assert house.memory()["customers/1"]["tier"] == "monthly"


BAIT = {
    "from": {"$from": "steps.look.after.tier"}, "secret": {"$secret": "smtp"}, "literal": {"$literal": {"$secret": "smtp"}},
    "placeholder": "{tier} {name} ${{ secrets.X }} {{ x }}", "format": {"$format": "{x}", "x": {"$secret": "smtp"}},
}


@pytest.mark.parametrize("bait", BAIT)
def test_a_live_value_that_looks_like_a_reference_is_carried_as_the_value_it_is(house, bait):
    """What a record holds is never scanned again, wherever it is put."""
    world = json.loads((house.root / "world.json").read_text())
    world["records"]["customers/1"]["name"] = json.dumps(BAIT[bait])
    (house.root / "world.json").write_text(json.dumps(world))
    house.plan(
        update("first", tier="annual"),
        step("copy", "site.file.write", "copy.txt", {"content": {"$format": "{n} is {tier}", "n": {"$from": "steps.first.after.name"}, "tier": "x"}}),
    )
    told = house.typed("apply", "plan.yaml")
    assert told.code == Exit.OK, told.all
    assert (house.root / "code/site/copy.txt").read_text() == f"{json.dumps(BAIT[bait])} is x"


@pytest.mark.parametrize("when", ["folder", "file", "parent"])
def test_a_path_swapped_for_a_link_after_consent_is_refused_and_nothing_outside_is_written(house: House, when):
    """Between the review and the write, whoever may write below the root makes it lead somewhere else."""
    away = house.home / "away"
    (away / "deep").mkdir(parents=True)
    (away / "page.html").write_text("<p>$12</p>\n")
    (away / "deep/page.html").write_text("<p>$12</p>\n")
    below = house.root / "code/site/below/deep"
    below.mkdir(parents=True)
    (below / "page.html").write_text("<p>$12</p>\n")
    house.plan(step("page", "site.text.replace", "below/deep/page.html", {"find": "$12", "replace": "$0", "count": 1}))
    assert house.run("plan", "plan.yaml", "-o", "reviewed.jsonl").code == Exit.OK
    match when:
        case "file":
            (below / "page.html").unlink()
            (below / "page.html").symlink_to(away / "page.html")
        case "folder":
            below.rename(house.root / "code/kept")
            below.symlink_to(away / "deep")
        case "parent":
            below.parent.rename(house.root / "code/kept")
            below.parent.symlink_to(away)
    told = house.typed("apply", "reviewed.jsonl")
    assert told.code in (Exit.INVALID, Exit.STALE, Exit.UNREACHABLE), told.all
    assert (away / "page.html").read_text() == (away / "deep/page.html").read_text() == "<p>$12</p>\n"
    assert not house.runs()


@pytest.mark.parametrize("value", [
    "{$decimal: 1e999999999}", '{$decimal: "1e999999999"}', f'{{$int: "{"9" * 1_000_000}"}}', '{$time: "10000-01-01T00:00:00Z"}', "1e999999",
    "9" * 1_000_000, '{$date: "2026-02-30"}', '{$bytes: "%%%"}', '{$decimal: "NaN"}', '{$decimal: "\uff11"}', '{$int: "\u0661"}',
])
def test_a_number_made_to_cost_is_refused_at_its_line(house, value):
    (house.root / "plan.yaml").write_text(
        "version: 1\nkind: Plan\nintent: x\nagent: helper\nsteps:\n"
        f"  - id: tier\n    action: mem.record.update\n    target: customers/1\n    with:\n      seats: {value}\n"
    )
    told = house.run("plan", "plan.yaml")
    assert told.code == Exit.INVALID, told.all[:500]
    assert "plan.yaml:10:" in told.err
    assert len(told.err) < 4000


def test_two_spellings_of_one_letter_are_two_keys_and_told_apart(house):
    """é as one character and as two look alike; neither stands in for the other."""
    composed, parted = "caf\u00e9", "cafe\u0301"
    house.plan(update("tier", **{composed: "a", parted: "b"}))
    told = house.run("plan", "plan.yaml", "--format", "json")
    (record,) = told.json["steps"][0]["records"]
    assert {composed, parted} <= {name for change in record["changes"] for name in change["path"].split(".")} | set(record.get("after", {}))
