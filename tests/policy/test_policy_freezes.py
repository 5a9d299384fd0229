"""Freezes: between two moments nothing of what they name happens, whoever grants it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agentctl.errors import Invalid
from agentctl.model.action import Reversibility, Tier
from agentctl.model.change import Effect, Inverse
from agentctl.model.changeset import Purpose
from agentctl.model.decision import Outcome, Verdict
from tests.policy.ground import ALL, change, grants, judge, judge_inverse, outcomes, policy, update, why

YEAR_END = "id: year-end, from: '2026-12-23T18:00', until: '2027-01-02T08:00', zone: Europe/Berlin"
PEOPLE = "people: {maria: {groups: [on-call]}}\nrollback: {from: [on-call]}\n"


def frozen(*freezes: str):
    lines = "".join(f"  - {{{freeze}}}\n" for freeze in freezes)
    return policy(f"{ALL}{PEOPLE}freezes:\n{lines}")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("moment, denied", [
    ("2026-12-23T16:59:59", False), ("2026-12-23T17:00:00", True),      # six in the evening in Berlin
    ("2027-01-02T06:59:59", True), ("2027-01-02T07:00:00", False),
])
def test_a_freeze_lasts_from_its_first_moment_until_just_before_its_last(moment, denied):
    decision = judge(frozen(YEAR_END), update(tier="x"), now=at(moment))
    assert (decision.verdict is Verdict.DENY) is denied


@pytest.mark.parametrize("final", [True, False])
def test_a_freeze_stands_over_every_grant_and_says_until_when(final):
    rules = frozen(f"{YEAR_END}, message: The books are being closed.")
    decision = judge(rules, update(tier="x"), now=at("2026-12-24T00:00"), final=final)
    assert why(decision) == "The books are being closed. — frozen until Sat 2027-01-02 08:00 Europe/Berlin"
    assert outcomes(decision)["year-end"] is Outcome.DENIES


def test_reading_goes_on_while_changes_are_frozen():
    looking = replace(change(effect=Effect.READ, action="crm.row.read"), reads=("crm/customers/42",))
    now = at("2026-12-24T00:00")
    assert judge(frozen(YEAR_END), looking, now=now, tier=Tier.READ).verdict is Verdict.ALLOW
    named = frozen(f"{YEAR_END}, actions: ['crm.*']")
    assert judge(named, looking, now=now, tier=Tier.READ).verdict is Verdict.DENY


def test_a_freeze_names_what_and_where():
    rules = frozen(f"{YEAR_END}, actions: ['crm.row.delete'], environments: [staging]")
    now = at("2026-12-24T00:00")
    deleting = change(update(tier="x").records[0], action="crm.row.delete")
    assert judge(rules, deleting, now=now).verdict is Verdict.DENY
    assert judge(rules, deleting, now=now, environment="prod").verdict is Verdict.ALLOW
    assert judge(rules, update(tier="x"), now=now).verdict is Verdict.ALLOW


def test_undoing_is_frozen_too_unless_the_freeze_says_otherwise():
    now, undoing = at("2026-12-24T00:00"), {"purpose": Purpose.ROLLBACK, "person": "maria"}
    assert judge(frozen(YEAR_END), update(tier="x"), now=now, **undoing).verdict is Verdict.DENY
    spared = frozen(f"{YEAR_END}, except: [rollback]")
    assert judge(spared, update(tier="x"), now=now, **undoing).verdict is Verdict.CONSENT


def test_what_is_frozen_today_is_not_called_irreversible_for_it():
    decision = judge_inverse(frozen(YEAR_END), update(tier="x"), now=at("2026-12-24T00:00"))
    assert decision.verdict is Verdict.CONSENT


def test_a_freeze_can_be_written_with_offsets_instead_of_a_zone():
    rules = frozen("id: f, from: '2026-12-23T18:00:00+01:00', until: '2026-12-23T18:00:00Z'")
    assert judge(rules, update(tier="x"), now=at("2026-12-23T17:00")).verdict is Verdict.DENY
    assert judge(rules, update(tier="x"), now=at("2026-12-23T18:00")).verdict is Verdict.ALLOW


def test_of_a_time_that_comes_twice_a_freeze_takes_what_lasts_longer():
    rules = frozen("id: f, from: '2026-10-25T02:30', until: '2026-10-25T02:31', zone: Europe/Berlin")
    for moment in ("2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30"):
        assert judge(rules, update(tier="x"), now=at(moment)).verdict is Verdict.DENY
    assert judge(rules, update(tier="x"), now=at("2026-10-25T01:31")).verdict is Verdict.ALLOW


def test_a_freeze_is_part_of_what_is_consented_to():
    assert frozen(YEAR_END).digest != frozen(f"{YEAR_END}, except: [rollback]").digest


@pytest.mark.parametrize("freeze, code, said", [
    ("id: f, from: '2027-01-02T08:00', until: '2027-01-02T08:00', zone: UTC", "empty-freeze", "begins"),
    ("id: f, from: '2027-01-02T08:00', until: '2026-01-02T08:00', zone: UTC", "empty-freeze", "begins"),
    ("id: f, from: '2027-01-02T08:00', until: '2027-01-03T08:00'", "bad-moment", "no offset"),
    ("id: f, from: '2027-01-02T08:00Z', until: '2027-01-03T08:00', zone: UTC", "bad-moment", "so does `zone`"),
    ("id: f, from: '2026-03-29T02:30', until: '2027-01-03T08:00', zone: Europe/Berlin", "bad-moment", "left out"),
    ("id: f, from: '2027-02-30T08:00', until: '2027-03-03T08:00', zone: UTC", "bad-moment", "day"),
    ("id: f, from: '2027-01-02', until: '2027-01-03T08:00', zone: UTC", "", "moment"),
    ("id: f, from: '2027-01-02T08:00', until: '2027-01-03T08:00', zone: Europe/Paris_", "unknown-zone", "Paris"),
    ("from: '2027-01-02T08:00', until: '2027-01-03T08:00', zone: UTC", "", "id"),
    ("id: f, from: '2027-01-02T08:00', until: '2027-01-03T08:00', zone: UTC, actions: []", "", ""),
    ("id: f, from: '2027-01-02T08:00', until: '2027-01-03T08:00', zone: UTC, environments: []", "", ""),
    ("id: f, from: '2027-01-02T08:00', until: '2027-01-03T08:00', zone: UTC, level: soft", "", "level"),
])
def test_a_freeze_that_cannot_be_meant_is_an_error_with_its_place(freeze, code, said):
    with pytest.raises(Invalid) as error:
        frozen(freeze)
    found = error.value.diagnostics[0]
    assert found.span.file == "policy.yaml"
    assert found.span.line > 5
    assert code in ("", found.code)
    assert said in f"{found.detail} {found.hint}"


def test_two_freezes_of_one_name_or_one_that_looks_like_it_are_errors():
    with pytest.raises(Invalid, match="1 error"):
        frozen(YEAR_END, YEAR_END)
    with pytest.raises(Invalid, match="1 error"):
        frozen(YEAR_END, YEAR_END.replace("year-end", "year_end"))


def test_what_can_be_undone_only_when_nobody_may_is_not_reversible():
    nobody = grants("{id: g, actions: ['*'], mode: auto, reversibility: exact}")
    lost = replace(update(tier="x"), inverse=Inverse(kind=Reversibility.NONE, stays="policy lets nobody undo it"))
    assert "policy lets nobody undo it" in why(judge(nobody, lost))
