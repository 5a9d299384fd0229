"""Steps that are alike but for single values: what is the same for all, what varies, and who does not belong."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from agentctl.views.document.cells import Cell, Spot, kinds, taken_apart
from agentctl.views.document.outliers import hosts, number, odd_steps
from agentctl.views.values import key

_Step: TypeAlias = Mapping[str, Any]

_SMALLEST = 5
_ROUNDS = 3             # what stands out hides what stands out less
_SHORT = 240            # characters of one step that vary and still read well as a list
_MANY = 40              # steps from where even long values read better as a list
_DIGITS = re.compile(r"(\d+)")


class Likes(NamedTuple):
    """Steps that are alike. ``varies``: each spot whose values differ, with all of them. ``stands_out``: who was taken
    out, by which value."""

    steps: Sequence[_Step]
    varies: Sequence[dict[str, Any]] = ()
    stands_out: Sequence[dict[str, Any]] = ()


def likes(steps: Sequence[_Step]) -> list[Likes]:
    """Return the groups of like steps among ``steps``; those that are like few others are in none."""
    forms: dict[str, list[tuple[_Step, dict[Spot, Cell]]]] = defaultdict(list)
    for step in steps if len(steps) >= _SMALLEST else ():
        if (apart := taken_apart(step)) is not None:
            forms[apart[0]].append((step, apart[1]))
    found = [like for same in forms.values() if len(same) >= _SMALLEST for like in _sifted(same)]
    few = [item for same in forms.values() if len(same) < _SMALLEST for item in same]
    return [like._replace(stands_out=[*like.stands_out, *_otherwise(few, like)]) if len(like.steps) * 2 > len(steps)
            else like for like in found]


def _otherwise(few: Sequence[tuple[_Step, dict[Spot, Cell]]], like: Likes) -> list[dict[str, Any]]:
    """Return by which of its fields each of ``few`` is not of the form that the steps of ``like`` have."""
    apart = taken_apart(like.steps[0])
    usual = {} if apart is None else _fields(apart[1])
    reasons = []
    for step, cells in few:
        own = _fields(cells)
        for part, path in [*own, *(field for field in usual if field not in own)]:
            if own.get((part, path)) != usual.get((part, path)):
                reasons.append((Spot(part, path), "of another form than the rest", step["id"]))
    return _by_reason(reasons)


def _fields(cells: Mapping[Spot, Cell]) -> dict[tuple[str, str], list[Any]]:
    fields: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for spot, cell in cells.items():
        fields[spot.part, spot.path].append([spot.inner, spot.line, kinds(cell)])
    return fields


def _sifted(same: list[tuple[_Step, dict[Spot, Cell]]]) -> list[Likes]:
    """Take out who stands out, and gather those among themselves: they may be many as well."""
    kept, reasons = same, []
    spots = [spot for spot in same[0][1] if not _shared([cells[spot] for _, cells in same])]
    for _ in range(_ROUNDS):
        found = _standing_out([cells for _, cells in kept], spots)
        if not found or len(kept) - len(found) < _SMALLEST:
            break
        reasons += [(spot, why, kept[at][0]["id"]) for at, (spot, why) in found.items()]
        kept = [item for at, item in enumerate(kept) if at not in found]
    varies = _varies([cells for _, cells in kept], spots)
    if len(kept) < _MANY and sum(_extent(item) for item in varies) > _SHORT * len(kept):
        return []
    names = {step["id"] for step, _ in kept}
    others = likes([step for step, _ in same if step["id"] not in names])
    return [*others, Likes(steps=[step for step, _ in kept], varies=varies, stands_out=_by_reason(reasons))]


def _shared(cells: Sequence[Cell]) -> bool:
    """Whether all cells of one kind hold the same; inside of collections ``==`` would take 1 for true."""
    first = cells[0]
    return all(cell == first for cell in cells) and (
        not any(isinstance(wire, list | dict) for wire in first.values()) or len(set(map(key, cells))) == 1
    )


def _standing_out(rows: Sequence[Mapping[Spot, Cell]], spots: Sequence[Spot]) -> dict[int, tuple[Spot, str]]:
    found: dict[int, tuple[Spot, str]] = {}
    for spot in spots:
        for at, why in odd_steps([row[spot] for row in rows]).items():
            found.setdefault(at, (spot, why))
    return found


def _by_reason(reasons: Iterable[tuple[Spot, str, str]]) -> list[dict[str, Any]]:
    gathered: dict[tuple[Spot, str], list[str]] = defaultdict(list)
    for spot, why, step in reasons:
        gathered[spot, why].append(step)
    return [{**_place(spot), "why": why, "steps": steps} for (spot, why), steps in gathered.items()]


def _varies(rows: Sequence[Mapping[Spot, Cell]], spots: Sequence[Spot]) -> list[dict[str, Any]]:
    found = []
    for spot in spots:
        names = [key(row[spot]) for row in rows]
        cells = {name: row[spot] for name, row in zip(names, rows, strict=True)}
        if len(cells) == 1:
            continue
        counts = Counter(names)
        ordered = sorted(cells, key=lambda name: (-counts[name], _order(cells[name])))
        at = Counter(host for row in rows for wire in row[spot].values() for host in hosts(wire))
        found.append({
            **_place(spot),
            "values": [{**cells[name], "count": counts[name]} for name in ordered],
            "hosts": [{"host": host, "count": at[host]} for host in sorted(at, key=lambda host: (-at[host], host))],
        })
    return found


def _place(spot: Spot) -> dict[str, Any]:
    return {"part": spot.part, "path": spot.path, "inner": "".join(spot.inner), "line": spot.line}


def _extent(varying: Mapping[str, Any]) -> int:
    return sum(
        len(key(item[side])) * item["count"]
        for item in varying["values"] for side in ("before", "after") if side in item
    )


def _order(cell: Cell) -> tuple[Any, ...]:
    """Order numbers by size, and texts as people count: 9 before 10."""
    return tuple(_sortable(cell[side]) for side in ("after", "before") if side in cell)


def _sortable(wire: Any) -> tuple[Any, ...]:
    if (amount := number(wire)) is not None:
        return 0, amount, ()
    text = wire if isinstance(wire, str) else key(wire)
    parts = _DIGITS.split(text)
    return 1, 0, tuple((int(part[:30]) if at % 2 and part.isascii() else 0, part) for at, part in enumerate(parts))
