"""Steps that are alike but for single values: what is the same for all, what varies, and who does not belong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from posixpath import commonprefix
from typing import Any, TypeAlias

from agentctl.facts import dataclass, replace
from agentctl.patterns import regex
from agentctl.views.document.cells import Column, Form, Spot, forms
from agentctl.views.document.judged import Judged
from agentctl.views.document.outliers import hosts, may_lead, number, odd_steps
from agentctl.views.values import all_texts, key, typed_each

_Step: TypeAlias = Mapping[str, Any]

_SMALLEST = 5
_ROUNDS = 3             # what stands out hides what stands out less
_SHORT = 240            # characters of one step that vary and still read well as a list
_MANY = 40              # steps from where even long values read better as a list
_LONGEST = 30           # digits that are counted with
_DIGITS = regex(r"(\d+)")


@dataclass(frozen=True)
class Likes:
    """Steps that are alike. ``varies``: each spot whose values differ, with all of them. ``stands_out``: who was taken
    out, by which value."""

    steps: Sequence[_Step]
    varies: Sequence[dict[str, Any]] = ()
    stands_out: Sequence[dict[str, Any]] = ()


def likes(steps: Sequence[_Step], judged: Judged) -> list[Likes]:
    """Return the groups of like steps among ``steps``; those that are like few others are in none."""
    if len(steps) < _SMALLEST:
        return []
    of_a_form = forms(steps, judged)
    few = [form for form in of_a_form if len(form.steps) < _SMALLEST]
    return [
        replace(like, stands_out=[*like.stands_out, *_otherwise(few, form)]) if len(like.steps) * 2 > len(steps)
        else like
        for form in of_a_form if len(form.steps) >= _SMALLEST for like in _sifted(form, judged)
    ]


def _otherwise(few: Iterable[Form], usual: Form) -> list[dict[str, Any]]:
    """Return by which of its fields each step of ``few`` is not of the usual form."""
    fields = _fields(usual)
    reasons = []
    for form in few:
        own = _fields(form)
        differing = [
            field for field in [*own, *(field for field in fields if field not in own)]
            if own.get(field) != fields.get(field)
        ]
        reasons += [
            (Spot(*field), "of another form than the rest", step["id"]) for step in form.steps for field in differing
        ]
    return _by_reason(reasons)


def _fields(form: Form) -> dict[tuple[str, str], list[Any]]:
    fields: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for column in form.columns:
        spot = column.spot
        fields[spot.part, spot.path].append((spot.inner, spot.line, column.kinds))
    return fields


def _sifted(form: Form, judged: Judged) -> list[Likes]:
    """Take out who stands out, and gather those among themselves: they may be many as well."""
    kept, reasons = [*range(len(form.steps))], []
    varying = columns = [column for column in form.columns if not _shared(column)]
    for _ in range(_ROUNDS):
        found = _standing_out(columns)
        if not found or len(kept) - len(found) < _SMALLEST:
            break
        reasons += [(spot, why, form.steps[kept[at]]["id"]) for at, (spot, why) in found.items()]
        kept = [place for at, place in enumerate(kept) if at not in found]
        columns = [column.of(kept) for column in varying]
    varies = _varies(columns)
    if len(kept) < _MANY and sum(_extent(item) for item in varies) > _SHORT * len(kept):
        return []
    taken = {*kept}
    others = likes([step for at, step in enumerate(form.steps) if at not in taken], judged)
    like = Likes(steps=[form.steps[at] for at in kept], varies=varies, stands_out=_by_reason(reasons))
    return [*others, like]


def _shared(column: Column) -> bool:
    """Whether all values of one kind are the same; inside of collections ``==`` would take 1 for true."""
    return all(
        wires.count(wires[0]) == len(wires)
        and not (isinstance(wires[0], list | dict) and len(set(map(key, wires))) > 1)
        for wires in column.sides.values()
    )


def _standing_out(columns: Sequence[Column]) -> dict[int, tuple[Spot, str]]:
    found: dict[int, tuple[Spot, str]] = {}
    for column in columns:
        for at, why in odd_steps(column.sides).items():
            found.setdefault(at, (column.spot, why))
    return found


def _by_reason(reasons: Iterable[tuple[Spot, str, str]]) -> list[dict[str, Any]]:
    gathered: dict[tuple[Spot, str], list[str]] = defaultdict(list)
    for spot, why, step in reasons:
        gathered[spot, why].append(step)
    return [{**_place(spot), "why": why, "steps": steps} for (spot, why), steps in gathered.items()]


def _varies(columns: Iterable[Column]) -> list[dict[str, Any]]:
    found = []
    for column in columns:
        sides = column.sides
        labels = [typed_each(wires) for wires in sides.values()]
        names: Sequence[Any] = labels[0] if len(labels) == 1 else [*zip(*labels, strict=True)]
        counts = Counter(names)
        if len(counts) == 1:
            continue
        cells = dict(zip(names, zip(*sides.values(), strict=True), strict=True))
        distinct = dict(zip(sides, zip(*cells.values(), strict=True), strict=True))
        ranks = zip(*(_ranks(distinct[side]) for side in ("after", "before") if side in sides), strict=True)
        ranked = sorted(zip(ranks, cells, strict=True), key=itemgetter(0))
        if len(counts) < len(names):
            ranked.sort(key=lambda item: -counts[item[1]])
        found.append({
            **_place(column.spot),
            "values": _counted([*sides], cells, [(name, counts[name]) for _, name in ranked]),
            "hosts": _hosts(cells, counts),
        })
    return found


def _counted(
    sides: Sequence[str], cells: Mapping[Any, Sequence[Any]], counts: Iterable[tuple[Any, int]]
) -> list[dict[str, Any]]:
    if len(sides) == 1:
        side = sides[0]
        return [{side: cells[name][0], "count": count} for name, count in counts]
    one, other = sides
    return [{one: cells[name][0], other: cells[name][1], "count": count} for name, count in counts]


def _hosts(cells: Mapping[Any, Sequence[Any]], counts: Mapping[Any, int]) -> list[dict[str, Any]]:
    at: Counter[str] = Counter()
    if not may_lead("".join([wire for cell in cells.values() for wire in cell if isinstance(wire, str)])):
        return []
    for name, cell in cells.items():
        for wire in cell:
            for host in hosts(wire):
                at[host] += counts[name]
    return [{"host": host, "count": at[host]} for host in sorted(at, key=lambda host: (-at[host], host))]


def _place(spot: Spot) -> dict[str, Any]:
    return {"part": spot.part, "path": spot.path, "inner": "".join(spot.inner), "line": spot.line}


def _extent(varying: Mapping[str, Any]) -> int:
    return sum(
        len(key(item[side])) * item["count"]
        for item in varying["values"] for side in ("before", "after") if side in item
    )


def _ranks(wires: Sequence[Any]) -> list[Any]:
    """Order numbers by size, and texts as people count: 9 before 10."""
    if all_texts(wires):
        start = commonprefix(wires).rstrip("0123456789")
        ends = [wire[len(start):] for wire in wires]
        together = "".join(ends)
        numbered = all(ends) and together.isascii() and together.isdigit() and len(max(ends, key=len)) <= _LONGEST
        if numbered and not start[-1:].isdecimal():
            return [(int(end), end) for end in ends]    # most names that somebody numbered: a tenth of the work
    return [*map(_rank, wires)]


def _rank(wire: Any) -> tuple[Any, ...]:
    if (amount := number(wire)) is not None:
        return 0, amount, ()
    text = wire if isinstance(wire, str) else key(wire)
    parts = _DIGITS.split(text)
    return 1, 0, tuple(
        (int(part[:_LONGEST]) if at % 2 and part.isascii() else 0, part) for at, part in enumerate(parts)
    )
