"""One request and its answer over one connection: read strictly, bounded in every direction. Repeats nothing."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

import h11

from agentctl.connectors.rest.http.body import Body, NotDecodable, TooLarge, collector
from agentctl.connectors.rest.http.failed import Lost, NotSent, Unreadable
from agentctl.connectors.rest.http.response import Headers
from agentctl.connectors.rest.http.stream import Stream
from agentctl.facts import dataclass

_HEADERS = 65536        # bytes of status line and headers, and of any one line between chunks
_INTERIM = 8            # answers that are none yet (100, 103)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A request as it goes over the wire."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes | None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A whole answer."""

    status: int
    headers: Headers
    body: bytes


class Wire:
    """A connection that speaks HTTP/1.1."""

    def __init__(self, stream: Stream, place: str) -> None:
        self.stream = stream
        self._place = place
        self._state = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEADERS)
        self._cut = False

    def exchange(self, sent: Sent, limit: int, deadline: float) -> Answer:
        """Return the answer to ``sent``. Raises NotSent, Lost and Unreadable; the wire is then of no more use."""
        self.stream.deadline = deadline
        self.stream.touched = False
        self._send(sent)
        try:
            return self._receive(limit, bodiless=sent.method == "HEAD")
        except TimeoutError:
            lost = Lost("No answer in time", f"{self._place} gave no whole answer in time.")
        except OSError as error:
            how = _end(error)
            lost = Lost("Connection lost", f"{self._place}: the connection was {how} before the answer was whole.")
        except h11.RemoteProtocolError:
            lost = Lost("Answer not readable", f"What came back from {self._place} is not HTTP.")
            if self._cut or self._state.trailing_data[1]:
                lost = Lost("Connection lost", f"{self._place} closed the connection before the answer was whole.")
        # Raised out here, without what the parser quotes of the answer: it may hold anything, a token too.
        raise lost if self.stream.touched else NotSent(lost.summary, f"{self._place}: nothing was sent.")

    @property
    def reusable(self) -> bool:
        """Whether another request can follow: both sides are done, and nobody said more than was asked."""
        states = (self._state.our_state, self._state.their_state)
        return not self._cut and states == (h11.DONE, h11.DONE) and self._state.trailing_data == (b"", False)

    def again(self) -> None:
        """Make ready for the next request. Only for a wire that is reusable."""
        self._state.start_next_cycle()

    def _send(self, sent: Sent) -> None:
        """Write the request. Being cut short is no failure yet: an answer may have come even so (413, and closed)."""
        stated = sent.body is not None or sent.method in {"POST", "PUT", "PATCH"}
        length = [("Content-Length", str(len(sent.body or b"")))] if stated else []
        request = h11.Request(method=sent.method, target=sent.target, headers=[*sent.headers, *length])
        data = self._state.send(request) or b""
        if sent.body:
            data += self._state.send(h11.Data(data=sent.body)) or b""
        data += self._state.send(h11.EndOfMessage()) or b""
        try:
            self.stream.write(data)
        except OSError:
            self._cut = True

    def _receive(self, limit: int, *, bodiless: bool) -> Answer:
        head = self._head()
        headers = Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers)
        bodiless = bodiless or head.status_code in {204, 304}       # whose length is that of what is not sent
        body = self._body(head.status_code, headers, limit, bodiless=bodiless)
        try:
            while not isinstance(event := self._next(), h11.EndOfMessage):
                if isinstance(event, h11.Data):
                    body.add(bytes(event.data))
            return Answer(status=head.status_code, headers=headers, body=body.whole())
        except TooLarge as error:
            raise self._too_large(head.status_code, limit) from error
        except NotDecodable as error:
            raise Unreadable(
                head.status_code, "Answer not readable", f"{self._place} sent a damaged gzip body."
            ) from error

    def _head(self) -> h11.Response:
        for _ in range(_INTERIM + 1):
            event = self._next()
            if isinstance(event, h11.Response) and event.http_version in {b"1.0", b"1.1"}:
                return event
            if not isinstance(event, h11.InformationalResponse):
                break
        raise h11.RemoteProtocolError("no answer, or in another version")

    def _body(self, status: int, headers: Headers, limit: int, *, bodiless: bool) -> Body:
        if not bodiless and int(headers.get("content-length", "0")) > limit:
            raise self._too_large(status, limit)
        try:
            return collector(headers.get("content-encoding", ""), limit)
        except NotDecodable as error:
            raise Unreadable(
                status, "Answer not readable", f"{self._place} sent a body in a coding nobody asked for."
            ) from error

    def _next(self) -> h11.Event:
        while True:
            event = self._state.next_event()
            if event is h11.NEED_DATA:
                self._state.receive_data(self.stream.read())
            elif isinstance(event, h11.Event) and not isinstance(event, h11.ConnectionClosed):
                return event
            else:
                raise h11.RemoteProtocolError("closed, or a protocol nobody asked for")

    def _too_large(self, status: int, limit: int) -> Unreadable:
        return Unreadable(
            status, "Answer too large", f"{self._place} sent more than {limit / 1048576:g} MiB; nothing of it was kept."
        )


def _end(error: OSError) -> str:
    match error:
        case ssl.SSLEOFError():
            return "cut off without the goodbye of TLS"
        case ssl.SSLError():
            return f"ended by TLS ({error.reason})"
    return "cut off"
