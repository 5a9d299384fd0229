"""What looks like a credential in a text, and of which kind. Shapes only: what is found is never shown, or proven."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from agentctl.model.plan import Format
from agentctl.model.values import Hidden
from agentctl.patterns import regex

_WORD = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_LONGEST_PATH = 80
_LONGEST_KEYED = 200
_DEEPEST = 64
_LEAST_ENTROPY = 2.5        # bits a character, below which a text is a word or a row of numbers


class Spotted(NamedTuple):
    """Where something stands that looks like a credential, its kind in words, and the text itself: to compare only."""

    path: str
    kind: str
    text: bytes


def spot(path: str, value: Any, depth: int = 0) -> Iterator[Spotted]:
    """Yield what looks like a credential anywhere in ``value``, in time linear in its size."""
    if depth > _DEEPEST:
        return
    match value:
        case str():
            data = value.encode("utf-8", "surrogatepass")
        case bytes():
            data = value
        case Mapping():
            for key, item in value.items():
                yield from spot(f"{path}.{key}"[:_LONGEST_PATH], item, depth + 1)
            return
        case list() | tuple():
            for item in value:
                yield from spot(path, item, depth + 1)
            return
        case Format():
            yield from spot(path, value.text, depth + 1)
            yield from spot(path, value.names, depth + 1)
            return
        case Hidden() if value.concealed:       # in a stored changeset: it was found when the value was at hand
            yield Spotted(path, "a credential", value.commitment.encode())
            return
        case _:
            return
    for kind, text in _in(data):
        yield Spotted(path, kind, text)
    # A field that is called so holds one, without any sign of it in its value.
    name = path.rpartition(".")[2].encode()
    if len(data) <= _LONGEST_KEYED:
        for text in _assigned(name + b"=" + data):
            yield Spotted(path, "a password or token", text)


def _in(data: bytes) -> Iterator[tuple[str, bytes]]:
    for shape in _SHAPES:
        for at in _places(data, shape.sign):
            if shape.apart and at and data[at - 1] in _WORD:
                continue
            found = _compiled(shape.pattern).match(data, at)
            if found and not _is_placeholder(found[found.lastindex or 0]):
                yield shape.kind, found[found.lastindex or 0]
    for text in _assigned(data):
        yield "a password or token", text


def _assigned(data: bytes) -> Iterator[bytes]:
    """Yield what is assigned to a name such as ``password`` and looks made up."""
    lower = data.lower()        # of bytes: as long as before
    for sign in _NAMES:
        for at in _places(lower, sign):
            found = _ASSIGNMENT.match(lower, at + len(sign))
            if found:
                text = data[found.start(1) : found.end(1)]
                if not _is_placeholder(text) and _is_made_up(text):
                    yield text


def _places(data: bytes, sign: bytes) -> Iterator[int]:
    at = data.find(sign)
    while at >= 0:
        yield at
        at = data.find(sign, at + len(sign))


def _is_made_up(text: bytes) -> bool:
    letters, digits = re.search(rb"[A-Za-z]", text), re.search(rb"[0-9]", text)
    if not (letters and digits):
        return False
    counts = Counter(text)
    bits = -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())
    return bits >= _LEAST_ENTROPY


def _is_placeholder(text: bytes) -> bool:
    """Whether ``text`` stands for a credential instead of being one."""
    lower = text.lower()
    return (
        lower.startswith((b"$", b"{", b"<", b"%", b"*", b"[", b"("))
        or b"(" in lower or b"{{" in lower
        or lower in _STAND_INS
        or len(set(lower)) <= 2
    )


class _Shape(NamedTuple):
    kind: str
    sign: bytes                 # every match begins with it, so that the rest is only asked where it stands
    pattern: bytes
    apart: bool = True          # whether no letter or digit may come before


def _shape(kind: str, sign: str, rest: str, *, apart: bool = True) -> _Shape:
    # Bounded and possessive throughout: each place costs a bounded number of steps, whoever wrote the text.
    return _Shape(kind, sign.encode(), re.escape(sign).encode() + rest.encode(), apart)


_compiled = cache(re.compile)       # with the first sign of one, for most texts have none


_B64 = "[A-Za-z0-9_-]"
_SHAPES = (
    _shape("a private key", "-----BEGIN ", "[A-Z0-9 ]{0,40}PRIVATE KEY", apart=False),
    _shape("a private key", "PuTTY-User-Key-File-", "[23]"),
    _shape("a private key", "AGE-SECRET-KEY-1", "[0-9A-Z]{50,60}+"),
    *(_shape("an AWS access key", sign, "[A-Z2-7]{16}(?![A-Za-z0-9])") for sign in ("AKIA", "ASIA")),
    *(_shape("a GitHub token", f"gh{kind}_", "[A-Za-z0-9]{36,255}+") for kind in "pousr"),
    _shape("a GitHub token", "github_pat_", "[A-Za-z0-9_]{60,255}+"),
    *(_shape("a GitLab token", f"gl{kind}-", f"{_B64}{{20,255}}+") for kind in ("pat", "dt", "rt", "ptt", "soat")),
    *(_shape("a Slack token", f"xox{kind}-", "[A-Za-z0-9-]{10,255}+") for kind in "abeoprs"),
    _shape("a Slack token", "xapp-", "[A-Za-z0-9-]{10,255}+"),
    _shape("a Slack webhook", "hooks.slack.com/services/", "[A-Za-z0-9]{8,20}+/[A-Za-z0-9]{8,20}+/[A-Za-z0-9]{16,40}+"),
    *(
        _shape("a Stripe key", f"{kind}k_{world}_", "[A-Za-z0-9]{16,255}+")
        for kind in "sr" for world in ("live", "test")
    ),
    _shape("a Stripe key", "whsec_", "[A-Za-z0-9+/=]{24,255}+"),
    _shape("a Google key", "AIza", f"{_B64}{{35}}"),
    _shape("a Google key", "GOCSPX-", f"{_B64}{{20,60}}+"),
    _shape("a Google key", "ya29.", f"{_B64}{{20,1000}}+"),
    _shape("an npm token", "npm_", "[A-Za-z0-9]{36}"),
    _shape("a PyPI token", "pypi-", f"{_B64}{{50,1000}}+"),
    _shape("a SendGrid key", "SG.", f"{_B64}{{16,64}}+\\.{_B64}{{16,64}}+"),
    _shape("a secret API key", "sk-", f"{_B64}{{32,300}}+"),
    _shape("a JSON web token", "eyJ", f"{_B64}{{8,4000}}+\\.eyJ{_B64}{{8,4000}}+\\.{_B64}{{8,4000}}+"),
    _shape(
        "a password in a URL", "://", "[^\\s/:@\"'<>]{0,200}+:([^\\s/@\"'<>]{3,200}+)@[^\\s/@]", apart=False
    ),
)
_NAMES = (
    b"password", b"passwd", b"passphrase", b"pwd", b"secret", b"token", b"api_key", b"apikey", b"api-key",
    b"access_key", b"access-key", b"private_key", b"auth_key",
)
_ASSIGNMENT = regex(
    rb"s?+[0-9]{0,3}+(?:[_-][a-z0-9_-]{0,30}+)?+"                   # the rest of the name: not `tokenizer`
    rb"[\"']?+[ \t]{0,4}+(?::=|=>|[:=])[ \t]{0,4}+[\"']?+([^\s\"',;<>]{8,200}+)"
)
_STAND_INS = frozenset(
    {b"password", b"passwd", b"pass", b"secret", b"token", b"changeme", b"change-me", b"example", b"your-password"}
)

