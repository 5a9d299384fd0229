"""Which of many values that differ anyway differ in a way a reviewer must see first. No step and no drawing here.

An author who buries one bad value among three hundred good ones chooses all three hundred. So nothing here decides
what is shown: what varies is listed whole. It decides what is shown first, by traits an author cannot do without:
where a mail or a link goes, which folder, letters of another alphabet, an amount out of all proportion.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation, localcontext
from itertools import pairwise
from typing import Any, TypeVar

from agentctl.facts import dataclass
from agentctl.patterns import regex
from agentctl.views import safe, values

_Size = TypeVar("_Size", int, Decimal)

_SHARE = 20                 # a value is common that one step in twenty has
_FEW = 8                    # as many common values make a pattern, more are a list
_FAR = 3                    # times what nine in ten stay below
_GAP = 5                    # times less than the next larger one
_LONG = 40                  # characters from where length says something
_SHOWN = 72                 # characters of a value that is named
_HOST = regex(
    r"(?:[^\s@<>\"',;]@|\b[a-z][a-z0-9+.-]*://(?:[^\s/@]*@)?)(\[[^\]\s]+\]|[^\s/@<>\"',;:?#)\]]+)", re.IGNORECASE
)
_FILE = regex(r"[^\s:@]*/[^\s:@]*|[\w.-]+\.\w{1,8}")
_SIGNS = regex(r"[<>{}$;|&`\\]")
_OF_ANY_SIZE = Context(Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])     # what a system says never ends the review
_TWINS = (("rn", "m"), ("vv", "w"), ("cl", "d"))


def hosts(wire: Any) -> tuple[str, ...]:
    """Return the domains and hosts that addresses and links in a text lead to, each once, sorted."""
    if not isinstance(wire, str) or not may_lead(wire):
        return ()
    return tuple(sorted({found.rstrip(".").lower() for found in _HOST.findall(wire)}))


def odd(wires: Sequence[Any]) -> dict[int, str]:
    """Return which of the values one field has, by position, stand out from the others, and in which way."""
    found: dict[int, str] = {}
    labels = values.typed_each(wires)
    counts = Counter(labels)
    if len(counts) < 2:
        return found
    if values.all_texts(wires):
        _add_texts(found, wires)
    elif (numbers := _numbers(wires)) is not None:
        _add_amounts(found, numbers, wires)
    _add(found, {at: f"{_cut(wires[at])}, unlike the rest" for at in _rare(labels)})
    return found


def odd_steps(sides: Mapping[str, Sequence[Any]]) -> dict[int, str]:
    """Return which of the changes old → new of one field stand out, by position, and in which way."""
    found: dict[int, str] = {}
    with localcontext(_OF_ANY_SIZE):
        for side in ("before", "after"):
            if side in sides:
                _add(found, odd(sides[side]))
        if len(sides) == 2:
            old, new = _numbers(sides["before"]), _numbers(sides["after"])
            if old is not None and new is not None:
                _add_steps(found, old, new)
    return found


def _add_steps(found: dict[int, str], old: Sequence[Decimal], new: Sequence[Decimal]) -> None:
    up = ["up" if after > before else "down" for before, after in zip(old, new, strict=True)]
    _add(found, {at: f"goes {up[at]}, unlike the rest" for at in _rare(up)})
    if all(old) and all(new):
        ratios = [abs(after / before) for before, after in zip(old, new, strict=True)]
        _add(found, {at: f"changes by a factor of {ratios[at]:.3g}, unlike the rest" for at in _far(ratios)})


def _numbers(wires: Iterable[Any]) -> list[Decimal] | None:
    """Return all values as numbers where all are."""
    found = []
    for wire in wires:
        if (one := number(wire)) is None:
            return None
        found.append(one)
    return found


def number(wire: Any) -> Decimal | None:
    """Return a wire value as a number where it is one; None for what is not, nor a finite one."""
    if isinstance(wire, dict) and len(wire) == 1:
        wire = wire.get("$decimal", wire.get("$int"))
        if not isinstance(wire, str):
            return None
    elif isinstance(wire, bool) or not isinstance(wire, int):
        return None
    try:
        found = Decimal(wire)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _add(found: dict[int, str], more: Mapping[int, str]) -> None:
    """Add who stands out in one more way; the first way is told."""
    for at, why in more.items():
        found.setdefault(at, why)


def _add_amounts(found: dict[int, str], numbers: Sequence[Decimal], wires: Sequence[Any]) -> None:
    signs = ["0" if not one else "-" if one < 0 else "+" for one in numbers]
    _add(found, {at: f"{_cut(wires[at])}, of another sign than the rest" for at in _rare(signs)})
    _add(found, {at: f"{_cut(wires[at])}, far from the rest" for at in _far([abs(one) for one in numbers])})


def _add_texts(found: dict[int, str], texts: Sequence[str]) -> None:
    together = "".join(texts)
    twins = _alike(texts)
    _add(found, {at: f"{_cut(text)} looks like {_cut(twins[text])}" for at, text in enumerate(texts) if text in twins})
    if may_lead(together):
        named = [hosts(text) for text in texts]
        twins = _alike([host for some in named for host in some], folded=True)
        _add(found, {
            at: f"{host} looks like {twins[host]}" for at, some in enumerate(named) for host in some if host in twins
        })
    for trait in _TRAITS:
        if trait.may_be_in(together):
            labels = [*map(trait.of, texts)]
            if any(labels):
                _add(found, {at: trait.why(labels[at]) for at in _rare(labels)})
    lengths = [*map(len, texts)]
    if max(lengths) > _LONG:
        _add(found, {at: "far longer than the rest" for at in _far(lengths) if lengths[at] > _LONG})


def _rare(labels: Sequence[Hashable]) -> list[int]:
    """Return where a label stands that is not among the few that nearly all have."""
    counts = Counter(labels)
    common = {label for label, count in counts.items() if count > 1 and count * _SHARE >= len(labels)}
    if not common or len(common) > _FEW or len(common) == len(counts):
        return []
    rare = [at for at, label in enumerate(labels) if label not in common]
    return rare if len(rare) <= max(1, len(labels) // 10) else []


def _far(sizes: Sequence[_Size]) -> list[int]:
    """Return where a size stands that is out of proportion: above three times what nine in ten stay below, or below
    a gap that no more than one in ten lie under."""
    ordered: list[_Size] = sorted(sizes)
    most = ordered[(len(ordered) - 1) * 9 // 10]
    lowest = [*pairwise(ordered[:max(1, len(ordered) // 10) + 1])]
    under = next((small for small, large in reversed(lowest) if small * _GAP < large), None)
    return [at for at, size in enumerate(sizes) if size > most * _FAR or (under is not None and size <= under)]


def _alike(texts: Sequence[str], *, folded: bool = False) -> dict[str, str]:
    """Return each text that could be taken for another one among them, with that other, the more frequent."""
    counts = Counter(texts)
    seen = [*map(_folded, counts)] if folded else safe.skeletons(counts)
    if len(set(seen)) == len(seen):
        return {}
    looks: dict[str, list[str]] = defaultdict(list)
    for look, text in zip(seen, counts, strict=True):
        looks[look].append(text)
    found: dict[str, str] = {}
    for same in looks.values():
        if len(same) > 1:
            same.sort(key=lambda text: (-counts[text], text))
            found |= dict.fromkeys(same[1:], same[0])
            if counts[same[0]] == counts[same[1]]:
                found[same[0]] = same[1]            # nobody can say which of them is the right one
    return found


def _folded(host: str) -> str:
    for letters, twin in _TWINS:
        host = host.replace(letters, twin)
    return safe.skeleton(host)


def _cut(wire: Any) -> str:
    return values.inline(wire, _SHOWN)


def may_lead(text: str) -> bool:
    """Whether a text, or one of many in a row, may hold an address or a link."""
    return "@" in text or "://" in text


def _folder(text: str) -> str:
    return text.rpartition("/")[0] + "/" if "/" in text and _FILE.fullmatch(text) else ""


def _ending(text: str) -> str:
    name = text.rpartition("/")[2]
    return name.rpartition(".")[2] if "." in name and _FILE.fullmatch(text) else ""


def _dotted(text: str) -> str:
    dotted = [part for part in text.split("/") if part.startswith(".")] if _FILE.fullmatch(text) else []
    return "/".join(dotted)


def _scripts(text: str) -> str:
    if text.isascii():
        return ""
    scripts = {unicodedata.name(sign, "?").split()[0].capitalize() for sign in text if sign.isalpha()}
    return ", ".join(sorted(scripts - {"Latin"}))


def _unseen(text: str) -> str:
    return "" if text.isascii() and text.isprintable() else "".join(sorted({s for s in text if not safe.visible(s)}))


def _signs(text: str) -> str:
    return "".join(sorted(set(_SIGNS.findall(text))))


def _edges(text: str) -> str:
    return "" if text == text.strip() else "blanks"


@dataclass(frozen=True)
class _Trait:
    """One trait ``of`` a text, empty where it has not got it; ``may_be_in`` asks it of many texts in a row at once."""

    of: Callable[[str], str]
    may_be_in: Callable[[str], bool]
    why: Callable[[str], str]


_TRAITS = (
    _Trait(
        lambda text: ", ".join(hosts(text)), may_lead,
        lambda label: f"leads to {label}" if label else "leads nowhere else",
    ),
    _Trait(
        _folder, lambda texts: "/" in texts,
        lambda label: f"in the folder {label}" if label else "in no folder",
    ),
    _Trait(
        _ending, lambda texts: "." in texts,
        lambda label: f"ends with .{label}" if label else "has no ending",
    ),
    _Trait(
        _dotted, lambda texts: "." in texts,
        lambda label: f"hidden as {label}" if label else "not hidden",
    ),
    _Trait(
        _scripts, lambda texts: not texts.isascii(),
        lambda label: f"has {label} letters" if label else "has Latin letters only",
    ),
    _Trait(
        _unseen, lambda texts: not (texts.isascii() and texts.isprintable()),
        lambda label: "has characters that cannot be seen" if label else "has none that cannot be seen",
    ),
    _Trait(
        _signs, lambda texts: _SIGNS.search(texts) is not None,
        lambda label: f"has {label}" if label else "has no signs of code",
    ),
    _Trait(
        _edges, lambda texts: texts.split(maxsplit=1) != [texts],
        lambda label: "has blanks at its ends" if label else "has no blanks at its ends",
    ),
)
