"""The token is in one header of one request, and in nothing that can be printed, logged or kept."""

from __future__ import annotations

import gc
import logging
import traceback

import pytest

from agentctl.connectors.rest.http import Authorization, Request
from agentctl.errors import ConnectorError, Unreachable
from tests.connectors.rest.http.peer import cut, peer, reply, then

TOKEN = "canary-7f3a9c"
ECHOES = {
    "a broken status line": then(f"HTTP/1.1 {TOKEN}\r\n\r\n".encode(), cut),
    "a broken header": then(f"HTTP/1.1 200 OK\r\n{TOKEN} : x\r\n\r\n".encode(), cut),
    "a broken chunk": then(f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{TOKEN}\r\n".encode(), cut),
    "a page": reply(f"<html><title>{TOKEN} is wrong</title>".encode(), 403, content_type="text/html"),
    "a kind": reply(b"x", content_type=f"text/{TOKEN}"),
    "a location": reply({}, 307, location=f"https://{TOKEN}.example/{TOKEN}?{TOKEN}"),
    "a location of a read": reply({}, 302, location=f"https://{TOKEN}.example/{TOKEN}"),
    "a coding": reply(b"x", content_encoding=TOKEN),
    "a limit": reply({"message": TOKEN}, 429, retry_after=TOKEN + "9"),
    "nothing": cut,
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("act", ECHOES.values(), ids=ECHOES)
def test_a_token_the_system_repeats_reaches_no_error(act, method, client, hours, caplog):
    caplog.set_level(logging.DEBUG)
    with peer(act) as system, pytest.raises(ConnectorError) as told:
        client(system.url, hours=hours).send(Request(method=method, path="/x", deadline=60), TOKEN)
    assert system.heard[0].headers["authorization"] == f"Bearer {TOKEN}"
    error = told.value
    said = [str(error), repr(error), error.detail, error.hint, caplog.text, repr(hours.told)]
    said.append("".join(traceback.format_exception(error)))
    while error is not None:
        said += [repr(error), repr(error.args), repr(vars(error))]
        error = error.__cause__ or error.__context__
    assert TOKEN not in "\n".join(said)


@pytest.mark.parametrize("token", [f"{TOKEN}\r\nX: y", f"{TOKEN}\n", f" {TOKEN}", f"{TOKEN}ü", f"{TOKEN}\x00", f"{TOKEN}\ud800"])
@pytest.mark.parametrize("scheme", ["Bearer", "Basic", ""])
def test_a_token_that_cannot_be_sent_is_refused_without_being_shown(token, scheme, client):
    with peer(reply({})) as system, pytest.raises(Unreachable, match="Token malformed") as told:
        client(system.url, authorization=Authorization(scheme=scheme)).send(
            Request(method="GET", path="/x", deadline=5), token
        )
    assert system.heard == []
    assert TOKEN not in "".join(traceback.format_exception(told.value))


def test_nothing_that_lives_on_holds_the_token(client):
    with peer(reply({}, etag='"1"')) as system:
        sender = client(system.url)
        assert "127.0.0.1" in _reachable(sender), "otherwise nothing is looked at"
        sender.send(Request(method="GET", path="/x", deadline=5), "canary-lives-on")
        gc.collect()
        assert "canary-lives-on" not in _reachable(sender)


def test_values_of_a_query_stand_in_no_error_and_no_answer(client, hours):
    request = Request(method="GET", path="/x", query=(("access_key", TOKEN),), deadline=60)
    with peer(reply({})) as system:
        answer = client(system.url, hours=hours).send(request)
        assert TOKEN not in repr(answer)
        assert TOKEN not in answer.url
    with peer(cut) as system, pytest.raises(ConnectorError) as told:
        client(system.url, hours=hours).send(request)
    assert TOKEN not in str(told.value)


def test_what_a_request_holds_is_not_in_its_repr():
    request = Request(
        method="POST", path="/x", query=(("q", TOKEN),), headers={"X-Key": TOKEN}, body=TOKEN.encode(), deadline=5
    )
    assert TOKEN not in repr(request)


def _reachable(root: object) -> str:
    """Return the text of everything that can be reached from an object of ours."""
    seen, found, todo = set(), [], [root]
    while todo:
        item = todo.pop()
        if id(item) in seen or type(item).__module__ in {"types", "_thread", "threading", "ssl"}:
            continue
        seen.add(id(item))
        if isinstance(item, str | bytes | bytearray):
            found.append(item if isinstance(item, str) else bytes(item).decode("latin-1"))
        elif not isinstance(item, type) and not callable(item):
            todo += gc.get_referents(item)
    return "\n".join(found)
