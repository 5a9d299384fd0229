"""Which clocks are believed: a table over the wall clock, the last record and the time since boot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.model.clock import (
    SKEW,
    Clocks,
    Correction,
    clocks_from_wire,
    clocks_to_wire,
    counted_at,
    decision_time,
    doubt,
    void_before,
)

NOON = datetime(2026, 2, 3, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def reading(wall: datetime, since: timedelta = HOUR, boot: str = "b1") -> Clocks:
    return Clocks(wall=wall, boot=boot, since=since)


@pytest.mark.parametrize(("wall", "last", "time"), [
    (NOON, None, NOON),
    (NOON, NOON - HOUR, NOON),
    (NOON, NOON, NOON),
    (NOON, NOON + SECOND, NOON + SECOND),
    (NOON, NOON + 1000 * HOUR, NOON + 1000 * HOUR),
])
def test_time_is_the_wall_clock_and_never_before_the_last_record(wall, last, time):
    assert decision_time(wall, last) == time


@pytest.mark.parametrize(("now", "last", "anchor", "words"), [
    (reading(NOON), None, None, ""),
    (reading(NOON), NOON - 1000 * HOUR, None, ""),                              # nobody was here for weeks
    (reading(NOON), NOON + SKEW, None, ""),                                     # another machine's clock, a little ahead
    (reading(NOON), NOON + SKEW + SECOND, None, "2 minutes 1 second later"),
    (reading(NOON), NOON + 24 * HOUR, None, "1 day later"),
    (reading(NOON, 3 * HOUR), None, reading(NOON - 2 * HOUR, HOUR), ""),        # awake or asleep, both went on alike
    (reading(NOON + SKEW, 3 * HOUR), None, reading(NOON - 2 * HOUR, HOUR), ""),
    (reading(NOON - SKEW, 3 * HOUR), None, reading(NOON - 2 * HOUR, HOUR), ""),
    (reading(NOON + SKEW + SECOND, 3 * HOUR), None, reading(NOON - 2 * HOUR, HOUR), "ahead by 2 minutes 1 second"),
    (reading(NOON - SKEW - SECOND, 3 * HOUR), None, reading(NOON - 2 * HOUR, HOUR), "back by 2 minutes 1 second"),
    (reading(NOON + 26 * HOUR), None, reading(NOON), "ahead by 1 day 2 hours"),
    (reading(NOON + 26 * HOUR, boot="b2"), None, reading(NOON), ""),            # started anew: nothing to compare with
    (reading(NOON + 26 * HOUR, boot=""), None, reading(NOON, boot=""), ""),     # a system without such a clock
    (reading(NOON, HOUR), None, reading(NOON + HOUR, 2 * HOUR), ""),            # a machine put back whole to before it
    (reading(NOON - HOUR, 3 * HOUR), NOON, reading(NOON - 2 * HOUR, HOUR), "back by 1 hour"),
])
def test_a_clock_that_jumped_is_not_believed(now, last, anchor, words):
    found = doubt(now, last, anchor)
    assert bool(found) == bool(words)
    if found:
        assert words in found.why
        assert found.off == now.wall - found.expected


def test_a_reading_comes_back_from_its_json_as_it_was():
    one = reading(NOON + timedelta(milliseconds=7), timedelta(milliseconds=123456789))
    assert clocks_from_wire(clocks_to_wire(one)) == one


def correction(number: int, wall: datetime, off: timedelta) -> Correction:
    return Correction(number=number, clocks=reading(wall), off=off)


@pytest.mark.parametrize(("time", "number", "corrected", "counted"), [
    (NOON, 3, [], NOON),
    (NOON, 7, [correction(5, NOON + HOUR, -HOUR)], NOON),                           # told after it: as it stands
    (NOON - HOUR, 3, [correction(5, NOON, -24 * HOUR)], NOON - HOUR),               # set back: what was, stays
    (NOON + 24 * HOUR, 3, [correction(5, NOON, -24 * HOUR)], NOON),                 # its future was no future
    (NOON, 3, [correction(5, NOON + 25 * HOUR, 24 * HOUR)], NOON + 24 * HOUR),      # set ahead: it is as long ago as it was
    (NOON, 3, [correction(5, NOON + 25 * HOUR, 48 * HOUR)], NOON + 25 * HOUR),      # and never yet to come
    (NOON, 3, [correction(5, NOON + 25 * HOUR, 24 * HOUR), correction(6, NOON + 2 * HOUR, -24 * HOUR)], NOON + 2 * HOUR),
])
def test_what_used_up_a_limit_never_ages_sooner_by_a_correction(time, number, corrected, counted):
    assert counted_at(time, number, corrected) == counted


@given(
    st.integers(0, 1000), st.integers(0, 2000), st.integers(-3000, 3000),
)
def test_no_correction_frees_a_window_sooner(age, wall, off):
    """Going by the corrected clock, what was done is at most as long ago as it was before."""
    done, before = NOON, NOON + age * HOUR
    after = NOON + wall * HOUR
    counted = counted_at(done, 1, [correction(2, after, off * HOUR)])
    assert counted <= after
    if off >= 0 and after == before + off * HOUR:
        assert after - counted <= before - done


def test_consent_is_void_before_a_clock_was_set_back_and_not_before_it_was_set_ahead():
    back, ahead = correction(4, NOON, -HOUR), correction(5, NOON + 2 * HOUR, HOUR)
    assert void_before([]) is None
    assert void_before([ahead]) is None
    assert void_before([back, ahead]) == NOON
