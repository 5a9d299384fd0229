"""Steps taken apart: the forms they share with their like, and the values that stand in them, a column a spot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from agentctl.facts import dataclass
from agentctl.views.document.judged import Judged
from agentctl.views.document.records import told_by_records, untold
from agentctl.views.values import key, tag, typed

_Step: TypeAlias = Mapping[str, Any]
_Inner: TypeAlias = tuple[str, ...]
_Place: TypeAlias = tuple[str, str, _Inner, int | None, str, str]   # a spot, its side, and what kind of value is there

_LINES = 200            # of a text whose lines are looked at one by one
_LONGEST = 2_000        # characters of a value that is one of many


@dataclass(frozen=True)
class Spot:
    """Where in a step a value stands: its part (target, address, record, argument, note), and each line of a text."""

    part: str
    path: str
    inner: _Inner = ()
    line: int | None = None


@dataclass(frozen=True)
class Column:
    """What steps of one form have at one spot: ``before``, ``after`` or both, the values in the order of the steps."""

    spot: Spot
    kinds: Mapping[str, str]
    sides: Mapping[str, Sequence[Any]]

    def of(self, rows: Sequence[int]) -> Column:
        """Return the column of some of the steps."""
        sides = {side: [wires[at] for at in rows] for side, wires in self.sides.items()}
        return Column(self.spot, self.kinds, sides)


@dataclass(frozen=True)
class Form:
    """Steps that differ in single values at most."""

    steps: Sequence[_Step]
    columns: Sequence[Column]


def forms(steps: Sequence[_Step], judged: Judged) -> list[Form]:
    """Return the forms that ``steps`` have. A step that has several records, or two values at one spot, is in none.

    A form holds all a reviewer judges by but single values: action, ruling, rules, way back, which fields there are
    and of what kind. Texts too long to be read beside others are part of it.
    """
    gathered: dict[Hashable, tuple[tuple[_Place, ...], list[_Step], list[Sequence[Any]]]] = {}
    for step in steps:
        if len(step["records"]) > 1:
            continue
        apart = _taken_apart(step)
        places = tuple(apart.places)
        form = (
            judged.number(step), step["inverse"]["action"], step["preview"],
            step["halt"] is not None, step["rejection"] is not None, step["doubt"] is not None,
            tuple([record["effect"] for record in step["records"]]), places, tuple(apart.kept),
        )
        _, same, rows = gathered.get(form) or gathered.setdefault(form, (places, [], []))
        same.append(step)
        rows.append(apart.values)
    return [Form(same, _columns(places, rows)) for places, same, rows in gathered.values() if _told_apart(places)]


def leaves(wire: Any, inner: _Inner = ()) -> Iterator[tuple[_Inner, int | None, Any]]:
    """Yield the single values of a wire value with their places: items of lists, fields of mappings, lines of texts."""
    if isinstance(wire, str) and "\n" in wire:
        for number, line in enumerate(wire.split("\n"), 1):
            yield inner, number, line
    elif isinstance(wire, list) and wire:
        for number, item in enumerate(wire):
            yield from leaves(item, (*inner, f"[{number}]"))
    elif isinstance(wire, dict) and wire and tag(wire) is None:
        for name, item in wire.items():
            yield from leaves(item, (*inner, f".{name}"))
    else:
        yield inner, None, wire


@dataclass(frozen=True, slots=True)
class _Apart:
    """A step's places and the value at each, in the same order; ``kept`` are the values that are not taken apart."""

    places: list[_Place]
    values: list[Any]
    kept: list[Hashable]

    def add(self, part: str, path: str, wire: Any, side: str = "after") -> None:
        if type(wire) is str and len(wire) <= _LONGEST and "\n" not in wire:
            self.places.append((part, path, (), None, side, "text"))
            self.values.append(wire)
        elif _too_long(wire):
            self.kept.append((part, path, side, typed(wire)))
        else:
            for inner, line, leaf in leaves(wire):
                self.places.append((part, path, inner, line, side, _kind(leaf)))
                self.values.append(leaf)

    def add_both(self, path: str, before: Any, after: Any) -> None:
        if any(_too_long(wire) or (isinstance(wire, str) and "\n" in wire) for wire in (before, after)):
            self.kept.append((path, typed(before), typed(after)))       # what differs in lines is seen as a diff only
        else:
            self.places.append(("record", path, (), None, "before", _kind(before)))
            self.places.append(("record", path, (), None, "after", _kind(after)))
            self.values.extend((before, after))


def _taken_apart(step: _Step) -> _Apart:
    target = step["target"]
    apart = _Apart([("target", "", (), None, "after", "text")], [target], [])
    for record in step["records"]:
        if not record["address"].endswith("/" + target):
            apart.places.append(("address", "", (), None, "after", "text"))
            apart.values.append(record["address"])
        for change in record["changes"]:
            if "before" not in change:
                apart.add("record", change["path"], change["after"])
            elif "after" not in change:
                apart.add("record", change["path"], change["before"], "before")
            else:
                apart.add_both(change["path"], change["before"], change["after"])
    for name, wire in ({} if told_by_records(step) else untold(step)).items():
        apart.add("argument", name, wire)
    for number, note in enumerate(step["notes"]):
        apart.add("note", f"{number}", note)
    return apart


def _columns(places: Sequence[_Place], rows: Sequence[Sequence[Any]]) -> list[Column]:
    kinds: dict[Spot, dict[str, str]] = defaultdict(dict)
    sides: dict[Spot, dict[str, Sequence[Any]]] = defaultdict(dict)
    for (part, path, inner, line, side, kind), wires in zip(places, zip(*rows, strict=True), strict=True):
        spot = Spot(part, path, inner, line)
        kinds[spot][side], sides[spot][side] = kind, wires
    return [Column(spot, kinds[spot], sides[spot]) for spot in sides]


def _told_apart(places: Sequence[_Place]) -> bool:
    """Whether no two values are called by the same name, as in ``{a: {b: 1}, a.b: 2}``: one would hide the other."""
    return len({(part, path, "".join(inner), line, side) for part, path, inner, line, side, _ in places}) == len(places)


def _too_long(wire: Any) -> bool:
    if isinstance(wire, str):
        if len(wire) <= _LONGEST and "\n" not in wire:
            return False
        lines = wire.split("\n")
        return len(lines) > _LINES or max(map(len, lines)) > _LONGEST
    if isinstance(wire, list):
        return len(wire) > _LINES or any(map(_too_long, wire))
    return isinstance(wire, dict) and (len(wire) > _LINES or any(map(_too_long, wire.values())))


def _kind(wire: Any) -> str:
    if isinstance(wire, dict):
        tagged = tag(wire)
        return "{}" if tagged is None else "number" if tagged[0] in ("$int", "$decimal") else tagged[0]
    if isinstance(wire, list):
        return f"[{len(wire)}]"
    if isinstance(wire, bool) or wire is None:
        return key(wire)
    return "text" if isinstance(wire, str) else "number"
