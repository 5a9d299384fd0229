"""An answer that says "elsewhere" is followed for a read below the endpoint; an effect goes where it was consented to."""

from __future__ import annotations

import pytest

from agentctl.connectors.rest.http import Request
from agentctl.errors import Indeterminate, Rejected, Unreachable
from tests.connectors.rest.http.peer import peer, reply

READ = Request(method="GET", path="/repos/old", query=(("page", "2"),), deadline=5)
STATUSES = [301, 302, 303, 307, 308]


@pytest.mark.parametrize("status", STATUSES)
def test_a_read_follows_to_an_address_below_the_endpoint(status, client):
    with peer(reply({}, status, location="/v1/repositories/7?page=2"), reply({"id": 7})) as system:
        answer = client(f"{system.url}/v1").send(READ, "tok")
        assert answer.body == b'{"id": 7}'
        assert answer.url == f"{system.url}/v1/repositories/7"
    assert system.targets == ["/v1/repos/old?page=2", "/v1/repositories/7?page=2"]
    assert system.heard[1].headers["authorization"] == "Bearer tok"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(("status", "kind"), [
    (301, Rejected), (307, Rejected), (308, Rejected), (302, Indeterminate), (303, Indeterminate),
])
def test_an_effect_is_never_sent_on(method, status, kind, client):
    """303 is how many systems say "done, look there"; taking it for a refusal would have the effect made twice."""
    with peer(reply({}, status, location="/elsewhere"), reply({})) as system:
        with pytest.raises(kind, match=rf"Redirected.*\({status}\)"):
            client(system.url).send(Request(method=method, path="/x", body=b"{}", repeatable=True, deadline=5), "tok")
        assert len(system.heard) == 1


@pytest.mark.parametrize("status", STATUSES)
def test_a_read_by_post_is_not_made_anew_elsewhere(status, client):
    with peer(reply({}, status, location="/elsewhere"), reply({})) as system, pytest.raises(Unreachable):
        client(system.url).send(Request(method="POST", path="/search", body=b"{}", reads=True, deadline=5))


@pytest.mark.parametrize("write", [
    "http://127.0.0.1:{other}/v1/x", "//127.0.0.1:{other}/v1/x", "http://localhost:{own}/v1/x",
    "http://127.0.0.1:{own}@127.0.0.1:{other}/v1/x", "http://127.0.0.1:{own}\\@127.0.0.1:{other}/v1/x",
    "https://127.0.0.1:{own}/v1/x", "http://127.1:{own}/v1/x", "http://2130706433:{other}/v1/x",
    "http://[::ffff:127.0.0.1]:{own}/v1/x", "http://127.0.0.1:{own}/other", "http://127.0.0.1:{own}/v1/../other",
    "http://127.0.0.1:{own}/v1/%2e%2e/other", "http://127.0.0.1:{own}/v10/x", "/other", "../x", "x", "", "?page=1",
    "file:///etc/passwd", "javascript:alert(1)", "http:/v1/x", "http:///v1/x", "\\\\127.0.0.1:{other}\\v1\\x",
    "http://127.0.0.1:{own}/v1/x y", "none",
])
def test_no_location_leads_a_read_or_its_token_elsewhere(write, client):
    with peer(reply({"other": True})) as other, peer(reply({}, 302), reply({"followed": True})) as system:
        location = write.format(own=system.port, other=other.port)
        system.acts[0] = reply({}, 302, location=location)
        with pytest.raises(Unreachable, match="Redirected elsewhere"):
            client(f"{system.url}/v1").send(READ, "canary-token")
        assert (len(system.heard), len(other.heard)) == (1, 0)


def test_a_login_page_elsewhere_is_named_without_what_it_is_told(client):
    there = "https://user:pw@login.corp.example/saml?RelayState=canary#canary"
    with peer(reply({}, 302, location=there)) as system, pytest.raises(Unreachable) as told:
        client(system.url).send(READ)
    assert "was answered with a redirect (302) to login.corp.example, which is not below" in told.value.detail
    assert "canary" not in str(told.value)
    assert "pw" not in str(told.value)


def test_circles_end(client):
    with peer(reply({}, 302, location="/a")) as system:
        with pytest.raises(Unreachable, match="Redirected in circles"):
            client(system.url).send(READ)
        assert len(system.heard) == 6


def test_all_hops_of_a_read_share_one_deadline(client, hours):
    def hop(connection):
        hours.elapsed += 2
        connection.sendall(reply({}, 302, location="/a"))

    with peer(hop) as system:
        with pytest.raises(Exception, match="No answer in time"):
            client(system.url, hours=hours).send(READ)
        assert len(system.heard) == 3
