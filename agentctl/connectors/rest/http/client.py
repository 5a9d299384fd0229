"""Sends requests to one endpoint and says truly what became of them. Knows nothing of records."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from ssl import SSLContext

from agentctl import __version__
from agentctl.connectors.rest.http.again import ATTEMPTS, backoff, may_have_happened, may_repeat
from agentctl.connectors.rest.http.checking import check
from agentctl.connectors.rest.http.dial import dial
from agentctl.connectors.rest.http.endpoint import Endpoint
from agentctl.connectors.rest.http.exchange import Answer, Sent, Wire
from agentctl.connectors.rest.http.failed import Failed, Limited, told
from agentctl.connectors.rest.http.kept import Kept, unchanged
from agentctl.connectors.rest.http.limits import pause
from agentctl.connectors.rest.http.pool import Pool
from agentctl.connectors.rest.http.redirect import REDIRECTS, follow
from agentctl.connectors.rest.http.request import Request
from agentctl.connectors.rest.http.response import Response
from agentctl.connectors.rest.http.timing import Timing
from agentctl.connectors.rest.http.trust import context
from agentctl.connectors.rest.http.turns import Turns, Waiting
from agentctl.errors import Indeterminate, Rejected, Unreachable

LIMIT = 16 * 1024 * 1024
_AGENT = f"agentctl/{__version__}"
_RESTED = 30.0              # seconds; after that something between us may have forgotten the connection
_RESTED_EFFECT = 2.0        # a server that closes a resting one just now would leave an effect in doubt


class Client:
    """Safe from several threads; up to 50 requests are under way at once, the others wait for their turn."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        tell: Callable[[Waiting], None] = lambda _: None,
        limit: int = LIMIT,
        timing: Timing | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._limit = limit
        self._timing = timing or Timing()
        self._pool = Pool(self._open, self._timing.now)
        self._turns = Turns(endpoint.authority, self._timing, tell)
        self._kept = Kept()

    def send(self, request: Request, token: str = "") -> Response:
        """Send ``request`` and return the system's answer, whatever its status; the token goes into its header alone.

        Waits (for a rate limit, for a system that is busy) and repeats only what may be repeated, all within the
        request's deadline. A status of 500 and above says of an effect neither that it happened nor that it did not.

        Raises Unreachable (nothing happened; trying later may help), Rejected (nothing happened) or Indeterminate (it
        may have happened; never of a read).
        """
        deadline = self._timing.now() + request.deadline
        for _ in range(REDIRECTS + 1):
            answer = self._persist(request, token, deadline)
            followed = follow(self._endpoint, request, answer, token)
            if followed is None:
                return check(request, self._response(request, answer), token)
            request = followed
        raise Unreachable("Redirected in circles", f"{self._url(request)} leads from one address to the next.")

    def close(self) -> None:
        """Let go of connections and end every wait. What is sent afterwards is Unreachable. May be called twice."""
        self._turns.end()
        self._pool.close()

    def _persist(self, request: Request, token: str, deadline: float) -> Answer:
        """Return a final answer, after as many attempts as that takes and as are safe."""
        doubtful = False
        for attempt in range(1, ATTEMPTS + 1):
            outcome = self._attempt(request, token, deadline)
            seconds = 0.0 if isinstance(outcome, Limited) else backoff(attempt, self._timing.chance())
            in_time = self._timing.now() + seconds < deadline
            if attempt == ATTEMPTS or not in_time or not may_repeat(request, outcome):
                break
            doubtful = doubtful or may_have_happened(request, outcome)
            if seconds:
                self._turns.rest(seconds, "it did not answer" if isinstance(outcome, Failed) else "it is busy")
        return self._final(request, outcome, attempt, doubtful=doubtful)

    def _final(self, request: Request, outcome: Answer | Failed, attempts: int, *, doubtful: bool) -> Answer:
        if doubtful and not (isinstance(outcome, Answer) and 200 <= outcome.status < 300):
            # The last attempt may have been refused because an earlier one was done.
            last = outcome.detail if isinstance(outcome, Failed) else f"The last answer had status {outcome.status}."
            raise Indeterminate(
                "No certain answer",
                f"{request.method} {self._url(request)} was sent more than once, and an earlier attempt may have been "
                f"done. {last}",
            )
        if isinstance(outcome, Failed):
            raise told(request, outcome, self._url(request), attempts) from outcome
        return outcome

    def _attempt(self, request: Request, token: str, deadline: float) -> Answer | Failed:
        try:
            self._turns.wait(deadline)
            answer = self._ask(request, token, deadline)
        except Failed as failed:
            return failed
        asked = pause(answer, self._timing.wall())
        return answer if asked is None else self._turns.hold(asked)

    def _ask(self, request: Request, token: str, deadline: float) -> Answer:
        """Return the answer of one attempt: the one held, where the system says that it still is the answer."""
        headers = self._headers(request, token)
        sent = Sent(
            method=request.method, target=self._endpoint.path + request.target, headers=headers, body=request.body
        )
        if request.method != "GET" or any(name.lower().startswith("if-") for name in request.headers):
            return self._exchange(request, sent, deadline)
        key = self._kept.key(sent.target, repr(sorted(request.headers.items())), token)
        held = self._kept.get(key)
        if held is not None:
            headers.append(("If-None-Match", held.headers["etag"]))
        answer = self._exchange(request, sent, deadline)
        if held is not None and answer.status == 304:
            return unchanged(held, answer)
        self._kept.put(key, answer)
        return answer

    def _exchange(self, request: Request, sent: Sent, deadline: float) -> Answer:
        wire = self._pool.take(deadline, _RESTED_EFFECT if request.effect else _RESTED)
        try:
            return wire.exchange(sent, self._limit, deadline)
        finally:
            self._pool.give(wire)

    def _headers(self, request: Request, token: str) -> list[tuple[str, str]]:
        headers = [("Host", self._endpoint.authority), ("User-Agent", _AGENT), ("Accept-Encoding", "gzip")]
        given = {name.lower() for name in request.headers}
        if "accept" not in given:
            kinds = [kind for kind in request.expect if "*" not in kind]
            headers.append(("Accept", ", ".join(kinds) or "*/*"))
        if not request.effect and "cache-control" not in given:
            headers.append(("Cache-Control", "no-cache"))       # what a cache in between remembers is not the record
        headers += request.headers.items()
        if token:
            name, value = self._endpoint.authorization.line(token)
            if name.lower() in given:
                raise Rejected("Request malformed", f"The header {name} is the token's.")
            headers.append((name, value))
        return headers

    def _open(self, deadline: float) -> Wire:
        stream = dial(self._endpoint, self._trust, deadline, self._timing.now, _AGENT)
        return Wire(stream, self._endpoint.authority)

    @cached_property
    def _trust(self) -> SSLContext | None:
        return context(self._endpoint.ca) if self._endpoint.scheme == "https" else None

    def _response(self, request: Request, answer: Answer) -> Response:
        return Response(status=answer.status, headers=answer.headers, body=answer.body, url=self._url(request))

    def _url(self, request: Request) -> str:
        return f"{self._endpoint.url}{request.path}"
