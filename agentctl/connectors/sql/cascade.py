"""What hangs on rows by foreign keys: found in the live database, and followed through rows in hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from agentctl.connectors.sql.edits import comparable
from agentctl.connectors.sql.schema import ForeignKey, OnParent, Schema, Table
from agentctl.errors import Rejected
from agentctl.model.change import RecordChange
from agentctl.model.snapshot import Address, Snapshot, within
from agentctl.model.values import UNKNOWN, Fields, Value, has_unknown

Fetch = Callable[[Table, tuple[str, ...], Sequence[tuple[Value, ...]], int], Sequence[Snapshot]]
"""Reads the rows of a table whose columns hold one of the given values, up to a number of them."""


def dependents(schema: Schema, rows: Iterable[Snapshot], fetch: Fetch, most: int) -> tuple[Snapshot, ...]:
    """Read every row that refers to ``rows``, those that would be deleted with them followed further."""
    found: dict[Address, Snapshot] = {}
    base = {row.address for row in rows}
    level = list(rows)
    while level:
        following: dict[Address, Snapshot] = {}
        for key, parents in _by_key(schema, level):
            child = schema.tables[key.child]
            values = list({tuple(map(comparable, value)): value for value in parents}.values())
            if not values:
                continue
            for row in fetch(child, key.columns, values, most + 1):
                if row.address in base or row.address in found:
                    continue
                found[row.address] = row
                if key.on_delete is OnParent.CASCADE:
                    following[row.address] = row
                if len(found) > most:
                    raise Rejected(
                        "Too many dependent rows", f"More than {most} rows refer, directly or not, to what is deleted."
                    )
        level = list(following.values())
    return tuple(found[address] for address in sorted(found))


def _by_key(schema: Schema, rows: Sequence[Snapshot]) -> Iterator[tuple[ForeignKey, list[tuple[Value, ...]]]]:
    for key in schema.foreign_keys:
        parents = [row.value for row in rows if row.value is not None and _table(row.address) == key.parent]
        values = [tuple(fields[name] for name in key.parent_columns) for fields in parents]
        yield key, [value for value in values if None not in value]


def fallout(
    schema: Schema,
    deleted: Mapping[Address, Fields],
    pool: Mapping[Address, Fields | None],
    in_scope: Callable[[str], bool],
) -> tuple[RecordChange, ...]:
    """Return what deleting rows does: they go, others go with them, others lose their reference.

    Follows foreign keys from ``deleted`` through the rows of ``pool``. Raises Rejected where a row that stays refers to
    one that goes and its foreign key does not say what then.
    """
    rows = {address: fields for address, fields in pool.items() if fields is not None and address not in deleted}
    referring = _referring(schema, set(map(_table, deleted)), rows)
    gone = dict(deleted)
    level = list(deleted)
    emptied: dict[Address, dict[str, Value]] = {}
    refused: dict[Address, Address] = {}
    while level:
        parent = level.pop()
        for key in schema.children(_table(parent)):
            for address in referring.get((key, _values(key.parent_columns, gone[parent])), ()):
                if not in_scope(key.child):
                    raise Rejected(
                        "Cascade leaves the scope",
                        f"{within(address)} refers to {within(parent)}; {key.child} is none of this instance's tables.",
                    )
                match key.on_delete:
                    case OnParent.CASCADE if address not in gone:
                        gone[address] = rows[address]
                        level.append(address)
                    case OnParent.SET_NULL:
                        emptied.setdefault(address, {}).update(dict.fromkeys(key.columns))
                    case OnParent.SET_DEFAULT:
                        emptied.setdefault(address, {}).update(dict.fromkeys(key.columns, UNKNOWN))
                    case OnParent.REFUSE:
                        refused[address] = parent
    for address, parent in refused.items():
        if address not in gone:
            raise Rejected(
                "Row still referred to",
                f"{within(address)} refers to {within(parent)}, which therefore cannot be deleted.",
            )
    return (
        *(RecordChange(address=address, before=fields, after=None) for address, fields in gone.items()),
        *(
            RecordChange(address=address, before=rows[address], after={**rows[address], **columns})
            for address, columns in emptied.items()
            if address not in gone
        ),
    )


def _referring(
    schema: Schema, tables: set[str], rows: Mapping[Address, Fields]
) -> Mapping[tuple[ForeignKey, tuple[object, ...]], list[Address]]:
    """Return the rows that may hang on rows of ``tables``, by foreign key and by the values it holds."""
    reached = set(tables)
    while more := {key.child for key in schema.foreign_keys if key.parent in reached} - reached:
        reached |= more
    found: dict[tuple[ForeignKey, tuple[object, ...]], list[Address]] = defaultdict(list)
    for key in schema.foreign_keys:
        for address, fields in rows.items() if key.parent in reached else ():
            if _table(address) == key.child and None not in (values := _values(key.columns, fields)):
                found[key, values].append(address)
    return found


def _values(columns: Sequence[str], fields: Fields) -> tuple[object, ...]:
    values = [fields.get(name) for name in columns]
    if has_unknown(values):
        raise Rejected(
            "Reference not known yet", f"What {', '.join(columns)} of a row refers to is known only after apply."
        )
    return tuple(map(comparable, values))


def _table(address: Address) -> str:
    return within(address).partition("/")[0]
