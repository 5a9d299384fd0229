"""Matches a pattern letter by letter: in time linear to the text, whatever either of them is."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from agentctl.facts import dataclass


class Run(Enum):
    """A part of a pattern that stands for any run of letters, an empty one included."""

    WITHIN = "of a segment's letters, so of none that is /"
    ACROSS = "of any letters"
    FOLDERS = "nothing, or anything that ends with /"


@dataclass(frozen=True)
class Automaton:
    """Every place in a pattern is a bit: set where the text so far may have got to.

    ``letters`` are the places before each letter, ``within`` and ``across`` those that a letter does not leave,
    ``skips`` what may be passed over without one.
    """

    letters: dict[str, int]
    within: int
    across: int
    skips: tuple[tuple[int, int], ...]
    end: int

    def __call__(self, text: str) -> bool:
        reached = self._passed(1)
        for letter in text:
            stays = self.across if letter == "/" else self.across | self.within
            reached = self._passed((reached & self.letters.get(letter, 0)) << 1 | reached & stays)
            if not reached:
                return False
        return bool(reached & self.end)

    def _passed(self, reached: int) -> int:
        for here, there in self.skips:
            if reached & here:
                reached |= there
        return reached


def automaton(parts: Sequence[str | Run]) -> Automaton:
    """Return what matches texts that are ``parts`` one after the other."""
    letters: dict[str, int] = {}
    within = across = 0
    skips: list[tuple[int, int]] = []
    place = 1
    for part in parts:
        match part:
            case str():
                for letter in part:
                    letters[letter] = letters.get(letter, 0) | place
                    place <<= 1
            case Run.WITHIN:
                within |= place
                skips.append((place, place << 1))
                place <<= 1
            case Run.ACROSS:
                across |= place
                skips.append((place, place << 1))
                place <<= 1
            case Run.FOLDERS:       # of two places: what has begun to stand for something must end with /
                begun = place << 1
                across |= begun
                letters["/"] = letters.get("/", 0) | begun
                skips.append((place, begun | begun << 1))
                place = begun << 1
    return Automaton(letters, within, across, tuple(skips), place)
