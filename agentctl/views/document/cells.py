"""A step taken apart: its form, which it shares with its like, and the values that stand in it, each at its spot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from agentctl.views.document.records import told_by_records, untold
from agentctl.views.values import key, tag

Cell: TypeAlias = Mapping[str, Any]     # ``before`` and ``after``, or the one of them there is

_LINES = 200            # of a text whose lines are looked at one by one
_LONGEST = 2_000        # characters of a value that is one of many


class Spot(NamedTuple):
    """Where in a step a value stands: its part (target, address, record, argument, note), and each line of a text."""

    part: str
    path: str
    inner: tuple[str, ...] = ()
    line: int | None = None


def leaves(wire: Any, inner: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], int | None, Any]]:
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


def taken_apart(step: Mapping[str, Any]) -> tuple[str, dict[Spot, Cell]] | None:
    """Return the form of a step and its cells. Nothing of a step that has several records: it is like no other.

    The form holds all a reviewer judges by but single values: action, ruling, rules, way back, which fields there are
    and of what kind. Texts too long to be read beside others are part of it.
    """
    if len(step["records"]) > 1:
        return None
    cells: dict[Spot, Cell] = {Spot("target", ""): {"after": step["target"]}}
    kept: list[Any] = []
    for record in step["records"]:
        if not record["address"].endswith("/" + step["target"]):
            cells[Spot("address", "")] = {"after": record["address"]}
        for change in record["changes"]:
            sides = {side: change[side] for side in ("before", "after") if side in change}
            _fill(cells, kept, "record", change["path"], sides)
    for name, wire in ({} if told_by_records(step) else untold(step)).items():
        _fill(cells, kept, "argument", name, {"after": wire})
    for number, note in enumerate(step["notes"]):
        _fill(cells, kept, "note", f"{number}", {"after": note})
    decision = step["decision"]
    form = key([
        step["action"], step["effect"], step["ruling"], step["why"], step["needs"], decision["verdict"],
        decision["mode"], [[item["rule"], item["outcome"], item["reason"]] for item in decision["findings"]],
        [step[name] is not None for name in ("halt", "rejection", "doubt")],
        [record["effect"] for record in step["records"]],
        step["inverse"]["kind"], step["inverse"]["action"], step["inverse"]["stays"], step["preview"],
        [[*spot, kinds(cell)] for spot, cell in cells.items()], kept,
    ])
    return form, cells


def kinds(cell: Cell) -> list[list[str]]:
    """Return of what kind each side of a cell is: part of a form, as its value is not."""
    return [[side, _kind(wire)] for side, wire in cell.items()]


def _fill(cells: dict[Spot, Cell], kept: list[Any], part: str, path: str, cell: Cell) -> None:
    if any(_too_long(wire) for wire in cell.values()):
        kept.append([part, path, cell])
    elif len(cell) == 1:
        for side, wire in cell.items():
            cells |= {Spot(part, path, inner, line): {side: leaf} for inner, line, leaf in leaves(wire)}
    elif any(isinstance(wire, str) and "\n" in wire for wire in cell.values()):
        kept.append([part, path, cell])         # what differs in it is seen as a diff only
    else:
        cells[Spot(part, path)] = cell


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
