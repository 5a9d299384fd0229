"""Draws steps that are alike but for single values as one block: what all share, and every value of what varies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from agentctl.patterns import regex
from agentctl.views import safe, values
from agentctl.views.counted import counted
from agentctl.views.document.cells import leaves
from agentctl.views.document.records import told_by_records, untold
from agentctl.views.look import Detail
from agentctl.views.page import Ink, Inked, Page
from agentctl.views.symbols import EFFECTS
from agentctl.views.terminal.rows import draw_changes
from agentctl.views.terminal.step import draw_undo, policy

_VALUES_SHOWN = 1_000
_HOSTS_SHOWN = 40
_LONGEST = 400
_LISTED = 12            # values that are told where they stand; more are listed below what all share
_RUN = 3                # consecutive numbers that are told by their ends
_UNCOUNTED = 10**18     # numbers of more digits are none we count with
_NUMBERED = regex(r"(.*?)(0|[1-9][0-9]{0,17})([^0-9]*)", re.DOTALL)

_Step: TypeAlias = Mapping[str, Any]
_Varying: TypeAlias = Mapping[tuple[str, str, str, int | None], Mapping[str, Any]]


def draw_varying(page: Page, group: Mapping[str, Any], sample: _Step, see: str) -> None:
    """Draw a group whose values vary by ``sample``, one of its steps; ``see`` is the command that shows one."""
    varying = {(item["part"], item["path"], item["inner"], item["line"]): item for item in group["varies"]}
    symbol, ink = EFFECTS[group["effect"]]
    many = Inked(f"{group['count']:,} ×", Ink.STRONG)
    if page.look.detail is Detail.SUMMARY:
        told = [f"{label_of(item, sample)}: {len(item['values']):,} values"
                for item in group["varies"] if item["part"] in ("record", "argument")]
        page.line(
            Inked(f"{symbol:<2} ", ink), many, f"  {safe.line(group['action'])}  {_targets(varying, sample)}  ",
            Inked(", ".join(told), Ink.FAINT), indent=2, hang=9,
        )
        return
    page.line(Inked(f"{symbol:<2} ", ink), many, f"  {safe.line(group['action'])}", indent=2, hang=9)
    page.line(Inked("on  ", Ink.FAINT), _targets(varying, sample), indent=7, hang=11)
    for name, wire in ({} if told_by_records(sample) else untold(sample)).items():
        _draw_field(page, varying, "argument", {"path": name, "after": wire}, "")
    for record in sample["records"]:
        symbol = EFFECTS[record["effect"]][0]
        if ("address", "", "", None) in varying:
            page.line(Inked(f"{symbol} ", ink), _names(varying["address", "", "", None]), indent=7, hang=11)
        for change in record["changes"]:
            _draw_field(page, varying, "record", change, symbol)
    for number, note in enumerate(sample["notes"]):
        item = varying.get(("note", f"{number}", "", None))
        text = f"{_head(item)}: {_all_of(item)}" if item else safe.line(note)
        page.line(Inked(f"note  {text}", Ink.FAINT), indent=7, hang=13)
    page.line(*policy(sample, full=False), indent=7, hang=15)
    if sample["effect"] not in ("read", "no-op"):
        draw_undo(page, {**sample["inverse"], "target": ""}, full=False)
    page.line(Inked("one of them, whole:", Ink.FAINT), indent=7)
    page.line(Inked(see, Ink.COMMAND), indent=11, whole=True)
    for item in group["varies"]:
        if len(item["values"]) > _LISTED and item["part"] in ("record", "argument"):
            page.line(Inked(f"{label_of(item, sample)}: ", Ink.CHANGE), f"all {len(item['values']):,} values", indent=7)
            page.line(_all_of(item), indent=11, hang=11)


def label_of(item: Mapping[str, Any], sample: _Step) -> str:
    """Return how to call a spot: by its field, and by its place in it where that has more than one."""
    fields = {change["path"]: change for record in sample["records"] for change in record["changes"]}
    given = {"after": sample["arguments"].get(item["path"])}
    cell = fields.get(item["path"], {}) if item["part"] == "record" else given
    lone = item["inner"] == "[0]" and any(isinstance(wire, list) and len(wire) == 1 for wire in cell.values())
    line = f" line {item['line']}" if item["line"] else ""
    return safe.line(f"{item['path']}{'' if lone else item['inner']}{line}" or item["part"])


def _draw_field(page: Page, varying: _Varying, part: str, change: Mapping[str, Any], sign: str) -> None:
    """Draw one field: as it is where all share it, else what all share of it and every value of the rest."""
    path = change["path"]
    mine = [item for spot, item in varying.items() if spot[:2] == (part, path)]
    if not mine:
        if part == "argument":
            text = values.inline(change["after"], None if page.look.detail is Detail.FULL else _LONGEST)
            page.line(Inked(f"{safe.line(path)}: ", Ink.FAINT), text, indent=7, hang=11)
        else:
            draw_changes(page, [change], 7, sign)
        return
    if "before" in change and "after" in change:
        _draw_values(page, f"{path}", mine[0], 7)
        return
    wire = change["after"] if "after" in change else change["before"]
    parts = [*leaves(wire)]
    if len(parts) > 1 and parts[-1][1:] == (len(parts), "") and isinstance(wire, str):
        parts.pop()                                     # what ends with a newline has no line after it
    if isinstance(wire, str) and "\n" in wire:
        vary = counted(len(mine), "varies", "vary")
        page.line(f"{safe.line(path)}: {counted(len(parts), 'line')}, {vary}", indent=7)
    for inner, line, leaf in parts:
        place = "".join(inner)
        label = f"{path}{place}" if len(parts) > 1 or not place.startswith("[") else path
        item = varying.get((part, path, place, line))
        if line is None or not isinstance(wire, str):
            label = label if line is None else f"{label} line {line}"
            if item is None:
                page.line(f"{safe.line(label)}: ", Inked(values.inline(leaf, _LONGEST), Ink.FAINT), indent=7, hang=11)
            else:
                _draw_values(page, label, item, 7)
        elif item is None:
            page.line(Inked(f"{sign or '+'} {safe.line(leaf)}", Ink.FAINT), indent=9, hang=13)
        else:
            _draw_values(page, "≠ line", item, 9)


def _draw_values(page: Page, label: str, item: Mapping[str, Any], indent: int) -> None:
    below = ", all listed below" if len(item["values"]) > _LISTED else ""
    page.line(Inked(f"{safe.line(label)}: ", Ink.CHANGE), Inked(_head(item), Ink.STRONG), below, indent=indent)
    found = item["hosts"]
    if found and (len(found) <= _HOSTS_SHOWN or len(found) * 2 < len(item["values"])):
        more = len(found) - _HOSTS_SHOWN
        shown = [_times(safe.line(host["host"]), host["count"]) for host in found[:_HOSTS_SHOWN]]
        page.line(Inked("leads to ", Ink.FAINT), _joined(shown, more), indent=indent + 4, hang=indent + 8)
    if not below:
        page.line(_all_of(item), indent=indent + 4, hang=indent + 4)


def _head(item: Mapping[str, Any]) -> str:
    once = all(value["count"] == 1 for value in item["values"])
    return f"{len(item['values']):,} values{', no two the same' if once else ''}"


def _all_of(item: Mapping[str, Any]) -> str:
    shown = [_times(_value(value), value["count"]) for value in item["values"][:_VALUES_SHOWN]]
    return _joined(shown, len(item["values"]) - _VALUES_SHOWN)


def _value(cell: Mapping[str, Any]) -> str:
    return " → ".join(values.inline(cell[side], _LONGEST) for side in ("before", "after") if side in cell)


def _times(text: str, count: int) -> str:
    return f"{text} × {count:,}" if count > 1 else text


def _joined(shown: Sequence[str], more: int) -> str:
    return ", ".join(shown) + (f" … and {more:,} more: --diff full shows all" if more > 0 else "")


def _targets(varying: _Varying, sample: _Step) -> str:
    item = varying.get(("target", "", "", None))
    return safe.line(sample["target"]) if item is None else _names(item)


def _names(item: Mapping[str, Any]) -> str:
    names = [(value["after"], value["count"]) for value in item["values"]]
    shown = [text for run in _runs(names) for text in run]
    return _joined(shown[:_VALUES_SHOWN], len(shown) - _VALUES_SHOWN)


def _runs(names: Sequence[tuple[str, int]]) -> list[list[str]]:
    """Return names, those that count up without a gap as ``first … last (300)``."""
    runs: list[list[tuple[str, int]]] = []
    following: Iterator[str] = iter(())
    for name, count in names:
        if count == 1 and name == next(following, None):
            runs[-1].append((name, count))
        else:
            runs.append([(name, count)])
            following = _following(name) if count == 1 else iter(())
    return [
        [f"{safe.line(run[0][0])} … {safe.line(run[-1][0])} ({len(run):,})"] if len(run) >= _RUN
        else [_times(safe.line(name), count) for name, count in run]
        for run in runs
    ]


def _following(name: str) -> Iterator[str]:
    """Yield the names that count on from ``name``."""
    found = _NUMBERED.fullmatch(name)
    if found is not None and not found[1][-1:].isdigit():
        for number in range(int(found[2]) + 1, _UNCOUNTED):
            yield f"{found[1]}{number}{found[3]}"
