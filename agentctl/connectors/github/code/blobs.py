"""Contents held while this process lives: an id never comes to stand for another one. Never on disk."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

_BYTES = 32 * 1024 * 1024
_OVERHEAD = 256         # what one takes besides its bytes, roughly: many small ones must not add up


class Blobs:
    """Contents by repository and id; the oldest make room. Safe from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._contents: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._size = 0

    def get(self, repository: str, id_: str) -> bytes | None:
        with self._lock:
            return self._contents.get((repository, id_))

    def put(self, repository: str, id_: str, content: bytes) -> None:
        with self._lock:
            if (repository, id_) in self._contents:
                return
            self._contents[repository, id_] = content
            self._size += len(content) + _OVERHEAD
            while self._size > _BYTES:
                _, oldest = self._contents.popitem(last=False)
                self._size -= len(oldest) + _OVERHEAD
