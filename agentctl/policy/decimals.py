"""Exact decimals for conditions: numbers as byte strings whose order is the numbers' order. No float is ever made."""

from __future__ import annotations

import re

WHOLE = 38
PLACES = 20
NOT_A_DECIMAL = f'decimal() takes a whole number or text such as "12.50": at most {WHOLE} digits and {PLACES} places'

_TEXT = re.compile(r"(-?)([0-9]{1,200})(?:\.([0-9]{1,200}))?", re.ASCII)
_OFFSET = 10 ** (WHOLE + PLACES)
_WIDTH = WHOLE + PLACES + 1


class NotADecimal(ValueError):
    """Text that is no number, or a number beyond what is compared exactly."""

    def __init__(self) -> None:
        super().__init__(NOT_A_DECIMAL)


def comparable(number: str | int) -> bytes:
    """Return digits of one width that compare as the numbers do.

    Text of digits and not the number's own bytes: the expression library cuts strings and bytes at a zero byte.
    Raises NotADecimal for what cannot be held exactly.
    """
    found = _TEXT.fullmatch(str(number))
    if not found:
        raise NotADecimal
    sign, whole, places = found[1], found[2].lstrip("0"), (found[3] or "").rstrip("0")
    if len(whole) > WHOLE or len(places) > PLACES:
        raise NotADecimal
    scaled = int(whole + places.ljust(PLACES, "0"))
    return str(_OFFSET + (-scaled if sign else scaled)).zfill(_WIDTH).encode()
