"""A front passes on what it is told to, loses what it is told to, and keeps all of it."""

from __future__ import annotations

import gzip
import http.client
import ssl
import threading

import pytest

from tests.connectors.rest.http.certificates import Authority
from tests.systems.front import forwarded, front
from tests.systems.loopback import ask
from tests.systems.mishaps import (
    Half,
    Held,
    LostAfter,
    LostBefore,
    Reply,
    Says,
    broken_json,
    dated,
    large,
    page,
)


class Counting:
    """A system that counts what it did."""

    def __init__(self):
        self.done = 0

    def __call__(self, question):
        self.done += 1
        return Reply.of(200, {"done": self.done}, etag='"1"')


@pytest.fixture
def system():
    return Counting()


@pytest.fixture
def opened(system):
    with front(system) as made:
        yield made


def test_what_is_asked_is_acted_on_answered_and_kept(opened):
    answer = ask(opened.url, "POST", "/a%2Fb?c=d", {"x": 1})
    assert (answer.status, answer.body, answer.headers["etag"]) == (200, {"done": 1}, '"1"')
    (exchange,) = opened.journal
    assert (exchange.question.target, exchange.question.json, exchange.reply.status) == ("/a%2Fb?c=d", {"x": 1}, 200)


@pytest.mark.parametrize(("mishap", "done"), [(LostBefore(), 0), (LostAfter(), 1)])
def test_a_lost_reply_tells_nothing_of_what_was_done(mishap, done, opened, system):
    opened.when(mishap, "PATCH")
    with pytest.raises(http.client.RemoteDisconnected):
        ask(opened.url, "PATCH", "/a", {})
    assert system.done == done
    assert (opened.journal[0].reply is not None) == bool(done)


def test_only_the_request_that_was_meant_is_hit(opened, system):
    opened.when(Says(Reply.of(503)), "PATCH", "/issues/[0-9]+", nth=2, times=2)
    asked = [("PATCH", "/issues/1"), ("GET", "/issues/1"), ("PATCH", "/issues/1"), ("PATCH", "/else"), ("PATCH", "/issues/2"),
             ("PATCH", "/issues/1")]
    assert [ask(opened.url, *one).status for one in asked] == [200, 200, 503, 200, 503, 200]
    assert system.done == 4
    assert [question.path for question in opened.asked("PATCH", "/issues/.*")] == ["/issues/1", "/issues/1", "/issues/2", "/issues/1"]


def test_half_a_reply_ends_before_the_length_it_said(opened):
    opened.when(Half())
    with pytest.raises(http.client.IncompleteRead):
        ask(opened.url, "GET", "/a")


def test_a_held_request_lands_when_the_test_says_so(opened, system):
    held = Held()
    opened.when(held)
    thread = threading.Thread(target=ask, args=(opened.url, "POST", "/a", {}))
    thread.start()
    assert not held.landed.is_set()
    assert system.done == 0
    held.landing.set()
    assert held.landed.wait(10)
    thread.join()
    assert system.done == 1


@pytest.mark.parametrize(("after", "done"), [(False, 0), (True, 1)])
def test_who_answers_in_between_may_do_so_before_or_after(after, done, opened, system):
    opened.when(Says(Reply.of(502, {"message": "no"}), after=after))
    assert ask(opened.url, "POST", "/a", {}).status == 502
    assert system.done == done


def test_a_proxys_page_broken_json_another_date_and_a_very_long_answer(opened):
    for mishap in (page(), broken_json(), dated("Mon, 23 Nov 2020 00:00:00 GMT"), large()):
        opened.when(mishap)
    first, second, third, fourth = (ask(opened.url, "GET", "/a") for _ in range(4))
    assert (first.status, "Bad Gateway" in first.body) == (502, True)
    assert second.body == '{"done": 1'
    assert third.headers["date"] == "Mon, 23 Nov 2020 00:00:00 GMT"
    assert int(fourth.headers["content-length"]) == 50 * 1024 * 1024
    assert set(fourth.body) == {"padding"}


def test_a_system_elsewhere_is_passed_on_byte_by_byte():
    packed = gzip.compress(b"{}")
    with front(lambda question: Reply(201, {"content-encoding": "gzip", "x-said": question.headers["x-said"]}, packed)) as system:
        with front(forwarded(system.port)) as opened:
            connection = http.client.HTTPConnection("127.0.0.1", opened.port)
            connection.request("POST", "/a%20b?c", b"body", {"x-said": "yes"})
            response = connection.getresponse()
            assert (response.status, response.read(), response.headers["x-said"]) == (201, packed, "yes")
            connection.close()
        assert [(one.question.target, one.question.body) for one in system.journal] == [("/a%20b?c", b"body")]


def test_it_speaks_tls_to_who_trusts_its_authority(tmp_path, system):
    authority = Authority(tmp_path)
    with front(system, tls=authority.context()) as opened:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", opened.port, context=ssl.create_default_context(cafile=authority.path)
        )
        connection.request("GET", "/a")
        assert connection.getresponse().read() == b'{"done": 1}'
        connection.close()
        stranger = http.client.HTTPSConnection("127.0.0.1", opened.port, context=ssl.create_default_context())
        with pytest.raises(ssl.SSLCertVerificationError):
            stranger.request("GET", "/a")
        stranger.close()
    assert system.done == 1


def test_a_connection_is_used_again_and_all_end_with_the_front(system):
    with front(system) as opened:
        connection = http.client.HTTPConnection("127.0.0.1", opened.port)
        for _ in range(2):
            connection.request("GET", "/a")
            assert connection.getresponse().read()
        place = connection.sock.getsockname()
    assert connection.sock.recv(1) == b""
    assert place[0] == "127.0.0.1"
    connection.close()
