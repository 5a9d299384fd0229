"""Collects the body of an answer, decoded, and stops at a limit that counts what comes out and what goes in."""

from __future__ import annotations

import zlib
from typing import Protocol

_GZIP = zlib.MAX_WBITS | 16


class TooLarge(Exception):
    """More than the limit, on the wire or decoded."""


class NotDecodable(Exception):
    """The body is not in the coding its header names."""


class Body(Protocol):
    """Where chunks go until the body is whole."""

    def add(self, chunk: bytes) -> None:
        """Take a chunk. Raises TooLarge and NotDecodable."""
        ...

    def whole(self) -> bytes:
        """Return the body once all is added. Raises NotDecodable where its end is missing."""
        ...


def collector(coding: str, limit: int) -> Body:
    """Return what collects a body of a content coding. Raises NotDecodable for one we did not ask for."""
    match coding.strip().lower():
        case "" | "identity":
            return Plain(limit)
        case "gzip" | "x-gzip":
            return Gzip(limit)
    raise NotDecodable


class Plain:
    """A body as it is."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._chunks: list[bytes] = []
        self._size = 0

    def add(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limit:
            raise TooLarge
        self._chunks.append(chunk)

    def whole(self) -> bytes:
        return b"".join(self._chunks)


class Gzip:
    """A compressed body: a few bytes may stand for gigabytes, so no more is decoded than fits."""

    def __init__(self, limit: int) -> None:
        self._plain = Plain(limit)
        self._room = limit + 1          # never 0, which zlib takes for no limit: Plain refuses the byte past it
        self._decoder = zlib.decompressobj(_GZIP)
        self._begun = False

    def add(self, chunk: bytes) -> None:
        self._begun = self._begun or bool(chunk)
        try:
            while chunk:
                if self._decoder.eof:
                    raise NotDecodable
                decoded = self._decoder.decompress(chunk, self._room)
                self._room -= len(decoded)
                self._plain.add(decoded)
                chunk = self._decoder.unconsumed_tail or self._decoder.unused_data
        except zlib.error as error:
            raise NotDecodable from error

    def whole(self) -> bytes:
        if self._begun and not self._decoder.eof:
            raise NotDecodable
        return self._plain.whole()
