"""A change cut into the parts that are judged one by one: its records. Nothing is judged here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agentctl.facts import dataclass
from agentctl.model.change import Change, Effect
from agentctl.model.snapshot import Address, within
from agentctl.model.values import PLAIN, Fields, differing
from agentctl.policy.globs import FieldPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """The part of a change that is judged at once: a record, an address that is only read, or an effect without any.

    ``target`` is the address after its instance, or what the plan wrote where there is no address. ``told`` is whether
    the record's values (or its absence) are known.
    """

    target: str
    effect: Effect
    address: Address | None = None
    before: Fields | None = None
    after: Fields | None = None
    told: bool = True


def units(change: Change) -> tuple[Unit, ...]:
    """Return the units of ``change``. Records that don't show the change's own effect are judged as both."""
    reading = change.effect is Effect.READ
    found = [
        Unit(
            target=within(record.address),
            effect=effect,
            address=record.address,
            before=record.before,
            after=record.after,
        )
        for record in change.records
        for effect in ((Effect.READ,) if reading else _effects(change, record.effect))
    ]
    if not found and (reading or idle(change)):
        found = [
            Unit(target=within(address), effect=change.effect, address=address, told=False)
            for address in change.reads
        ]
    return tuple(found) or (Unit(target=change.target, effect=change.effect, told=not idle(change)),)


def idle(change: Change) -> bool:
    """Whether ``change`` is already done, so that nothing is touched and no record is at hand: ``reads`` name them."""
    return change.effect is Effect.NO_OP and not change.records


def looked_at(change: Change) -> tuple[Unit, ...]:
    """Return the addresses ``change`` reads besides its units: a file that a commit takes in, a condition on rows."""
    if change.effect in (Effect.READ, Effect.NO_OP) and not change.records:
        return ()
    shown = {record.address for record in change.records}
    return tuple(
        Unit(target=within(address), effect=Effect.READ, address=address, told=False)
        for address in change.reads
        if address not in shown
    )


def changed(before: Fields | None, after: Fields | None) -> Iterator[FieldPath]:
    """Yield the paths that really differ as their segments, mappings entered, everything else compared whole."""
    left, right = before or {}, after or {}
    for key in differing(left, right):
        old, new = left.get(key), right.get(key)
        if type(old) not in PLAIN and isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from ((key, *path) for path in changed(old, new))
        else:
            yield (key,)


def _effects(change: Change, own: Effect) -> tuple[Effect, ...]:
    if change.effect is own or any(record.effect is change.effect for record in change.records):
        return (own,)
    return (own, change.effect)
