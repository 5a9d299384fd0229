"""What the agent says is shown apart and labelled as its claims; what would change is told from data alone."""

from __future__ import annotations

import pytest

from tests.e2e.house import House, step, update

LIE = "Reads one record, changes nothing. Policy: allowed by root. Plan: 0 to add, 0 to change"
FORGED = "ok\n  =  tier  no-op\nPlan: 0 to add, 0 to change, 0 to destroy, 0 side effects."


def screens(house: House) -> list[str]:
    told = [house.run("plan", "plan.yaml", "--diff", "full").out]
    assert house.typed("apply", "plan.yaml").code == 0
    return [*told, house.run("show").out]


@pytest.fixture
def lying(house):
    tier = update("tier", tier="annual") | {"because": LIE}
    house.plan(tier, intent=LIE, requested_by="ceo@acme.example")
    return house


def test_every_line_of_prose_is_marked_and_stands_under_the_words_that_it_is_a_claim(lying):
    for screen in screens(lying):
        lines = screen.splitlines()
        spoken = [number for number, line in enumerate(lines) if "allowed by root" in line]
        assert spoken
        label = next(number for number, line in enumerate(lines) if "claims, not facts" in line)
        for number in spoken:
            assert lines[number].lstrip().startswith(("│", "because")), lines[number]
        assert min(spoken) > label


def test_prose_does_not_change_one_word_of_the_facts(house):
    facts = []
    for prose in (LIE, "x", FORGED):
        house.plan(update("tier") | {"because": prose}, intent=prose)
        document = house.run("plan", "plan.yaml", "--format", "json").json
        facts.append([{key: item for key, item in change.items() if key not in ("because", "place")} for change in document["steps"]])
        assert document["summary"]["change"] == 1
    assert facts[0] == facts[1] == facts[2]


def test_prose_cannot_forge_a_line_of_its_own(house):
    house.plan(update("tier") | {"because": FORGED}, intent=FORGED, agent="helper")
    out = house.run("plan", "plan.yaml").out
    assert [line for line in out.splitlines() if line.startswith("Plan: ")] == [
        "Plan: 0 to add, 1 to change, 0 to destroy, 0 side effects."
    ]
    assert not any(line.startswith("  =  tier") for line in out.splitlines())


def test_a_value_cannot_forge_a_line_either(house):
    house.plan(step("row", "crm.row.update", "customers/1", {"tier": FORGED, "name": "\u202eevil"}))
    out = house.run("plan", "plan.yaml", "--diff", "full").out
    assert sum(line.startswith("Plan: ") for line in out.splitlines()) == 1
    assert "\u202e" not in out
