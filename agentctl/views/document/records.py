"""Records old → new as document parts: what differs, sensitive values never in it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from agentctl.model.change import RecordChange
from agentctl.model.plan import Argument, arguments_to_wire
from agentctl.model.values import CONCEALED, Fields, same, to_wire

_HIDDEN = {"$hidden": ""}
_ABSENT = object()


def revealed(wire: Any, values: Mapping[str, Any]) -> Any:
    """Return ``wire`` with every hidden value that ``values`` knows in its place, but for those that are concealed."""
    if isinstance(wire, dict):
        if len(wire) == 1 and isinstance(commitment := wire.get("$hidden"), str):
            return wire if commitment.startswith(CONCEALED) else values.get(commitment, wire)
        return {key: revealed(item, values) for key, item in wire.items()}
    return [revealed(item, values) for item in wire] if isinstance(wire, list) else wire


def told_by_records(step: Mapping[str, Any]) -> bool:
    """Whether the records of a step say all that consent to it is about: else what it was given must be seen, too."""
    return bool(step["records"]) and step["preview"] == "exact" and not step["unknown"]


def untold(step: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a step was given, less what stands word for word in the one record it makes."""
    made = step["records"] if step["effect"] == "create" and len(step["records"]) == 1 else ()
    said = {change["path"]: change.get("after") for record in made for change in record["changes"]}
    return {name: wire for name, wire in step["arguments"].items() if name not in said or said[name] != wire}


def record(change: RecordChange, sensitive: Set[str]) -> dict[str, Any]:
    """Return ``{address, effect, changes, unchanged}``; in a change a missing ``before`` or ``after`` is absence."""
    return {
        "address": change.address,
        "effect": change.effect.value,
        "changes": changes(change.before, change.after, sensitive),
        "unchanged": _unchanged(change.before, change.after, sensitive) if change.before and change.after else {},
    }


def changes(before: Fields | None, after: Fields | None, sensitive: Set[str]) -> list[dict[str, Any]]:
    """Return what really differs as ``{path, before?, after?}``, mappings entered, in the record's own order."""
    if not sensitive and not (before and after):        # made or gone, nothing in it to hide: most of what agents do
        side, fields = ("after", after) if after else ("before", before or {})
        return [{"path": name, side: to_wire(value)} for name, value in fields.items()]
    found: list[dict[str, Any]] = []
    _compare(before or {}, after or {}, "", sensitive, found)
    return found


def arguments(with_: Mapping[str, Argument], sensitive: Set[str]) -> dict[str, Any]:
    """Return a step's arguments in wire form, those that set a sensitive field hidden at whatever depth they stand."""
    wires = arguments_to_wire(with_)
    if not sensitive:
        return wires
    return {name: _HIDDEN if name in sensitive else _without(wire, sensitive) for name, wire in wires.items()}


def _unchanged(before: Fields, after: Fields, sensitive: Set[str]) -> dict[str, Any]:
    return {
        name: _HIDDEN if name in sensitive else to_wire(value)
        for name, value in before.items() if name in after and same(value, after[name])
    }


def _compare(before: Fields, after: Fields, prefix: str, sensitive: Set[str], found: list[dict[str, Any]]) -> None:
    for key, old in before.items():
        if key not in after:
            found.append(_side_by_side(f"{prefix}{key}", old, _ABSENT, sensitive))
        elif not same(old, new := after[key]):
            if isinstance(old, Mapping) and isinstance(new, Mapping):
                _compare(old, new, f"{prefix}{key}.", sensitive, found)
            else:
                found.append(_side_by_side(f"{prefix}{key}", old, new, sensitive))
    for key, new in after.items():
        if key not in before:
            found.append(_side_by_side(f"{prefix}{key}", _ABSENT, new, sensitive))


def _side_by_side(path: str, old: Any, new: Any, sensitive: Set[str]) -> dict[str, Any]:
    hide = bool(sensitive) and (path in sensitive or path.partition(".")[0] in sensitive)
    sides: dict[str, Any] = {"path": path}
    if old is not _ABSENT:
        sides["before"] = _HIDDEN if hide else to_wire(old)
    if new is not _ABSENT:
        sides["after"] = _HIDDEN if hide else to_wire(new)
    return sides


def _without(wire: Any, sensitive: Set[str]) -> Any:
    if isinstance(wire, dict):
        return {key: _HIDDEN if key in sensitive else _without(item, sensitive) for key, item in wire.items()}
    if isinstance(wire, list):
        return [_without(item, sensitive) for item in wire]
    return wire
