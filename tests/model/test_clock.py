"""Which clocks are believed: a table over the wall clock, the last record and the time since boot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agentctl.model.clock import SKEW, Clocks, clocks_from_wire, clocks_to_wire, decision_time, doubt

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
