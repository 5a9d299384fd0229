"""What a system answers, given any bytes: an answer with one reading however it is cut into pieces, or none."""

from __future__ import annotations

from urllib.parse import urlsplit

from agentctl.connectors.rest.http import Endpoint, Request
from agentctl.connectors.rest.http.decode import NotJSON, values
from agentctl.connectors.rest.http.exchange import Answer, Sent, Wire
from agentctl.connectors.rest.http.failed import Lost, Unreadable
from agentctl.errors import Rejected
from agentctl.model.values import from_wire, to_wire

_LIMIT = 2000
_SENT = Sent(method="GET", target="/x", headers=[("Host", "x")], body=None)
_ENDPOINT = Endpoint.at("https://api.example.com/v1", environ={})


class Pieces:
    """A stream that says ``data`` so many bytes at a time, and then ends."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._size = data, size
        self.deadline, self.touched = 0.0, False

    def write(self, data: bytes) -> None:
        self.touched = True

    def read(self) -> bytes:
        said, self._data = self._data[: self._size], self._data[self._size :]
        return said


def answer(data: bytes) -> None:
    """Read bytes as the answer to a request."""
    whole, bytewise = (_read(data, size) for size in (len(data) or 1, 1))
    assert type(whole) is type(bytewise), (whole, bytewise)
    if isinstance(whole, Answer) and isinstance(bytewise, Answer):
        assert (whole.status, whole.body, dict(whole.headers)) == (
            bytewise.status, bytewise.body, dict(bytewise.headers)
        )
        assert len(whole.body) <= _LIMIT
        assert 200 <= whole.status <= 999
        assert all("\n" not in text and "\r" not in text for pair in whole.headers.items() for text in pair)


def json(data: bytes) -> None:
    """Read bytes as the JSON of an answer."""
    try:
        found = values(data)
    except NotJSON:
        return
    assert from_wire(to_wire(found)) == found


def link(data: bytes) -> None:
    """Follow a text as a link: below the endpoint, or not at all."""
    text = data.decode("latin-1")
    try:
        path, query = _ENDPOINT.inside(text)
        request = Request(method="GET", path=path, query=query, deadline=1)
    except Rejected:
        return
    parts = urlsplit(f"https://api.example.com/v1{request.target}")
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "api.example.com", "")
    assert not {"..", "."}.intersection(parts.path.split("/"))
    assert request.target.isascii()
    assert request.target.isprintable()


def _read(data: bytes, size: int) -> Answer | Lost | Unreadable:
    wire = Wire(Pieces(data, size), "x")    # type: ignore[arg-type]  # as much of a stream as a wire asks for
    try:
        return wire.exchange(_SENT, _LIMIT, 1.0)
    except (Lost, Unreadable) as failed:
        return failed
