"""What a reviewer judges a step by besides the values in it, comparable at once. No grouping lives here."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

_NEED = ("what", "kind", "command")
_FINDING = ("rule", "outcome", "reason")


class Judged:
    """Numbers the steps of a document: equal numbers, equal action, effect, ruling, rules and way back. Parts that
    steps share are looked at once.
    """

    def __init__(self) -> None:
        self._of: dict[str, int] = {}
        self._numbers: dict[Hashable, int] = {}
        self._told: dict[int, tuple[object, Hashable]] = {}

    def number(self, step: Mapping[str, Any]) -> int:
        if (known := self._of.get(step["id"])) is not None:
            return known
        decision, inverse = step["decision"], step["inverse"]
        facts = (
            step["action"], step["effect"], step["ruling"], step["why"], self._words(step["needs"], _NEED),
            decision["verdict"], decision["mode"], self._words(decision["findings"], _FINDING),
            inverse["kind"], inverse["stays"],
        )
        number = self._of[step["id"]] = self._numbers.setdefault(facts, len(self._numbers))
        return number

    def _words(self, items: Sequence[Mapping[str, str]], names: Sequence[str]) -> Hashable:
        if (told := self._told.get(id(items))) is None:
            words = tuple(tuple(item[name] for name in names) for item in items)
            told = self._told[id(items)] = items, words         # kept, so that no other list gets such an id
        return told[1]
