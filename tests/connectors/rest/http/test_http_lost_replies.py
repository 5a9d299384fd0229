"""Which of three things became of a request: it did not happen, it will not, or nobody can tell. Over real sockets."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace

import pytest

from agentctl.connectors.rest.http import Request
from agentctl.connectors.rest.http.exchange import Sent, Wire
from agentctl.connectors.rest.http.failed import Lost, NotSent
from agentctl.connectors.rest.http.stream import Stream
from agentctl.errors import ConnectorError, Indeterminate, Unreachable
from tests.connectors.rest.http.peer import cut, dripping, peer, reply, reset, silent, then

BEFORE_THE_END = {
    "closed": cut,
    "reset": reset,
    "half a status line": then(b"HTTP/1.1 2", cut),
    "half the headers": then(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n", cut),
    "half a body": then(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"a":', cut),
    "half a chunk": then(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n63\r\n{"a":', cut),
    "no last chunk": then(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", cut),
    "reset in the body": then(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", reset),
}
NOT_HTTP = {
    "another protocol": b"220 mail.example ESMTP\r\n",
    "status of nothing": b"HTTP/1.1 000 None\r\nContent-Length: 0\r\n\r\n",
    "another version": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "chunk of no size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "chunk of negative size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n",
    "chunk longer than it says": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}garbage\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
    "length of a zettabyte": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n{}",
    "unknown transfer coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "header without a colon": b"HTTP/1.1 200 OK\r\nGarbage\r\nContent-Length: 2\r\n\r\n{}",
    "blank in a header's name": b"HTTP/1.1 200 OK\r\nA B: c\r\nContent-Length: 2\r\n\r\n{}",
    "NUL in a header": b"HTTP/1.1 200 OK\r\nA: b\x00c\r\nContent-Length: 2\r\n\r\n{}",
    "switched protocols": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
}
EFFECT = Request(method="POST", path="/x", body=b"{}", deadline=5)


@pytest.mark.parametrize("act", BEFORE_THE_END.values(), ids=BEFORE_THE_END)
def test_an_effect_whose_reply_was_lost_is_in_doubt_and_sent_once(act, client, hours):
    with peer(act) as system:
        with pytest.raises(Indeterminate, match="Connection lost"):
            client(system.url, hours=hours).send(EFFECT, "tok")
        assert len(system.heard) == 1
    assert hours.waits == []


@pytest.mark.parametrize("act", NOT_HTTP.values(), ids=NOT_HTTP)
def test_an_effect_whose_reply_is_garbage_is_in_doubt_and_sent_once(act, client, hours):
    with peer(then(act, cut)) as system:
        with pytest.raises(Indeterminate):
            client(system.url, hours=hours).send(EFFECT)
        assert len(system.heard) == 1


@pytest.mark.parametrize("act", [*BEFORE_THE_END.values(), then(NOT_HTTP["no status"], cut)])
def test_a_read_whose_reply_was_lost_is_asked_again(act, client, hours):
    with peer(act, act, reply({"a": 1})) as system:
        assert client(system.url, hours=hours).send(Request(method="GET", path="/x", deadline=60)).body == b'{"a": 1}'
        assert len(system.heard) == 3
    assert hours.waits == [0.5, 1.0]


def test_a_read_that_is_never_answered_whole_is_unreachable_after_five_attempts(client, hours):
    with peer(cut) as system:
        with pytest.raises(Unreachable, match="Connection lost") as told:
            client(system.url, hours=hours).send(
                Request(method="GET", path="/x", query=(("key", "private"),), deadline=60)
            )
        assert len(system.heard) == 5
    assert told.value.detail.endswith(f"The request was GET {system.url}/x, tried 5 times.")
    assert sum(hours.waits) == 7.5


def test_a_search_by_post_is_a_read(client, hours):
    with peer(cut, reply([])) as system:
        answer = client(system.url, hours=hours).send(
            Request(method="POST", path="/search", body=b"{}", reads=True, deadline=60)
        )
    assert answer.body == b"[]"


def test_an_effect_with_a_key_is_sent_again_after_a_lost_reply(client, hours):
    with peer(cut, reply({"id": 7}, 201)) as system:
        request = Request(
            method="POST", path="/x", body=b"{}", headers={"Idempotency-Key": "k"}, repeatable=True, deadline=60
        )
        assert client(system.url, hours=hours).send(request).status == 201
    assert [heard.headers["idempotency-key"] for heard in system.heard] == ["k", "k"]


@pytest.mark.parametrize("last", [
    reply({"message": "changed"}, 412), reply({}, 404), reply({}, 409), reply({}, 401), reply({}, 500),
    reply({}, 429, retry_after="3600"), reply(b"", 302, location="/y"), cut,
], ids=["412", "404", "409", "401", "500", "429", "302", "cut"])
def test_after_a_lost_reply_only_a_success_settles_an_effect(last, client, hours):
    """A 412 may be the echo of our own first attempt: it must not be told as "nothing happened"."""
    with (
        peer(cut, last) as system,
        pytest.raises(Indeterminate, match=r"No certain answer.*an earlier attempt may have been done"),
    ):
        client(system.url, hours=hours).send(
            Request(method="PATCH", path="/x", body=b"{}", headers={"If-Match": '"1"'}, repeatable=True, deadline=60)
        )


def test_after_a_lost_reply_a_system_that_is_gone_leaves_the_effect_in_doubt(client, hours):
    with peer(cut) as system:
        system.acts = [lambda connection: (system.leave(), cut(connection))]
        with pytest.raises(Indeterminate, match="nothing listens there"):
            client(system.url, hours=hours).send(
                Request(method="PUT", path="/x", body=b"{}", repeatable=True, deadline=60)
            )
        assert len(system.heard) == 1


def test_a_system_that_is_not_there_did_nothing(client, hours):
    with peer(reply({})) as system:
        url = system.url
    with pytest.raises(Unreachable, match="nothing listens there"):
        client(url, hours=hours).send(EFFECT)
    assert len(hours.waits) == 3, "what was never sent may be tried again, effects too, until the time is over"


def test_an_effect_is_sent_once_the_system_is_there_again(client, hours):
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))            # reserved, but nobody listens: refused
    heard = []

    def serve():
        connection, _ = probe.accept()
        with connection:
            heard.append(connection.recv(65536))
            connection.sendall(reply({}))

    def listen(event, seconds):
        if len(waits) == 0:
            probe.listen()
            threading.Thread(target=serve, daemon=True).start()
        waits.append(seconds)

    waits = []
    sender = client(f"http://127.0.0.1:{probe.getsockname()[1]}", timing=replace(hours.timing, wait=listen))
    assert sender.send(EFFECT).ok
    assert (len(waits), len(heard)) == (1, 1)
    probe.close()


def test_a_name_that_is_not_known_did_nothing(client, hours):
    with pytest.raises(Unreachable, match=r"the name no-such-host\.invalid is not known"):
        client("https://no-such-host.invalid", hours=hours).send(EFFECT)


def test_no_answer_at_all_leaves_an_effect_in_doubt_at_the_deadline(client):
    with peer(silent) as system:
        begun = time.monotonic()
        with pytest.raises(Indeterminate, match="No answer in time"):
            client(system.url).send(Request(method="POST", path="/x", body=b"{}", deadline=0.3))
        assert time.monotonic() - begun < 2


@pytest.mark.parametrize("act", [
    dripping(b"", b"H", 0.05), dripping(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n", 0.05),
    dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" ", 0.05),
    dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", 0.05),
], ids=["status", "headers", "body", "chunks"])
def test_a_system_that_drips_cannot_hold_a_request_past_its_deadline(act, client):
    with peer(act) as system:
        begun = time.monotonic()
        with pytest.raises(Unreachable):
            client(system.url).send(Request(method="GET", path="/x", deadline=0.3))
        assert time.monotonic() - begun < 2


def test_a_system_that_does_not_read_cannot_hold_an_effect_past_its_deadline(client):
    with socket.create_server(("127.0.0.1", 0)) as deaf, pytest.raises(Indeterminate):
        client(f"http://127.0.0.1:{deaf.getsockname()[1]}").send(
            Request(method="POST", path="/x", body=b" " * 20_000_000, deadline=1)
        )


def test_an_answer_that_comes_before_the_request_was_taken_is_the_answer(client):
    """A server that refuses a long body says so and closes; writing fails, and yet this is no effect in doubt."""
    def refuse(listener):
        connection, _ = listener.accept()
        connection.recv(1000)
        connection.sendall(reply({"message": "too long"}, 413, connection="close"))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 20):
            pass
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=refuse, args=(listener,), daemon=True)
        thread.start()
        answer = client(f"http://127.0.0.1:{listener.getsockname()[1]}").send(
            Request(method="POST", path="/x", body=b" " * 3_000_000, deadline=5)
        )
        thread.join(5)
    assert answer.status == 413


def test_what_failed_while_it_was_written_may_have_arrived():
    """How much of a record of TLS left before writing it failed, nobody can tell: it must not pass for "never sent"."""

    class Failing:
        def settimeout(self, seconds):
            pass

        def send(self, data):
            raise ConnectionResetError

        def recv(self, size):
            raise ConnectionResetError

    stream = Stream(Failing(), now=lambda: 0.0)
    stream.deadline = 1.0
    with pytest.raises(Lost):
        Wire(stream, "x").exchange(Sent(method="POST", target="/x", headers=[("Host", "x")], body=b""), 10, 1.0)
    stream = Stream(Failing(), now=lambda: 2.0)
    with pytest.raises(NotSent):
        Wire(stream, "x").exchange(Sent(method="POST", target="/x", headers=[("Host", "x")], body=b""), 10, 1.0)


@pytest.mark.parametrize("deadline", [0.4, 0.9, 1.4, 3.0, 9.0])
def test_attempts_and_waits_end_with_the_deadline(deadline, client, hours):
    with peer(cut) as system, pytest.raises(Unreachable):
        client(system.url, hours=hours).send(Request(method="GET", path="/x", deadline=deadline))
    assert hours.elapsed < deadline
    assert len(system.heard) == 1 + len(hours.waits)


def test_a_connection_the_system_closed_meanwhile_is_not_used(client):
    """An effect sent into a closed connection would be in doubt for nothing."""
    closed = threading.Event()

    def say_and_close(connection):
        connection.sendall(reply({}))
        cut(connection)
        closed.set()

    with peer(say_and_close, reply({})) as system:
        sender = client(system.url)
        sender.send(Request(method="GET", path="/x", deadline=5))
        assert closed.wait(5)
        assert sender.send(EFFECT).ok
        assert system.connections == 2


def test_an_effect_takes_no_connection_that_rested_long(client, hours):
    with peer(reply({})) as system:
        sender = client(system.url, hours=hours)
        sender.send(Request(method="GET", path="/x", deadline=5))
        hours.elapsed += 10
        sender.send(Request(method="GET", path="/x", deadline=5))
        assert system.connections == 1
        hours.elapsed += 10
        sender.send(EFFECT)
        assert system.connections == 2


def test_what_a_system_says_unasked_answers_no_later_request(client):
    """Two answers to one question: the second would otherwise pass for the answer to whatever comes next."""
    with peer(reply({"a": 1}) + reply({"planted": 1}), reply({})) as system:
        sender = client(system.url)
        assert sender.send(Request(method="GET", path="/x", deadline=5)).body == b'{"a": 1}'
        assert sender.send(Request(method="GET", path="/y", deadline=5)).body == b"{}"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_busy_system_is_asked_again_and_an_effect_is_not(status, client, hours):
    with peer(reply({}, status), reply({"a": 1})) as system:
        assert client(system.url, hours=hours).send(Request(method="GET", path="/x", deadline=60)).ok
    with peer(reply({}, status), reply({"a": 1})) as system:
        answer = client(system.url, hours=hours).send(EFFECT)
        assert (answer.status, len(system.heard)) == (status, 1)


def test_interim_answers_are_passed_over_and_a_flood_of_them_is_not(client, hours):
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    with peer(early * 3 + reply({"a": 1})) as system:
        assert client(system.url, hours=hours).send(Request(method="GET", path="/x", deadline=5)).body == b'{"a": 1}'
    with peer(early * 100 + reply({"a": 1})) as system, pytest.raises(Indeterminate):
        client(system.url, hours=hours).send(EFFECT)


def test_a_client_that_was_closed_sends_nothing(client):
    with peer(reply({})) as system:
        sender = client(system.url)
        sender.close()
        sender.close()
        with pytest.raises(Unreachable, match="Stopped"):
            sender.send(EFFECT)
        assert system.heard == []


def test_closing_ends_a_wait_at_once_and_sends_no_more(client):
    waiting = threading.Event()
    with peer(reply({}, 429, retry_after="50")) as system:
        sender = client(system.url, tell=lambda _: waiting.set())
        caught = []

        def send():
            try:
                sender.send(Request(method="PUT", path="/x", body=b"{}", deadline=59))
            except ConnectorError as error:
                caught.append(error)

        thread = threading.Thread(target=send)
        thread.start()
        assert waiting.wait(5)
        sender.close()
        thread.join(5)
        assert not thread.is_alive()
        assert len(system.heard) == 1
    (error,) = caught
    assert isinstance(error, Unreachable)
