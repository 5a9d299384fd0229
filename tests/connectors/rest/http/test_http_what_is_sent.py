"""What goes over the wire is what was asked for and what is said here, and nothing else."""

from __future__ import annotations

import pytest

from agentctl import __version__
from agentctl.connectors.rest.http import Authorization, Request
from tests.connectors.rest.http.peer import peer, reply


def test_a_request_carries_exactly_these_headers(client):
    with peer(reply({"a": 1})) as system:
        sender = client(f"{system.url}/v1")
        answer = sender.send(
            Request(
                method="POST", path="/x/%C3%BC", query=(("q", "a b&c"),), headers={"Content-Type": "application/json"},
                body=b"{}", deadline=5,
            ),
            "tok",
        )
    (heard,) = system.heard
    assert heard.line == "POST /v1/x/%C3%BC?q=a%20b%26c HTTP/1.1"
    assert heard.body == b"{}"
    assert heard.headers == {
        "host": f"127.0.0.1:{system.port}", "user-agent": f"agentctl/{__version__}", "accept-encoding": "gzip",
        "accept": "application/json", "content-type": "application/json", "authorization": "Bearer tok",
        "content-length": "2",
    }
    assert (answer.status, answer.body) == (200, b'{"a": 1}')
    assert answer.url == f"{system.url}/v1/x/%C3%BC"


@pytest.mark.parametrize(("method", "length"), [
    ("POST", "0"), ("PUT", "0"), ("PATCH", "0"), ("DELETE", None), ("GET", None), ("HEAD", None),
])
def test_an_effect_without_a_body_says_so(method, length, client):
    with peer(reply(b"")) as system:
        client(system.url).send(Request(method=method, path="/", deadline=5))
    assert system.heard[0].headers.get("content-length") == length


def test_a_token_can_be_said_in_other_words(client):
    with peer(reply({})) as system:
        client(system.url, authorization=Authorization(scheme="Basic")).send(
            Request(method="GET", path="/", deadline=5), "admin:s3cr3t"
        )
        client(system.url, authorization=Authorization(header="X-Api-Key", scheme="")).send(
            Request(method="GET", path="/", deadline=5), "k"
        )
    basic, key = system.heard
    assert basic.headers["authorization"] == "Basic YWRtaW46czNjcjN0"
    assert key.headers["x-api-key"] == "k"
    assert "authorization" not in key.headers


def test_a_login_kept_for_other_programs_is_not_used(client, tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with peer(reply({}, set_cookie="session=1")) as system:
        sender = client(system.url)
        sender.send(Request(method="GET", path="/", deadline=5))
        sender.send(Request(method="GET", path="/", deadline=5))
    for heard in system.heard:
        assert not heard.headers.keys() & {"authorization", "cookie"}


def test_a_connection_is_used_again(client):
    with peer(reply({})) as system:
        sender = client(system.url)
        for _ in range(3):
            sender.send(Request(method="GET", path="/", deadline=5))
    assert (system.connections, len(system.heard)) == (1, 3)
