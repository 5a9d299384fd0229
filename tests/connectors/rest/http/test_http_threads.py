"""Fifty at once over one pool: no more, no less after trouble, and each gets the answer to its own question."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentctl.connectors.rest.http import Request
from agentctl.errors import ConnectorError, Unreachable
from tests.connectors.rest.http.peer import Echo, cut, peer, reply


def read(path="/x", deadline=20.0):
    return Request(method="GET", path=path, deadline=deadline)


def test_fifty_are_under_way_at_once_and_never_more(client):
    """Nobody is answered before fifty are there: with forty-nine connections this would never end."""
    fifty = threading.Barrier(50)

    def together(connection):
        fifty.wait(20)
        connection.sendall(reply({}))

    with peer(together) as system:
        sender = client(system.url)
        with ThreadPoolExecutor(80) as threads:
            answers = list(threads.map(lambda number: sender.send(read(f"/{number}")), range(200)))
        assert all(answer.ok for answer in answers)
        assert system.connections == 50


def test_each_thread_gets_the_answer_to_its_own_question(client):
    with peer(Echo()) as system:
        sender = client(system.url)
        with ThreadPoolExecutor(20) as threads:
            bodies = list(threads.map(lambda number: sender.send(read(f"/{number}")).body, range(400)))
    assert bodies == [f'"/{number}"'.encode() for number in range(400)]


def test_failures_give_their_place_back(client, hours):
    with peer(cut) as system:
        sender = client(system.url, hours=hours)
        for _ in range(25):
            with pytest.raises(ConnectorError):
                sender.send(read())        # five attempts each
        system.acts = [reply({})]
        assert sender.send(read()).ok


def test_connections_that_were_never_made_give_their_place_back(client, hours):
    with peer(reply({})) as system:
        system.leave()
        sender = client(system.url, hours=hours)
        for _ in range(60):
            with pytest.raises(Unreachable, match="nothing listens there"):
                sender.send(read(deadline=0.4))     # too short for a second attempt


def test_who_finds_no_free_connection_in_time_has_sent_nothing(client):
    held, over = threading.Semaphore(0), threading.Event()

    def hold(connection):
        held.release()
        over.wait(20)
        connection.sendall(reply({}))

    with peer(hold) as system:
        sender = client(system.url)
        with ThreadPoolExecutor(50) as threads:
            busy = [threads.submit(sender.send, read()) for _ in range(50)]
            assert all(held.acquire(timeout=10) for _ in busy)
            begun = time.monotonic()
            with pytest.raises(Unreachable, match="All 50 connections were busy"):
                sender.send(Request(method="POST", path="/x", body=b"{}", deadline=0.2))
            assert time.monotonic() - begun < 2
            assert len(system.heard) == 50
            over.set()
            assert all(future.result(20).ok for future in busy)


def test_saying_what_a_request_is_costs_no_http_library():
    code = "import sys, agentctl.connectors.rest.http; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not set(done.stdout.split()) & {"h11", "ssl", "socket", "http", "http.client", "requests", "urllib3"}
