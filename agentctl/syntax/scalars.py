"""What a word without quotes means: null, true, false, a number exactly as written, or text."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from agentctl.model.values import decimal_text

MOST_DIGITS = 400
"""Of a number, written out without an exponent."""

NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([-+]?[0-9]+))?")
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
    if found := NUMBER.fullmatch(word):
        return number(found)
    if word in _WORDS:
        return _WORDS[word]
    if word in _NOT_FINITE:
        raise NotFinite(word)
    return word


def number(found: re.Match[str]) -> int | Decimal:
    """Return the number that a match of NUMBER is. Raises TooLong where it has too many digits, written out."""
    text, (whole, fraction, exponent) = found.group(), found.groups()
    # Lengths come first: int() of a million digits is the very cost to refuse.
    if len(whole) + len(fraction or "") > MOST_DIGITS or (exponent is not None and not _is_near(exponent)):
        raise TooLong(text[:40])
    if exponent is None:
        return int(text) if fraction is None else Decimal(text)
    value = Decimal(text)
    # It is kept written out, and must be readable so.
    if sum(map(str.isdigit, decimal_text(value))) > MOST_DIGITS:
        raise TooLong(text[:40])
    return value


def _is_near(exponent: str) -> bool:
    return len(exponent) <= len(f"-{MOST_DIGITS}") and abs(int(exponent)) <= MOST_DIGITS
