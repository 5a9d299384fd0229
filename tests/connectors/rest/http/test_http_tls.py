"""The token is only ever said to the system itself: certificates are verified, always, with and without a proxy."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress
from datetime import timedelta

import pytest

from agentctl.connectors.rest.http import Endpoint, Request
from agentctl.errors import Indeterminate, Invalid, Unreachable
from tests.connectors.rest.http.certificates import DAY, Authority
from tests.connectors.rest.http.peer import cut, dripping, peer, reply, silent, then

READ = Request(method="GET", path="/x", deadline=5)
EFFECT = Request(method="POST", path="/x", body=b"{}", deadline=5)


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def test_a_companys_own_authority_is_trusted_where_it_is_named(client, authority):
    with peer(reply({"a": 1}), tls=authority.context()) as system:
        sender = client(system.url, ca=str(authority.path))
        assert [sender.send(READ, "tok").body for _ in range(3)] == [b'{"a": 1}'] * 3
        assert system.connections == 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_connections_are_used_again_in_either_version_of_tls(version, client, authority):
    """With 1.3 tickets come unasked after the handshake: they must not pass for a system that spoke out of turn."""
    context = authority.context()
    context.minimum_version = context.maximum_version = version
    with peer(reply({"a": 1}), tls=context) as system:
        sender = client(system.url, ca=str(authority.path))
        assert all(sender.send(request).ok for request in (READ, EFFECT, READ, EFFECT))
        assert system.connections == 1


def test_the_machines_own_trust_can_be_widened_as_for_other_programs(client, authority, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    with peer(reply({}), tls=authority.context()) as system:
        assert client(system.url).send(READ).ok


@pytest.mark.parametrize(("shown", "named", "words"), [
    ({}, False, "is signed by nobody who is trusted by this machine"),
    ({"trusted": False}, True, "is signed by nobody who is trusted by"),
    ({"host": "other.example"}, True, "The certificate shown is not for 127.0.0.1"),
    ({"host": "127.0.0.2"}, True, "The certificate shown is not for 127.0.0.1"),
    ({"begins": -2 * DAY, "ends": -DAY}, True, "has expired"),
    ({"begins": timedelta(hours=1)}, True, "is not valid yet"),
])
def test_nothing_is_sent_to_who_cannot_prove_to_be_the_system(shown, named, words, client, authority, hours):
    with peer(reply({}), tls=authority.context(**shown)) as system:
        sender = client(system.url, hours=hours, ca=str(authority.path) if named else "")
        for request in (READ, EFFECT):
            with pytest.raises(Unreachable, match=f"Certificate not trusted.*{words}"):
                sender.send(request, "tok")
        assert system.heard == []
    assert hours.waits == [], "a certificate does not mend by waiting"


def test_a_file_of_authorities_that_cannot_be_used_is_named(client, tmp_path):
    with peer(reply({})) as system:
        url = system.url.replace("http:", "https:")
        with pytest.raises(Unreachable, match=r"CA file not usable.*nowhere\.pem: No such file"):
            client(url, ca=str(tmp_path / "nowhere.pem")).send(READ)
        (tmp_path / "empty.pem").write_text("nothing\n")
        with pytest.raises(Unreachable, match=r"empty\.pem: it holds no certificate"):
            client(url, ca=str(tmp_path / "empty.pem")).send(READ)


def test_a_system_that_does_not_speak_tls_hears_nothing(client, hours):
    heard = []

    def answer(connection):
        heard.append(connection.recv(65536))
        connection.sendall(reply({}))

    with peer(raw=answer) as system, pytest.raises(Unreachable, match="No secure connection"):
        client(system.url.replace("http:", "https:"), hours=hours).send(EFFECT, "canary-token")
    assert heard
    assert all(b"canary" not in data for data in heard)


def test_a_handshake_that_drips_ends_at_the_deadline_with_nothing_sent(client):
    with peer(raw=dripping(b"\x16\x03\x03\x40\x00", b"\x02", 0.05)) as slow:
        begun = time.monotonic()
        with pytest.raises(Unreachable):
            client(slow.url.replace("http:", "https:")).send(
                Request(method="POST", path="/x", body=b"{}", deadline=0.4)
            )
        assert time.monotonic() - begun < 2


def test_a_cut_connection_is_not_taken_for_the_end_of_an_answer(client, authority, hours):
    """Without a length the end of the connection ends the body; TLS says goodbye, and who cuts the line cannot."""
    half = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n[1, 2]"
    with peer(then(half, cut), tls=authority.context()) as system:
        sender = client(system.url, hours=hours, ca=str(authority.path))
        with pytest.raises(Indeterminate, match="cut off without the goodbye of TLS"):
            sender.send(EFFECT)
    with peer(then(half, lambda connection: connection.unwrap()), tls=authority.context()) as system:
        assert client(system.url, ca=str(authority.path)).send(EFFECT).body == b"[1, 2]"


def test_megabytes_go_both_ways(client, authority):
    with peer(reply("x" * 3_000_000), tls=authority.context()) as system:
        sender = client(system.url, ca=str(authority.path))
        answer = sender.send(Request(method="POST", path="/x", body=b"y" * 3_000_000, deadline=20))
        assert (len(answer.body), len(system.heard[0].body)) == (3_000_002, 3_000_000)
        assert sender.send(READ).ok
        assert system.connections == 1


def test_a_system_that_asks_for_a_certificate_of_ours_is_told_as_such(client, authority, hours):
    context = authority.context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2       # with 1.3 it may say so, or be gone, once all was sent
    with (
        peer(reply({}), tls=context) as system,
        pytest.raises(Unreachable, match=r"No secure connection.*handshake failed \(SSLV3_ALERT_HANDSHAKE_FAILURE\)"),
    ):
        client(system.url, hours=hours, ca=str(authority.path)).send(EFFECT)


def test_no_setting_of_the_environment_gives_the_sessions_keys_away(client, authority, monkeypatch, tmp_path):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    with peer(reply({}), tls=authority.context()) as system:
        client(system.url, ca=str(authority.path)).send(READ, "tok")
    assert not (tmp_path / "keys.log").exists()


def test_plain_http_is_refused_where_this_machines_name_leads_elsewhere(client, monkeypatch):
    """A name server, or a line in /etc/hosts, can say that localhost is another machine."""
    real = socket.getaddrinfo

    def elsewhere(host, port, **said):
        return real("192.0.2.1", port, **said)

    monkeypatch.setattr(socket, "getaddrinfo", elsewhere)
    with pytest.raises(Unreachable, match=r"localhost is 192\.0\.2\.1, which is not this machine"):
        client("http://localhost:8080").send(READ, "tok")


def tunnel(connection):
    """Be a proxy: pass bytes on in both directions."""
    request = tunnel.system
    with socket.create_connection(("127.0.0.1", request)) as onward:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=_pump, args=(onward, connection), daemon=True)
        back.start()
        _pump(connection, onward)
        back.join(5)


def _pump(source, sink):
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    cut(sink)


def test_a_proxy_is_asked_for_a_way_and_hears_neither_token_nor_path(client, authority):
    with peer(reply({"a": 1}), tls=authority.context()) as system, peer(tunnel) as proxy:
        tunnel.system = system.port
        sender = client(
            system.url, ca=str(authority.path), proxy=f"http://user:p%40ss@127.0.0.1:{proxy.port}"
        )
        assert [sender.send(READ, "canary-token").ok for _ in range(2)] == [True, True]
        sender.close()
    (asked,) = proxy.heard
    assert asked.line == f"CONNECT 127.0.0.1:{system.port} HTTP/1.1"
    assert asked.headers.keys() == {"host", "user-agent", "proxy-authorization"}
    assert asked.headers["proxy-authorization"] == "Basic dXNlcjpwQHNz"
    assert "canary" not in str(proxy.heard)
    assert "proxy-authorization" not in system.heard[0].headers


def test_a_proxy_that_shows_a_certificate_of_its_own_is_not_the_system(client, authority):
    with peer(tunnel) as proxy, peer(reply({}), tls=authority.context(trusted=False)) as between:
        tunnel.system = between.port
        with pytest.raises(Unreachable, match="Certificate not trusted"):
            client("https://127.0.0.1:1", ca=str(authority.path), proxy=f"127.0.0.1:{proxy.port}").send(EFFECT, "tok")
        assert between.heard == []


@pytest.mark.parametrize(("said", "words"), [
    (reply({}, 407, proxy_authenticate="Basic"), "Proxy refused.*asks for a login"),
    (reply({}, 403), r"Proxy refused.*makes no connection to 127\.0\.0\.1:1 \(status 403\)"),
    (reply({}, 502), r"Proxy refused.*\(status 502\)"),
    (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "spoke in the system's place"),
    (then(b"SSH-2.0-x\r\n", cut), "is no HTTP proxy"),
    (cut, "Proxy did not answer"),
], ids=["login", "refused", "gateway", "smuggling", "no proxy", "cut"])
def test_a_proxy_that_makes_no_way_means_that_nothing_happened(said, words, client, hours):
    with peer(said) as proxy, pytest.raises(Unreachable, match=words) as told:
        client("https://127.0.0.1:1", hours=hours, proxy=f"http://me:secret@127.0.0.1:{proxy.port}").send(EFFECT)
    assert "secret" not in str(told.value)


def test_a_proxy_that_is_silent_or_gone_means_that_nothing_happened(client, hours):
    with peer(silent) as proxy, pytest.raises(Unreachable, match="no connection was made in time"):
        client("https://127.0.0.1:1", proxy=f"http://127.0.0.1:{proxy.port}").send(
            Request(method="POST", path="/x", body=b"{}", deadline=0.3)
        )
    with pytest.raises(Unreachable, match=f"127.0.0.1:{proxy.port}: nothing listens there"):
        client("https://127.0.0.1:1", hours=hours, proxy=f"http://127.0.0.1:{proxy.port}").send(EFFECT)


@pytest.mark.parametrize(("environ", "proxy"), [
    ({}, "None"),
    ({"HTTPS_PROXY": "http://proxy:3128"}, "proxy:3128"),
    ({"https_proxy": "proxy:3128"}, "proxy:3128"),
    ({"HTTPS_PROXY": "http://[::1]:3128/"}, "::1:3128"),
    ({"HTTP_PROXY": "http://proxy:3128", "ALL_PROXY": "http://proxy:3128"}, "None"),
    ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "*"}, "None"),
    ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "other.example, example.com"}, "None"),
    ({"HTTPS_PROXY": "http://proxy:3128", "no_proxy": ".example.com"}, "None"),
    ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "*.example.com"}, "None"),
    ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "api.example.com:443"}, "None"),
    ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "api.example.com:8443"}, "proxy:3128"),
    ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "ample.com,10.0.0.0/8,,"}, "proxy:3128"),
])
def test_the_environment_names_a_proxy_as_for_other_programs(environ, proxy):
    assert str(Endpoint.at("https://api.example.com", environ=environ).proxy) == proxy


def test_a_setting_goes_before_the_environment():
    environ = {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "api.example.com"}
    assert str(Endpoint.at("https://api.example.com", proxy="http://own:1", environ=environ).proxy) == "own:1"
    del environ["NO_PROXY"]
    assert Endpoint.at("https://api.example.com", proxy="none", environ=environ).proxy is None
    assert Endpoint.at("https://127.0.0.1", environ=environ).proxy is None
    assert Endpoint.at("https://10.1.2.3", environ=environ | {"NO_PROXY": "10.0.0.0/8"}).proxy is None


@pytest.mark.parametrize("url", [
    "socks5://user:canary@p:1080", "https://user:canary@p:3128", "http://user:canary@", "http://u:canary@p:99999",
    "http://user:canary@p:3128/path", "http://user:canary@p q:3128",
])
def test_a_proxy_that_cannot_be_used_is_refused_without_its_password(url):
    for setting, environ in ((url, {}), ("", {"HTTPS_PROXY": url})):
        with pytest.raises(Invalid) as told:
            Endpoint.at("https://api.example.com", proxy=setting, environ=environ)
        assert "canary" not in f"{told.value} {told.value.hint}"
