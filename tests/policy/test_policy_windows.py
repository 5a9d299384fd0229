"""Windows: a grant counts while the clock on the wall of its zone shows a time in one, and at no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.errors import Invalid
from agentctl.model.decision import Outcome, Verdict
from agentctl.policy.windows import DAYS, Window
from tests.policy.ground import grants, judge, outcomes, update, why

OFFICE = "{days: [mon, tue, wed, thu, fri], from: '09:00', to: '17:00', zone: Europe/Berlin}"
NIGHT = "{days: [fri], from: '22:00', to: '06:00', zone: Europe/Berlin}"


def rules(*windows, rest=""):
    return grants(f"{{id: g, actions: ['*'], mode: auto, windows: [{', '.join(windows)}]{rest}}}")


def at(text: str, zone: str = "Europe/Berlin", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize("window, moment, open", [
    (OFFICE, "2026-01-05T09:00", True),         # a Monday, to the minute
    (OFFICE, "2026-01-05T08:59:59", False),
    (OFFICE, "2026-01-05T16:59:59", True),
    (OFFICE, "2026-01-05T17:00", False),
    (OFFICE, "2026-01-04T12:00", False),        # a Sunday
    (OFFICE, "2026-07-06T09:00", True),         # the wall's nine o'clock in summer, seven in UTC
    (NIGHT, "2026-01-09T22:00", True),          # a Friday
    (NIGHT, "2026-01-10T05:59", True),          # what began on Friday ends on Saturday
    (NIGHT, "2026-01-10T06:00", False),
    (NIGHT, "2026-01-09T05:00", False),         # Thursday's night is none
    (NIGHT, "2026-01-10T22:30", False),
    ("{from: '00:00', to: '24:00', zone: UTC}", "2026-01-10T23:59", True),
])
def test_a_grant_counts_in_its_window_and_not_a_minute_beside_it(window, moment, open):
    decision = judge(rules(window), update(tier="x"), now=at(moment), final=True)
    assert (decision.verdict is Verdict.ALLOW) is open


@pytest.mark.parametrize("moment, fold, open", [
    ("2026-10-25T02:30", 0, True),              # clocks go back at 03:00: half past two comes twice
    ("2026-10-25T02:30", 1, True),
    ("2026-10-25T02:10", 1, False),
    ("2026-03-29T03:00", 0, False),             # clocks go forward at 02:00: half past two is left out
    ("2026-03-29T01:59", 0, False),
])
def test_what_a_clock_shows_twice_is_open_twice_and_what_it_leaves_out_never(moment, fold, open):
    decision = judge(
        rules("{from: '02:15', to: '02:45', zone: Europe/Berlin}"), update(tier="x"), now=at(moment, fold=fold),
        final=True,
    )
    assert (decision.verdict is Verdict.ALLOW) is open


def test_a_night_that_clocks_shorten_still_ends_when_the_wall_says_so():
    night = rules("{days: [sat], from: '22:00', to: '06:00', zone: Europe/Berlin}")
    told = [judge(night, update(tier="x"), now=at(moment), final=True).verdict is Verdict.ALLOW for moment in (
        "2026-03-28T22:00", "2026-03-29T03:30", "2026-03-29T05:59", "2026-03-29T06:00",
    )]
    assert told == [True, True, True, False]


def test_a_plan_may_be_prepared_before_its_window_and_not_carried_out():
    early = {"now": at("2026-01-05T08:00")}
    planned = judge(rules(OFFICE), update(tier="x"), **early)
    assert planned.verdict is Verdict.CONSENT
    assert outcomes(planned)["g"] is Outcome.UNDECIDED
    assert judge(rules(OFFICE), update(tier="x"), final=True, **early).verdict is Verdict.DENY


def test_consent_is_about_the_same_fields_whether_the_window_is_open_or_not():
    scoped = rules(OFFICE, rest=", where: 'before.region == \"eu\"'")
    reads = {judge(scoped, update(tier="x"), now=at(moment)).reads for moment in ("2026-01-05T08:00", "2026-01-05T10:00")}
    assert reads == {frozenset({"region"})}


def test_a_closed_window_says_when_it_is_next_open():
    reason = why(judge(rules(OFFICE), update(tier="x"), now=at("2026-01-03T10:00"), final=True))
    assert reason == (
        "`customers/42`: grant g counts only mon-fri 09:00-17:00 Europe/Berlin, and it is Sat 2026-01-03 10:00 Europe/Berlin; "
        "it opens at Mon 2026-01-05 09:00 Europe/Berlin"
    )


def test_another_grant_that_counts_now_is_enough():
    both = grants(f"{{id: g, actions: ['*'], mode: auto, windows: [{OFFICE}]}}", "{id: h, actions: ['*'], mode: auto}")
    assert judge(both, update(tier="x"), now=at("2026-01-03T10:00"), final=True).verdict is Verdict.ALLOW


def test_a_forbidding_grant_forbids_in_its_window_only():
    both = grants("{id: a, actions: ['*'], mode: auto}", f"{{id: n, actions: ['*'], mode: forbid, windows: [{OFFICE}]}}")
    assert judge(both, update(tier="x"), now=at("2026-01-05T10:00")).verdict is Verdict.DENY
    assert judge(both, update(tier="x"), now=at("2026-01-05T08:00")).verdict is Verdict.ALLOW


WRONG = [
    ("{from: '09:00', to: '17:00', zone: Europe/Berln}", "unknown-zone", "Did you mean `Europe/Berlin`?"),
    ("{from: '09:00', to: '17:00', zone: europe/berlin}", "unknown-zone", "Did you mean `Europe/Berlin`?"),
    ("{from: '09:00', to: '17:00', zone: Europe}", "unknown-zone", ""),
    ("{from: '09:00', to: '17:00', zone: posix/Europe/Berlin}", "unknown-zone", ""),
    ("{from: '09:00', to: '17:00', zone: localtime}", "unknown-zone", ""),
    ("{from: '09:00', to: '09:00', zone: UTC}", "empty-window", "24:00"),
    ("{from: '09:00', to: '17:00'}", "required", "zone"),
    ("{from: '9:00', to: '17:00', zone: UTC}", "", "time of day"),
    ("{from: '24:00', to: '17:00', zone: UTC}", "", "time of day"),
    ("{from: '09:00', to: '25:00', zone: UTC}", "", "time of day"),
    ("{from: '09:00', to: '17:00', zone: ../../etc/passwd}", "", "time zone"),
    ("{from: '09:00', to: '17:00', zone: UTC, days: []}", "", ""),
    ("{from: '09:00', to: '17:00', zone: UTC, days: [monday]}", "", "mon"),
    ("{from: '09:00', to: '17:00', zone: UTC, days: [mon, mon]}", "", ""),
    ("{from: '09:00', to: '17:00', zone: UTC, except: [rollback]}", "", "except"),
]


@pytest.mark.parametrize("window, code, said", WRONG)
def test_a_window_that_cannot_be_meant_is_an_error_with_its_place(window, code, said):
    with pytest.raises(Invalid) as error:
        rules(window)
    (found,) = error.value.diagnostics
    assert found.span.file == "policy.yaml"
    assert found.span.line == 7
    assert said in f"{found.detail} {found.hint}"
    assert code in ("", found.code) or code == "required"


@given(
    st.integers(0, 1439), st.integers(0, 1440), st.sets(st.sampled_from(DAYS), min_size=1),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"]),
)
def test_a_window_is_open_just_as_a_person_reading_the_wall_would_say(start, end, days, moment, zone):
    if start == end:
        return
    now = moment.replace(tzinfo=UTC)
    window = Window(days=frozenset(days), start=start, end=end, zone=ZoneInfo(zone))
    wall = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None, second=0, microsecond=0)
    expected = any(
        DAYS[(begin := wall.replace(hour=0, minute=0) - timedelta(days=back)).weekday()] in days
        and begin + timedelta(minutes=start) <= wall < begin + timedelta(minutes=end, days=int(end < start))
        for back in (0, 1)
    )
    assert window.holds(now) is expected
    following = window.opens(now)
    assert following is None or (following > now and window.holds(following))
