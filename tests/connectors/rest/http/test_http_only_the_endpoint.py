"""Whatever a record, a link or a setting is written like, nothing but the configured base URL is ever contacted."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.connectors.rest.http import Endpoint, Request, segment
from agentctl.errors import Invalid, Rejected

ENDPOINT = Endpoint.at("https://api.example.com/api/v3", environ={})


@pytest.mark.parametrize("url", [
    "http://api.example.com", "http://10.0.0.1", "http://127.0.0.1.evil.com", "http://localhost.evil.com",
])
def test_plain_http_leaves_the_machine_under_no_name(url):
    with pytest.raises(Invalid, match="not encrypted"):
        Endpoint.at(url, environ={})


@pytest.mark.parametrize("url", ["http://127.0.0.1:8888/v1", "http://[::1]:8888/", "http://localhost:8888"])
def test_plain_http_is_for_this_machine(url):
    assert Endpoint.at(url, environ={}).port == 8888


@pytest.mark.parametrize("url", [
    "", "api.example.com", "ftp://api.example.com", "file:///etc/passwd", "https:/api.example.com", "https://",
    "https://api.example.com@evil.com", "https://user:pass@api.example.com", "https://api.example.com\\@evil.com",
    "https://api.example.com?x=1", "https://api.example.com/#x", "https://api.example.com/a b", "https://a\r\nb/",
    "https://api.example.com:0", "https://api.example.com:65536", "https://api.example.com:-1", "https://a:b:c/",
    "https://bücher.example", "https://gіthub.com", "https://2130706433", "https://0x7f000001", "https://127.1",
    "https://0177.0.0.1", "https://[::1", "https://[::1%25eth0]", "https://[fe80::1%eth0]/", "https://a..b",
    "https://api.example.com.", "https://-a.example", "https://api.example.com/a/../b", "https://api.example.com/%2e%2e/b",
    "https://api.example.com//x", "https://api.example.com\t", " https://api.example.com", "https://api.example.com\n",
])
def test_a_base_url_has_one_way_to_be_written(url):
    with pytest.raises(Invalid):
        Endpoint.at(url, environ={})


def test_a_base_url_is_kept_as_it_will_be_contacted():
    endpoint = Endpoint.at("HTTPS://API.Example.com:443/api/v3/", environ={})
    assert endpoint == ENDPOINT
    assert endpoint.url == "https://api.example.com/api/v3"
    assert Endpoint.at("https://[2001:DB8::1]:8443", environ={}).authority == "[2001:db8::1]:8443"
    assert Endpoint.at("https://xn--bcher-kva.example", environ={}).host == "xn--bcher-kva.example"


@pytest.mark.parametrize("path", [
    "", "x", "https://evil.com/", "//evil.com/", "/a//b", "/\\evil.com", "/a\\..\\b", "/../x", "/a/..", "/a/./b", "/.",
    "/%2e%2e/x", "/%2E%2e", "/a/%2e", "/%252e%252e/x", "/%25252e%25252e/x", "/..%2fx", "/a%2f..%2fb", "/a%5c..%5cb",
    "/..;/x", "/a/..;x=1/b", "/%2e%2e%3b/x", "/a?b", "/a#b", "/a b", "/a\r\nHost: evil.com", "/a%0d%0aX: y", "/a%00b",
    "/a%250ab", "/ü", "/%zz", "/%2", "/%252525252525252e", "/a\x7f", "/\u2025/x", "/ａ",
])
def test_a_path_that_could_lead_elsewhere_is_no_request(path):
    with pytest.raises(Rejected):
        Request(method="GET", path=path, deadline=1)


@pytest.mark.parametrize("path", [
    "/", "/repos/o/r/contents/a%2Fb.txt", "/a/b/", "/a:b@c", "/a/...", "/.github/x.y", "/labels/good%20first%20issue",
    "/labels/100%25", "/%C3%BC",
])
def test_a_path_below_the_base_is_sent_as_it_is(path):
    assert Request(method="GET", path=path, deadline=1).target == path


@given(st.text(max_size=40))
def test_no_name_of_a_record_leaves_its_place_in_the_path(name):
    try:
        path = f"/repos/{segment(name)}/issues"
    except Rejected:
        return
    parts = urlsplit(f"{ENDPOINT.url}{Request(method='GET', path=path, deadline=1).target}")
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("https", "api.example.com", "", "")
    assert [unquote(part) for part in parts.path.split("/")[1:]] == ["api", "v3", "repos", name, "issues"]


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_value_of_a_query_leaves_its_place(name, value):
    try:
        target = Request(method="GET", path="/x", query=((name, value),), deadline=1).target
    except Rejected:
        return
    found, _, said = target.removeprefix("/x?").partition("=")
    assert (unquote(found), unquote(said)) == (name, value)
    assert target.isascii()
    assert not set(target) & set(" #\\\r\n")


@pytest.mark.parametrize("link", [
    "https://evil.com/api/v3/x", "http://api.example.com/api/v3/x", "https://api.example.com:444/api/v3/x",
    "https://api.example.com/api/v3/../x", "https://api.example.com/api/v3/%2e%2e/x", "https://api.example.com/other",
    "https://api.example.com/api/v33/x", "https://api.example.com@evil.com/api/v3/x", "//evil.com/api/v3/x", "x", "",
    "https://api.example.com\\.evil.com/api/v3/x", "https://api.example.com.evil.com/api/v3/x", "/other", "?page=2",
    "https://api.example.com/api/v3\r\n/x", "javascript://api.example.com/api/v3/x", "https://[::1]/api/v3/x",
    "https://api.example.com/api/v3\t/x", "\\\\evil.com\\x", "https:api.example.com/api/v3/x", "https://127.1/api/v3/x",
    "https://api.example.com/api/v3/..;/x", "https://api.example.com/api/v3/x?%ff=1",
])
def test_a_link_the_system_gave_is_followed_nowhere_else(link):
    with pytest.raises(Rejected) as told:
        ENDPOINT.inside(link)
    assert "evil" not in str(told.value), "what a link says may be made to be read"


def test_a_link_below_the_base_becomes_path_and_query():
    path, query = ENDPOINT.inside("https://API.example.com:443/api/v3/repos/x/issues?page=2&after=a%2Bb%3D#frag")
    request = Request(method="GET", path=path, query=query, deadline=1)
    assert request.target == "/repos/x/issues?page=2&after=a%2Bb%3D"
    assert ENDPOINT.inside("/api/v3/x/") == ("/x/", ())
    assert ENDPOINT.inside("/api/v3") == ("/", ())


@pytest.mark.parametrize(("name", "value"), [
    ("X-A", "b\r\nX-C: d"), ("X-A", "b\nc"), ("X-A", "b\x00c"), ("X-A", "ü"), ("X-A", " b"), ("X-A", "b\t"),
    ("X A", "b"), ("X-A:", "b"), ("", "b"), ("X-Ü", "b"), ("X\r\nA", "b"),
    ("Host", "evil.com"), ("content-length", "0"), ("Transfer-Encoding", "chunked"), ("Connection", "upgrade"),
    ("AUTHORIZATION", "Bearer x"), ("Proxy-Authorization", "x"), ("Cookie", "x"), ("Expect", "100-continue"),
])
def test_a_header_can_neither_end_its_line_nor_speak_for_the_client(name, value):
    with pytest.raises(Rejected):
        Request(method="GET", path="/x", headers={name: value}, deadline=1)


@pytest.mark.parametrize("method", ["get", "CONNECT", "TRACE", "GET /x HTTP/1.1\r\nX:", ""])
def test_a_method_is_one_of_those_that_ask_or_change(method):
    with pytest.raises(Rejected):
        Request(method=method, path="/x", deadline=1)
