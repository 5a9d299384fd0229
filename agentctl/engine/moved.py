"""What moved between two previews of the same step: planned against now, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agentctl.facts import dataclass
from agentctl.model.change import Change, RecordChange
from agentctl.model.snapshot import Address
from agentctl.model.values import Fields, Unknown, Value, same


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One thing that is not what was consented to: ``before``, the world moved; ``after``, the effect would differ."""

    address: Address
    field: str
    side: str
    planned: Value
    now: Value


def moved(planned: Change, now: Change, made: Mapping[Address, Address] | None = None) -> tuple[Moved, ...]:
    """Return how ``now`` differs from ``planned``. What was unknown at plan time may have become anything.

    ``made`` maps ``…/new:STEP`` addresses of the plan to what they became.
    """
    became = made or {}
    wanted = {became.get(record.address, record.address): record for record in planned.records}
    found = {record.address: record for record in now.records}
    differences: list[Moved] = []
    for address, record in wanted.items():
        if address not in found:
            differences.append(Moved(address=address, field="", side="before", planned=record.before, now=None))
        else:
            differences.extend(_record(address, record, found[address]))
    differences.extend(
        Moved(address=address, field="", side="before", planned=None, now=record.before)
        for address, record in found.items()
        if address not in wanted
    )
    if not differences and planned.effect is not now.effect and not _was_open(planned):
        differences.append(
            Moved(
                address=Address(f"{now.instance}/{now.target}"),
                field="effect",
                side="after",
                planned=planned.effect.value,
                now=now.effect.value,
            )
        )
    return tuple(differences)


def fits(planned: Fields | None, seen: Fields | None) -> bool:
    """Whether ``seen`` is what was predicted: equal wherever the prediction knew, for the fields it spoke of."""
    return not any(_fields(Address(""), "after", planned, seen))


def _record(address: Address, planned: RecordChange, now: RecordChange) -> Iterator[Moved]:
    yield from _fields(address, "before", planned.before, now.before)
    yield from _fields(address, "after", planned.after, now.after)
    for side, one, other in (("before", planned.before, now.before), ("after", planned.after, now.after)):
        for name in (other or {}).keys() - (one or {}).keys() if one is not None else ():
            yield Moved(address=address, field=name, side=side, planned=None, now=(other or {})[name])


def _fields(address: Address, side: str, planned: Fields | None, now: Fields | None) -> Iterator[Moved]:
    if planned is None or now is None:
        if planned is not now:
            yield Moved(address=address, field="", side=side, planned=planned, now=now)
        return
    for name, value in planned.items():
        if not isinstance(value, Unknown) and (name not in now or not _matches(value, now[name])):
            yield Moved(address=address, field=name, side=side, planned=value, now=now.get(name))


def _matches(planned: Value, now: Value) -> bool:
    if isinstance(planned, Unknown):
        return True
    if isinstance(planned, Mapping) and isinstance(now, Mapping):
        return planned.keys() == now.keys() and all(_matches(value, now[key]) for key, value in planned.items())
    if isinstance(planned, list | tuple) and isinstance(now, list | tuple):
        return len(planned) == len(now) and all(map(_matches, planned, now))
    return same(planned, now)


def _was_open(planned: Change) -> bool:
    """Whether the planned effect rested on something unknown, so that another effect may be what it became."""
    return any(
        isinstance(value, Unknown)
        for record in planned.records
        for value in (*(record.before or {}).values(), *(record.after or {}).values())
    )
