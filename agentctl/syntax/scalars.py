"""What a word without quotes means: null, true, false, a number exactly as written, or text."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

MOST_DIGITS = 400
FARTHEST_EXPONENT = 400

NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?(?:[eE](?P<exponent>[-+]?[0-9]+))?")
_WORDS: Final[dict[str, bool | None]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}
_NOT_FINITE: Final = frozenset(
    sign + word
    for sign in ("", "+", "-")
    for word in (".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN", "NaN", "Infinity")
)
MAY_MEAN_MORE: Final = frozenset("-+.~0123456789nNtTfFI")
"""The first characters of every plain word that is not simply text. An empty word means null."""


class NotFinite(ValueError):
    """Infinity or not-a-number, which no record can hold."""


class TooLong(ValueError):
    """A number that would take more room or time than any record needs."""


def plain(word: str) -> str | int | bool | Decimal | None:
    """Return what a plain YAML word means. Raises NotFinite and TooLong.

    Numbers are those of JSON: ``012``, ``+5``, ``0x1F``, ``1_000`` and ``12:30`` stay the text they are.
    """
    if word in _WORDS:
        return _WORDS[word]
    if word in _NOT_FINITE:
        raise NotFinite(word)
    return number(word) if NUMBER.fullmatch(word) else word


def number(text: str) -> int | Decimal:
    """Return the number that ``text``, which matches NUMBER, is. Raises TooLong."""
    if text.isdigit() and len(text) <= MOST_DIGITS:
        return int(text)
    found = NUMBER.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a number")
    exponent = found["exponent"]
    # The exponent's own length comes first: int() of a million digits is the very cost to refuse.
    if len(text) > MOST_DIGITS + 10 or sum(map(str.isdigit, text.partition("e")[0].partition("E")[0])) > MOST_DIGITS:
        raise TooLong(text)
    if exponent is not None and (len(exponent) > 5 or abs(int(exponent)) > FARTHEST_EXPONENT):
        raise TooLong(text)
    return int(text) if exponent is None and found["fraction"] is None else Decimal(text)
