"""A sequence whose items are told when somebody first asks for them. What they are told from is not known here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, overload

T_co = TypeVar("T_co", covariant=True)


class Told(Sequence[T_co]):
    """Behaves as the tuple that ``tell`` returns, and is equal to it. ``tell`` is asked once, unless it raises."""

    __slots__ = ("_items", "_tell")

    def __init__(self, tell: Callable[[], tuple[T_co, ...]]) -> None:
        self._tell = tell
        self._items: tuple[T_co, ...] | None = None

    def _told(self) -> tuple[T_co, ...]:
        if self._items is None:
            self._items = self._tell()
        return self._items

    @overload
    def __getitem__(self, place: int) -> T_co: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[T_co, ...]: ...

    def __getitem__(self, place: int | slice) -> T_co | tuple[T_co, ...]:
        return self._told()[place]

    def __len__(self) -> int:
        return len(self._told())

    def __iter__(self) -> Iterator[T_co]:
        return iter(self._told())

    def __eq__(self, other: Any) -> bool:
        return self._told() == (other._told() if isinstance(other, Told) else other)

    def __hash__(self) -> int:
        return hash(self._told())

    def __repr__(self) -> str:
        return repr(self._told())
