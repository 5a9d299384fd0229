"""What can become of one request on its way to a system and back. Which request it happens to is said to a Front."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias


@dataclass(frozen=True, slots=True)
class Question:
    """``target`` is path and query as they came over the wire; names of headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True, slots=True)
class Reply:
    """Names of headers are in lower case. Its length is said by who sends it, unless it is said here."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of(cls, status: int, value: object = None, **headers: str) -> Reply:
        """Return a reply of JSON; ``retry_after`` names the header retry-after."""
        said = {name.replace("_", "-"): text for name, text in headers.items()}
        if value is None:
            return cls(status, said)
        return cls(status, {"content-type": "application/json; charset=utf-8"} | said, json.dumps(value).encode())


class Cut(Exception):
    """The connection ends here, without another word."""


class Tell(Protocol):
    def __call__(self, reply: Reply, most: int | None = None) -> None:
        """Send a reply; with ``most``, so many bytes of its body before the connection ends."""


Mishap: TypeAlias = "Callable[[Question, Callable[[], Reply], Tell], None]"
"""Called with the request, what makes the system act on it, and what sends an answer. May raise Cut."""


@dataclass(frozen=True, slots=True)
class Pass:
    """None: the system acts, and its answer arrives."""

    def __call__(self, question: Question, act: Callable[[], Reply], tell: Tell) -> None:
        tell(act())


@dataclass(frozen=True, slots=True)
class LostBefore:
    """The request never arrives: nothing happens, and nobody says so."""

    def __call__(self, question: Question, act: Callable[[], Reply], tell: Tell) -> None:
        raise Cut


@dataclass(frozen=True, slots=True)
class LostAfter:
    """The system acts, and its answer is lost."""

    def __call__(self, question: Question, act: Callable[[], Reply], tell: Tell) -> None:
        act()
        raise Cut


@dataclass(frozen=True, slots=True)
class Half:
    """The system acts, and half of its answer arrives, though the whole of its length was said."""

    def __call__(self, question: Question, act: Callable[[], Reply], tell: Tell) -> None:
        reply = act()
        tell(reply, len(reply.body) // 2)


@dataclass(frozen=True, slots=True)
class Held:
    """The request is held back until the test lets it go by setting ``landing``; ``landed`` is set when it was acted on."""

    landing: threading.Event = field(default_factory=threading.Event)
    landed: threading.Event = field(default_factory=threading.Event)

    def __call__(self, question: Question, act: Callable[[], Reply], tell: Tell) -> None:
        self.landing.wait()
        reply = act()
        self.landed.set()
        tell(reply)


@dataclass(frozen=True, slots=True)
class Says:
    """Somebody on the way answers instead; with ``after``, the system has acted all the same."""

    reply: Reply
    after: bool = False

    def __call__(self, question: Question, act: Callable[[], Reply], tell: Tell) -> None:
        if self.after:
            act()
        tell(self.reply)


@dataclass(frozen=True, slots=True)
class Changed:
    """The system acts, and its answer is changed on the way."""

    change: Callable[[Reply], Reply]

    def __call__(self, question: Question, act: Callable[[], Reply], tell: Tell) -> None:
        tell(self.change(act()))


def page(status: int = 502, title: str = "Bad Gateway") -> Says:
    """Return what a proxy says, to people, in place of an answer."""
    body = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Says(Reply(status, {"content-type": "text/html; charset=utf-8"}, body.encode()))


def broken_json() -> Changed:
    """Return an answer cut short by somebody who corrected its length."""
    return Changed(lambda reply: replace(reply, body=reply.body[:-1]))


def large(size: int = 50 * 1024 * 1024) -> Changed:
    """Return an answer of that many bytes, JSON like any other."""
    return Changed(lambda reply: replace(reply, body=b'{"padding": "' + b"x" * (size - 15) + b'"}'))


def dated(date: str) -> Changed:
    """Return an answer by a clock that is wrong: ``Mon, 23 Nov 2026 00:00:00 GMT``."""
    return Changed(lambda reply: replace(reply, headers={**reply.headers, "date": date}))
