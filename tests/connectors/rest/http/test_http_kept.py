"""A body already held is not fetched again where the system says that it is the same; nobody else's is shown."""

from __future__ import annotations

import pytest

from agentctl.connectors.rest.http import Headers, Request
from agentctl.connectors.rest.http.exchange import Answer
from agentctl.connectors.rest.http.kept import Kept
from tests.connectors.rest.http.peer import peer, reply

READ = Request(method="GET", path="/x", deadline=5)
SAME = b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nX-RateLimit-Remaining: 41\r\n\r\n'


def test_an_unchanged_record_is_asked_for_by_its_tag_and_not_sent_again(client):
    with peer(reply({"a": 1}, etag='"1"', x_ratelimit_remaining="42"), SAME, reply({"a": 2}, etag='"2"')) as system:
        sender = client(system.url)
        first, second, third = (sender.send(READ, "tok") for _ in range(3))
    assert [heard.headers.get("if-none-match") for heard in system.heard] == [None, '"1"', '"1"']
    assert (second.status, second.body, second.media_type) == (200, first.body, "application/json")
    assert second.headers["x-ratelimit-remaining"] == "41"
    assert third.body == b'{"a": 2}'


def test_every_read_asks_the_system_itself(client):
    with peer(reply({}, etag='"1"')) as system:
        client(system.url).send(READ)
    assert system.heard[0].headers["cache-control"] == "no-cache"


def test_another_token_query_or_header_is_another_question(client):
    with peer(reply({}, etag='"1"')) as system:
        sender = client(system.url)
        sender.send(READ, "one")
        sender.send(READ, "two")
        sender.send(READ)
        sender.send(Request(method="GET", path="/x", query=(("a", "b"),), deadline=5), "one")
        sender.send(Request(method="GET", path="/x", headers={"Accept": "text/plain"}, deadline=5), "one")
    assert all("if-none-match" not in heard.headers for heard in system.heard)


def test_a_condition_of_the_connectors_own_is_sent_as_it_is(client):
    with peer(reply({}, etag='"1"')) as system:
        sender = client(system.url)
        sender.send(READ)
        sender.send(Request(method="GET", path="/x", headers={"If-Match": '"7"'}, deadline=5))
        sender.send(Request(method="GET", path="/x", headers={"If-None-Match": '"8"'}, deadline=5))
        sender.send(Request(method="GET", path="/x", headers={"If-None-Match": '"8"'}, deadline=5))
    assert [heard.headers.get("if-none-match") for heard in system.heard] == [None, None, '"8"', '"8"']


def test_an_effect_never_carries_a_held_tag_and_what_may_not_be_held_is_not(client):
    with peer(reply({}, etag='"1"', cache_control="private, No-Store"), reply({}, etag='"2"')) as system:
        sender = client(system.url)
        sender.send(READ)
        sender.send(READ)
        sender.send(Request(method="PATCH", path="/x", body=b"{}", deadline=5))
    assert all("if-none-match" not in heard.headers for heard in system.heard)


def test_a_304_nobody_asked_for_is_handed_on(client):
    with peer(SAME) as system:
        assert client(system.url).send(READ).status == 304


@pytest.mark.parametrize("tag", ['"ü"', '"\x80"', '"1", "2"\x85'])
def test_a_tag_that_no_header_can_hold_is_not_sent_back(tag, client):
    said = reply({"a": 1}).replace(b"\r\n\r\n", b"\r\netag: " + tag.encode("latin-1") + b"\r\n\r\n")
    with peer(said) as system:
        sender = client(system.url)
        assert sender.send(READ).ok
        assert sender.send(READ).ok
    assert "if-none-match" not in system.heard[1].headers


def test_what_is_held_is_bounded():
    kept = Kept()
    for number in range(5000):
        kept.put(kept.key(f"/{number}", "", ""), _answer(b" " * 20_000))
    assert kept._size <= 32 * 1024 * 1024
    assert kept._size == sum(len(answer.body) + 1024 for answer in kept._answers.values())
    assert kept.get(kept.key("/4999", "", "")) is not None
    assert kept.get(kept.key("/0", "", "")) is None
    kept.put(big := kept.key("/big", "", ""), _answer(b" " * 9_000_000))
    assert kept.get(big) is None, "one that takes the place of hundreds"
    for _ in range(3):
        kept.put(kept.key("/4999", "", ""), _answer(b""))
    assert kept._size == sum(len(answer.body) + 1024 for answer in kept._answers.values())


def _answer(body: bytes) -> Answer:
    return Answer(status=200, headers=Headers([("etag", '"1"')]), body=body)
