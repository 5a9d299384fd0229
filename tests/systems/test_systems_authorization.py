"""The OAuth server does what tests that use it rely on."""

from __future__ import annotations

from tests.systems.authorization_server import LIVES
from tests.systems.sockets import listening


def test_it_is_heard_on_this_machine_only(authorization_server):
    assert listening(authorization_server.pid) == {("127.0.0.1", authorization_server.port)}


def test_a_token_lives_a_minute_and_says_so(authorization_server):
    token = authorization_server.token("records:read").body
    assert (token["expires_in"], token["token_type"], token["scope"]) == (LIVES, "Bearer", "records:read")
    known = authorization_server.known(token["access_token"]).body
    assert (known["active"], known["exp"] - known["iat"]) == (True, LIVES)


def test_a_scope_it_does_not_know_is_dropped_and_not_a_word_said(authorization_server):
    answer = authorization_server.token("records:read", "records:burn")
    assert (answer.status, answer.body["scope"]) == (200, "records:read")


def test_a_wrong_secret_gets_nothing(authorization_server):
    answer = authorization_server.token("records:read", secret="wrong")
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")


def test_a_revoked_token_is_dead_at_once(authorization_server):
    token = authorization_server.token("records:read").body["access_token"]
    assert authorization_server.revoke(token).status == 200
    assert authorization_server.known(token).body == {"active": False}
