"""A number with its noun, in one way everywhere."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """Return ``3 runs`` or ``1 run``; ``many`` where it is not ``one`` with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
