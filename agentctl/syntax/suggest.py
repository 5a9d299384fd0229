"""The nearest known word to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 100
_MOST = 2000


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """Return ``Did you mean `X`?`` for the nearest candidate, or nothing where none is near."""
    found = nearest(word, candidates)
    return f"Did you mean `{found}`?" if found else ""


def nearest(word: str, candidates: Iterable[str]) -> str:
    """Return the candidate most like ``word``, or an empty string where none is near."""
    from difflib import get_close_matches

    known = sorted(candidates)
    if len(word) > _LONGEST or len(known) > _MOST:
        # Matching is quadratic in the word's length: an author could make the hint cost more than the plan.
        return ""
    folded: dict[str, str] = {}
    for candidate in known:
        folded.setdefault(candidate.casefold().replace("-", "_"), candidate)
    close = get_close_matches(word.casefold().replace("-", "_"), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else ""
