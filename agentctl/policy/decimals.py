"""Exact decimals for conditions: to compare, as byte strings in the numbers' order; to reckon with, as integers."""

from __future__ import annotations

import re

WHOLE = 38
PLACES = 20
NOT_A_DECIMAL = f'decimal() takes a whole number or text such as "12.50": at most {WHOLE} digits and {PLACES} places'
NOT_MINOR = 'minor() takes a whole number or text such as "12.50" and its number of places, and rounds nothing'

_TEXT = re.compile(r"(-?)([0-9]{1,200})(?:\.([0-9]{1,200}))?", re.ASCII)
_OFFSET = 10 ** (WHOLE + PLACES)
_WIDTH = WHOLE + PLACES + 1
_BEYOND = 2**63


class NotADecimal(ValueError):
    """Text that is no number, or a number beyond what is compared exactly."""

    def __init__(self, why: str = NOT_A_DECIMAL) -> None:
        super().__init__(why)


def comparable(number: str | int) -> bytes:
    """Return digits of one width that compare as the numbers do.

    Text of digits and not the number's own bytes: the expression library cuts strings and bytes at a zero byte.
    Raises NotADecimal for what cannot be held exactly.
    """
    found = _TEXT.fullmatch(str(number))
    if not found:
        raise NotADecimal
    return str(_OFFSET + _scaled(found, PLACES)).zfill(_WIDTH).encode()


def minor(number: str | int, places: int) -> int:
    """Return ``number`` counted in units of its last of ``places`` digits: cents, of a price with two.

    Raises NotADecimal where it has more places than that: nothing is rounded.
    """
    found = _TEXT.fullmatch(str(number))
    if not found or not 0 <= places <= PLACES:
        raise NotADecimal(NOT_MINOR)
    try:
        scaled = _scaled(found, places)
    except NotADecimal as error:
        raise NotADecimal(NOT_MINOR) from error
    if not -_BEYOND <= scaled < _BEYOND:
        raise NotADecimal(NOT_MINOR)
    return scaled


def _scaled(found: re.Match[str], most: int) -> int:
    sign, whole, places = found[1], found[2].lstrip("0"), (found[3] or "").rstrip("0")
    if len(whole) > WHOLE or len(places) > most:
        raise NotADecimal
    scaled = int(whole + places.ljust(most, "0") or "0")
    return -scaled if sign else scaled
