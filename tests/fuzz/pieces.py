"""Choices drawn from a fuzzer's bytes, the same ones each time; where the bytes end, every choice is the first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Pieces:
    """What is left of the bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return max(0, len(self._data) - self._at)

    def bytes(self, count: int) -> bytes:
        self._at += count
        return self._data[self._at - count : self._at]

    def below(self, end: int) -> int:
        """Return a number from 0 up to, not including, ``end``."""
        width = 1 if end <= 256 else 2 if end <= 65536 else 4
        return int.from_bytes(self.bytes(width)) % max(end, 1)

    def of(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]
