"""A system that takes no more for now: waited for visibly while there is time, else stopped with the time to go on."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.connectors.rest.http import Headers, Request
from agentctl.connectors.rest.http.exchange import Answer
from agentctl.connectors.rest.http.limits import pause
from agentctl.connectors.rest.http.timing import Timing
from agentctl.errors import Unreachable, Unwritable
from tests.connectors.rest.http.peer import cut, peer, reply

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EPOCH = int(NOON.timestamp())
DATE = "Thu, 01 Jan 2026 12:00:00 GMT"
EFFECT = Request(method="POST", path="/x", body=b"{}", deadline=60)


def said(status: int, wall: datetime = NOON, **headers: str) -> float | None:
    named = Headers((name.replace("_", "-"), value) for name, value in headers.items())
    found = pause(Answer(status=status, headers=named, body=b""), wall)
    return found.seconds if found else None


@pytest.mark.parametrize(("status", "headers", "seconds"), [
    (429, {}, 60),
    (429, {"retry_after": "12"}, 12),
    (429, {"retry_after": "Thu, 01 Jan 2026 12:00:30 GMT", "date": DATE}, 30),
    (429, {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(EPOCH + 90), "date": DATE}, 90),
    (429, {"ratelimit_remaining": "0", "ratelimit_reset": "45"}, 45),
    (403, {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(EPOCH + 90), "date": DATE}, 90),
    (403, {"retry_after": "60"}, 60),
    (503, {"retry_after": "5"}, 5),
    (429, {"retry_after": "0"}, 1),
    (429, {"retry_after": "-5"}, 60),
    (429, {"retry_after": "soon"}, 60),
    (429, {"retry_after": "1e9"}, 60),
    (429, {"retry_after": "9" * 5000}, 60),
    (429, {"retry_after": "٣"}, 60),
    (429, {"retry_after": "Thu, 99 Jan 2026 12:00:30 GMT"}, 60),
    (429, {"retry_after": "Thu, 01 Jan 2026 11:00:00 GMT", "date": DATE}, 1),
    (429, {"x_ratelimit_reset": str(EPOCH - 5), "date": DATE}, 1),
    (403, {}, None),
    (403, {"x_ratelimit_remaining": "10"}, None),
    (503, {}, None),
    (503, {"x_ratelimit_remaining": "0"}, None),
    (200, {"x_ratelimit_remaining": "0", "retry_after": "9"}, None),
    (500, {"retry_after": "9"}, None),
])
def test_what_a_system_says_of_its_limits(status, headers, seconds):
    assert said(status, **headers) == seconds


@pytest.mark.parametrize("skew", [timedelta(hours=-3), timedelta(hours=3), timedelta(days=4000)])
def test_their_clock_counts_and_not_ours(skew):
    headers = {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(EPOCH + 90), "date": DATE}
    assert said(403, NOON + skew, **headers) == 90
    assert said(429, NOON + skew, retry_after="Thu, 01 Jan 2026 12:00:30 GMT", date=DATE) == 30


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_no_header_breaks_the_reading_of_limits(after, reset, date):
    seconds = said(429, retry_after=after, x_ratelimit_reset=reset, date=date)
    assert seconds is not None
    assert seconds >= 1


def test_a_limit_is_waited_for_and_told(client, hours):
    with peer(reply({}, 429, retry_after="12"), reply({"id": 1}, 201)) as system:
        assert client(system.url, hours=hours).send(EFFECT).status == 201
    assert hours.waits == [13.0], "twelve seconds, and up to one so that threads do not come back together"
    (told,) = hours.told
    assert (told.system, told.why, told.seconds) == (f"127.0.0.1:{system.port}", "its rate limit is reached", 12.0)
    assert str(told).endswith(", until 02:00:12 UTC: its rate limit is reached")
    assert told.until == datetime(2026, 1, 1, 2, 0, 12, tzinfo=UTC)


def test_a_system_that_is_busy_is_waited_for_in_other_words(client, hours):
    with peer(reply({}, 503, retry_after="5"), reply({}), reply({}, 503, retry_after="600")) as system:
        sender = client(system.url, hours=hours)
        assert sender.send(EFFECT).ok
        with pytest.raises(Unreachable, match=r"System busy.*takes no more requests until 02:10:06 UTC"):
            sender.send(EFFECT)
    assert [told.why for told in hours.told] == ["it is busy"]


def test_why_somebody_waits_is_told_as_it_is(client, hours):
    with peer(reply({}, 502), reply({}, 502), cut, cut, reply({})) as system:
        assert client(system.url, hours=hours).send(Request(method="GET", path="/x", deadline=60)).ok
    assert [(told.why, told.seconds) for told in hours.told] == [
        ("it is busy", 1.0), ("it did not answer", 2.0), ("it did not answer", 4.0),
    ]


def test_a_listener_that_is_gone_decides_nothing(client, hours):
    def gone(_):
        raise Unwritable("Output not written", "No space left on device.")

    with peer(reply({}, 429, retry_after="12"), reply({})) as system:
        assert client(system.url, hours=hours, tell=gone).send(EFFECT).ok


def test_a_limit_past_the_deadline_stops_at_once_with_the_time_to_go_on(client, hours):
    with peer(reply({}, 403, x_ratelimit_remaining="0", x_ratelimit_reset=str(EPOCH + 1800), date=DATE)) as system:
        sender = client(system.url, hours=hours)
        with pytest.raises(Unreachable, match=r"takes no more requests until 02:30:00 UTC\. The request was POST \S+/x\.$"):
            sender.send(EFFECT)
        with pytest.raises(Unreachable, match=r"until 02:30:00 UTC"):
            sender.send(Request(method="GET", path="/y", deadline=60))
        assert len(system.heard) == 1, "a system that said when is not asked before"
    assert (hours.waits, hours.told) == ([], [])


def test_a_limit_for_ever_is_a_time_and_no_crash(client, hours):
    with (
        peer(reply({}, 429, retry_after="999999999999")) as system,
        pytest.raises(Unreachable, match=r"until 2035-12-30 02:00:00 UTC"),
    ):
        client(system.url, hours=hours).send(EFFECT)


def test_a_system_that_always_says_later_is_left_after_five_attempts(client, hours):
    with peer(reply({}, 429, retry_after="1")) as system:
        with pytest.raises(Unreachable, match="Rate limited"):
            client(system.url, hours=hours).send(EFFECT)
        assert len(system.heard) == 5


def test_a_limit_one_thread_hears_of_holds_all(client):
    hold, waiting = threading.Event(), threading.Semaphore(0)
    elapsed, told = [0.0], []

    def wait(_, seconds):
        waiting.release()
        hold.wait(5)
        elapsed[0] += seconds

    timing = Timing(now=lambda: elapsed[0], wall=lambda: NOON, chance=lambda: 0.0, wait=wait)
    with peer(reply({}, 429, retry_after="9"), reply({})) as system:
        sender = client(system.url, timing=timing, tell=told.append)
        with ThreadPoolExecutor(8) as threads:
            first = threads.submit(sender.send, EFFECT)
            assert waiting.acquire(timeout=5)
            others = [threads.submit(sender.send, EFFECT) for _ in range(5)]
            assert all(waiting.acquire(timeout=5) for _ in others)
            assert len(system.heard) == 1
            hold.set()
            assert all(sent.result(5).ok for sent in [first, *others])
        assert len(system.heard) == 7
    assert len(told) == 1, "six threads wait for one reason"
