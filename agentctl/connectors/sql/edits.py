"""Which rows are written in which order, and how each is put back. Pure; nothing here connects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from agentctl.connectors.sql.schema import Schema, Table
from agentctl.model.action import Reversibility
from agentctl.model.change import Effect, Inverse, RecordChange
from agentctl.model.plan import Argument, Step
from agentctl.model.snapshot import Address, within
from agentctl.model.values import Fields, Unknown, Value, same


def inverse_of(step: Step, records: Sequence[RecordChange], schema: Schema, stays: str) -> Inverse:
    """Return the rows.restore that undoes ``records``."""
    insert: dict[str, Argument] = {}
    update: dict[str, Argument] = {}
    delete: list[Argument] = []
    for record in records:
        target = within(record.address)
        match record.effect:
            case Effect.CREATE:
                delete.append(target)
            case Effect.DELETE:
                insert[target] = cast(Argument, record.before)
            case Effect.UPDATE:
                update[target] = {
                    name: (record.before or {})[name] for name in written(table_at(schema, record.address), record)
                }
    undo = Step(
        id=step.id,
        action=f"{step.instance}.rows.restore",
        target=step.target,
        with_={"insert": insert, "update": update, "delete": delete},
    )
    return Inverse(kind=Reversibility.EXACT, step=undo, stays=stays)


def written(table: Table, record: RecordChange) -> list[str]:
    """Return the columns a statement sets: those that become another value we know."""
    before = record.before or {}
    return [
        name
        for name, value in (record.after or {}).items()
        if not (record.before is not None and same(before.get(name), value))
        and not isinstance(value, Unknown)
        and not table.column(name).generated
    ]


def table_at(schema: Schema, address: Address) -> Table:
    return schema.table(within(address).partition("/")[0])


def parents_first(records: Iterable[RecordChange], schema: Schema) -> list[RecordChange]:
    """Return created records, or deleted ones, so that a row stands after every row it refers to."""
    rows = {record.address: record for record in records}
    fields = {address: record.after if record.before is None else record.before for address, record in rows.items()}
    found: dict[tuple[object, ...], Address] = {}
    for address, row in fields.items():
        table = table_at(schema, address)
        for key in schema.children(table.name):
            found[_place(table.name, key.parent_columns, row or {})] = address
    ordered: dict[Address, RecordChange] = {}
    for start in rows:
        trail = [(start, False)]
        begun: set[Address] = set()
        while trail:
            address, ready = trail.pop()
            if ready:
                ordered.setdefault(address, rows[address])
            elif address not in ordered and address not in begun:
                begun.add(address)
                trail.append((address, True))
                parents = _parents(address, fields, schema, found)
                trail.extend((parent, False) for parent in parents if parent not in begun)
    return list(ordered.values())


def _parents(
    address: Address,
    fields: Mapping[Address, Fields | None],
    schema: Schema,
    found: Mapping[tuple[object, ...], Address],
) -> list[Address]:
    table = table_at(schema, address).name
    return [
        parent
        for key in schema.foreign_keys
        if key.child == table
        and (parent := found.get(_place(key.parent, key.parent_columns, fields[address] or {}, key.columns)))
        and parent != address
    ]


def _place(
    table: str, columns: Sequence[str], fields: Fields, spelled: Sequence[str] | None = None
) -> tuple[object, ...]:
    return (table, tuple(columns), *(comparable(fields.get(name)) for name in spelled or columns))


def comparable(value: Value) -> object:
    """Return something hashable that is equal where a foreign key would match."""
    return repr(value) if isinstance(value, list | dict) else value
