"""What comes back is bounded, whole and the system's own, or it is no answer."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.connectors.rest.http import Headers, Request
from agentctl.connectors.rest.http.body import NotDecodable, TooLarge, collector
from agentctl.errors import Indeterminate, Rejected, Unreachable
from tests.connectors.rest.http.peer import endless, peer, reply

READ = Request(method="GET", path="/x", deadline=10)
EFFECT = Request(method="POST", path="/x", body=b"{}", deadline=10)
MIB = 1024 * 1024
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
BOMBS = {
    "one endless header": endless(b"HTTP/1.1 200 OK\r\nA: ", b"b" * 65536),
    "endless headers": endless(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n" * 10000),
    "an endless status line": endless(b"HTTP/1.1 200 ", b"O" * 65536),
    "endless blank lines": endless(b"", b"\r\n" * 30000),
    "an endless size of a chunk": endless(CHUNKED, b"0" * 65536),
    "an endless extension of a chunk": endless(CHUNKED + b"2;", b"x" * 65536),
    "endless trailers": endless(CHUNKED + b"0\r\n", b"a: b\r\n" * 10000),
    "endless interim answers": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
}


@pytest.mark.parametrize("act", BOMBS.values(), ids=BOMBS)
def test_headers_without_end_are_cut_short(act, client, hours):
    with peer(act) as system:
        tracemalloc.start()
        try:
            with pytest.raises(Indeterminate):
                client(system.url, hours=hours).send(EFFECT)
            assert tracemalloc.get_traced_memory()[1] < 8 * MIB
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("act", [
    endless(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" " * 65536),
    endless(CHUNKED, b"10000\r\n" + b" " * 65536 + b"\r\n"),
    reply(b"", content_length=str(50 * MIB)),
    reply(gzip.compress(b" " * 50 * MIB), content_encoding="gzip"),
], ids=["no length", "chunks", "stated", "bomb"])
def test_a_body_is_read_up_to_its_limit_and_no_further(act, client, hours):
    with peer(act) as system:
        tracemalloc.start()
        try:
            with pytest.raises(Unreachable, match=r"Answer too large.*more than 4 MiB"):
                client(system.url, hours=hours, limit=4 * MIB).send(READ)
            assert tracemalloc.get_traced_memory()[1] < 16 * MIB
        finally:
            tracemalloc.stop()
        assert len(system.heard) == 1, "what is too large once is too large again"


def test_a_success_too_large_to_read_leaves_an_effect_in_doubt_and_a_refusal_does_not(client):
    with peer(reply(b" " * 2000)) as system, pytest.raises(Indeterminate):
        client(system.url, limit=1000).send(EFFECT)
    with peer(reply(b" " * 2000, 422)) as system, pytest.raises(Rejected):
        client(system.url, limit=1000).send(EFFECT)


def test_a_body_of_exactly_the_limit_is_read(client):
    with peer(reply(b" " * 1000), reply(gzip.compress(b" " * 1000), content_encoding="gzip")) as system:
        sender = client(system.url, limit=1000)
        assert len(sender.send(READ).body) == len(sender.send(READ).body) == 1000


@pytest.mark.parametrize(("coding", "body"), [
    ("gzip", b"not gzip"), ("gzip", gzip.compress(b"{}" * 100)[:-9]), ("gzip", gzip.compress(b"{}") + b"more"),
    ("gzip", gzip.compress(b"{}") * 2), ("br", b"{}"), ("deflate", zlib.compress(b"{}")), ("gzip, gzip", b"{}"),
], ids=["other", "cut short", "longer", "twice", "unknown", "not asked for", "nested"])
def test_a_coding_that_is_damaged_or_was_not_asked_for_is_no_answer(coding, body, client, hours):
    with peer(reply(body, content_encoding=coding)) as system:
        with pytest.raises(Unreachable, match="Answer not readable"):
            client(system.url, hours=hours).send(READ)
        with pytest.raises(Indeterminate):
            client(system.url, hours=hours).send(EFFECT)


@given(st.binary(max_size=3000), st.integers(1, 200), st.integers(0, 3000))
def test_a_gzip_body_is_the_same_in_whatever_pieces_it_comes(data, size, limit):
    packed = gzip.compress(data)
    body = collector("gzip", limit)
    try:
        for start in range(0, len(packed), size):
            body.add(packed[start : start + size])
    except TooLarge:
        assert len(data) > limit
    else:
        assert body.whole() == data
        assert len(data) <= limit


@given(st.binary(max_size=300))
def test_no_bytes_break_the_decoder(data):
    body = collector("gzip", 1000)
    try:
        body.add(data)
        assert body.whole() == b""
    except NotDecodable:
        pass


@pytest.mark.parametrize(("status", "effect", "read"), [
    (200, Indeterminate, Unreachable), (403, Rejected, Unreachable), (404, Rejected, Unreachable),
    (502, Indeterminate, Unreachable), (511, Indeterminate, Unreachable),
])
@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "none"])
def test_a_page_in_between_is_told_as_such_with_its_title(status, effect, read, kind, client, hours):
    page = b"<!DOCTYPE html><html><head><title>\n Sign in &amp; be\x1b[31m happy </title></head></html>"
    with peer(reply(page, status, content_type=kind)) as system:
        sender = client(system.url, hours=hours)
        with pytest.raises(effect, match="A page instead of an answer") as told:
            sender.send(EFFECT)
        assert "called “Sign in & be\x1b[31m happy”" in told.value.detail, "views.safe shows it"
        with pytest.raises(read, match="A page instead of an answer"):
            sender.send(READ)


def test_a_404_that_is_a_page_is_no_proof_of_absence(client):
    with peer(reply(b"<html>no such host", 404, content_type="text/html")) as system, pytest.raises(Unreachable):
        client(system.url).send(READ)


def test_a_success_of_another_kind_is_no_answer(client):
    with peer(reply(b"a,b", content_type="text/csv")) as system:
        with pytest.raises(Unreachable, match=r"is text/csv; expected was application/json or application/\*\+json"):
            client(system.url).send(READ)
        with pytest.raises(Indeterminate):
            client(system.url).send(EFFECT)


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8", "application/problem+json"])
def test_json_by_any_of_its_names_is_json(kind, client):
    with peer(reply({}, content_type=kind)) as system:
        assert client(system.url).send(READ).body == b"{}"


def test_no_body_is_of_no_kind(client):
    with peer(reply(None, 204, content_type="none", content_length="none")) as system:
        assert client(system.url).send(EFFECT).status == 204


def test_a_refusal_in_plain_words_is_handed_on(client):
    with peer(reply(b"no", 403, content_type="text/plain")) as system:
        assert client(system.url).send(READ).body == b"no"


def test_head_has_the_headers_of_what_is_not_sent(client):
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\nContent-Encoding: gzip\r\n\r\n"
    with peer(answer) as system:
        sender = client(system.url)
        for _ in range(2):
            assert sender.send(Request(method="HEAD", path="/x", deadline=5)).headers["content-length"] == "99999999"
        assert system.connections == 1


def test_headers_are_found_in_any_case_and_joined():
    headers = Headers([("Link", "<a>"), ("ETag", '"1"'), ("link", "<b>")])
    assert (headers["LINK"], headers.get("etag"), "Etag" in headers, len(headers)) == ("<a>, <b>", '"1"', True, 2)
    assert repr(headers) == "Headers(link, etag)"
