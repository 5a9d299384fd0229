"""Which credentials a change would carry somewhere, and where they stand. How one looks is ``spotting``'s part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agentctl.model.action import ActionSpec
from agentctl.model.change import Change, Effect
from agentctl.model.values import same
from agentctl.policy.spotting import Spotted, spot
from agentctl.policy.units import Unit, units


def in_arguments(change: Change, spec: ActionSpec) -> tuple[Spotted, ...]:
    """Return what looks like a credential in the arguments, but for those that are made to hold one."""
    return tuple(found for _, found in _given(change, spec))


def in_record(unit: Unit, spec: ActionSpec) -> tuple[Spotted, ...]:
    """Return what looks like a credential in the values a record newly gets, and stood not in that field before."""
    return tuple(found for _, found in _written(unit, spec))


def leaking(change: Change, spec: ActionSpec) -> frozenset[str]:
    """Return the names of the arguments and fields of ``change`` in which something looks like a new credential."""
    written = (name for unit in units(change) for name, _ in _written(unit, spec))
    return frozenset((*(name for name, _ in _given(change, spec)), *written))


def told(found: Iterable[Spotted]) -> str:
    """Say where something looks like a credential, and of which kind; never what it is. Nothing where there is none."""
    places = list(dict.fromkeys((item.path, item.kind) for item in found))
    if not places:
        return ""
    path, kind = places[0]
    more = f", and there are {len(places) - 1} more" if len(places) > 1 else ""
    return f"`{path}` holds what looks like {kind}{more}"


def _given(change: Change, spec: ActionSpec) -> Iterator[tuple[str, Spotted]]:
    for name, value in change.arguments.items():
        if name not in spec.secret:
            for found in spot(f"args.{name}", value):
                yield name, found


def _written(unit: Unit, spec: ActionSpec) -> Iterator[tuple[str, Spotted]]:
    if unit.effect in (Effect.READ, Effect.NO_OP):
        return
    before, after = unit.before or {}, unit.after or {}
    for name, value in after.items():
        if name not in spec.sensitive and not (name in before and same(before[name], value)):
            for found in _new(f"after.{name}", before.get(name), value):
                yield name, found


def _new(path: str, before: object, after: object) -> Iterable[Spotted]:
    found = list(spot(path, after))
    known = {item.text for item in spot(path, before)} if found else set()
    return (item for item in found if item.text not in known)
