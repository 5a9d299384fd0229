"""One question or one effect as it is to be sent; where to, and with which token, is not said here."""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.connectors.rest.http.paths import fault, query_text
from agentctl.errors import Rejected
from agentctl.facts import dataclass, field

JSON = ("application/json", "application/*+json")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS = _SAFE | {"POST", "PUT", "PATCH", "DELETE"}
_TOKEN_CHARACTERS = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
# What the client says itself. A request that could say it too could reroute itself or speak twice.
_OURS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "expect", "te", "trailer",
     "accept-encoding", "user-agent", "cookie", "authorization", "proxy-authorization", "proxy-connection"}
)


@dataclass(frozen=True, kw_only=True)
class Request:
    """``path`` is percent-encoded and begins with ``/``, below the endpoint's own path; ``query`` is in clear.

    ``deadline`` is seconds from the moment of sending, waits and repetitions included. ``repeatable`` says that
    sending it twice does no more than sending it once: it carries an idempotency key or a precondition. What is
    asked with a safe method has no effect; ``reads`` says so of another method (a search by POST). ``expect`` are the
    media types a success may come as; empty takes any.
    """

    method: str
    path: str
    deadline: float
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    repeatable: bool = False
    reads: bool = False
    expect: tuple[str, ...] = JSON

    def __post_init__(self) -> None:
        if self.method not in _METHODS:
            raise Rejected("Request malformed", f"There is no method {self.method!r}.")
        if why := fault(self.path):
            raise Rejected("Request malformed", f"The path {self.path!r} {why}")
        query_text(self.query)
        for name, value in self.headers.items():
            _check_header(name, value)

    @property
    def effect(self) -> bool:
        """Whether it may change something."""
        return not self.reads and self.method not in _SAFE

    @property
    def target(self) -> str:
        """Path and query as they go over the wire, below the endpoint's own path."""
        return f"{self.path}?{query_text(self.query)}" if self.query else self.path


def _check_header(name: str, value: str) -> None:
    if not name or not set(name) <= _TOKEN_CHARACTERS:
        raise Rejected("Request malformed", f"{name!r} is not the name of a header.")
    if name.lower() in _OURS:
        raise Rejected("Request malformed", f"The header {name} is set by the client alone.")
    if not is_header_value(value):
        raise Rejected("Request malformed", f"The value of the header {name} has characters that no header can hold.")


def is_header_value(value: str) -> bool:
    """Whether ``value`` can be sent as it is: visible ASCII and inner blanks, which end neither line nor name."""
    return value.isascii() and (not value or value.isprintable()) and value == value.strip()
