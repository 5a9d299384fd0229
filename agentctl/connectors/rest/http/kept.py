"""Bodies held while this process lives, so that a system need only say that nothing changed. Never on disk."""

from __future__ import annotations

import threading
from collections import OrderedDict
from hashlib import blake2b
from secrets import token_bytes

from agentctl.connectors.rest.http.exchange import Answer
from agentctl.connectors.rest.http.request import is_header_value
from agentctl.connectors.rest.http.response import Headers

_BYTES = 32 * 1024 * 1024
_OVERHEAD = 1024        # what an answer takes besides its body, roughly: many empty ones must not add up


class Kept:
    """Answers by what was asked and by whom. Safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()
        self._size = 0
        self._salt = token_bytes(16)

    def key(self, target: str, accept: str, token: str) -> bytes:
        """Return what an answer is held under: one person's answer is never another's, and no token is held."""
        parts = (part.encode("utf-8", "surrogatepass") for part in (target, accept, token))
        return blake2b(b"\0".join(parts), key=self._salt, digest_size=16).digest()

    def get(self, key: bytes) -> Answer | None:
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
            return self._answers.get(key)

    def put(self, key: bytes, answer: Answer) -> None:
        """Hold ``answer`` where it can be asked for again by its tag and may be held; the oldest make room."""
        cost = len(answer.body) + _OVERHEAD
        with self._lock:
            if (old := self._answers.pop(key, None)) is not None:
                self._size -= len(old.body) + _OVERHEAD
            if not _may_be_held(answer) or cost > _BYTES // 4:
                return
            self._answers[key] = answer
            self._size += cost
            while self._size > _BYTES:
                _, oldest = self._answers.popitem(last=False)
                self._size -= len(oldest.body) + _OVERHEAD


def unchanged(held: Answer, said: Answer) -> Answer:
    """Return what was held, with what the system says anew of it (its rate limits, its date)."""
    told = {name: value for name, value in said.headers.items() if name not in {"content-length", "content-encoding"}}
    return Answer(status=held.status, headers=Headers({**held.headers, **told}.items()), body=held.body)


def _may_be_held(answer: Answer) -> bool:
    return (
        answer.status == 200
        and is_header_value(answer.headers.get("etag", "\n"))
        and "no-store" not in answer.headers.get("cache-control", "").lower()
    )
