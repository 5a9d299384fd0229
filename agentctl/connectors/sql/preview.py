"""What a step would do to the rows of a view, predicted as the columns will store it. Nothing here touches rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from agentctl.connectors.base import View
from agentctl.connectors.sql import address as names
from agentctl.connectors.sql.addresses import addresses, condition_address, row_address
from agentctl.connectors.sql.cascade import fallout
from agentctl.connectors.sql.condition import Condition, Undecided, matches
from agentctl.connectors.sql.database import Unfit
from agentctl.connectors.sql.edits import inverse_of
from agentctl.connectors.sql.schema import Column, OnParent, Table
from agentctl.connectors.sql.tables import Tables
from agentctl.errors import Rejected
from agentctl.model.action import ActionSpec, Reversibility
from agentctl.model.change import Change, Effect, Inverse, RecordChange, strongest
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, Snapshot, within
from agentctl.model.values import UNKNOWN, Fields, Unknown, Value, differing, has_unknown, same

_LITERAL = re.compile(
    r"""(?:'((?:[^']|'')*)'|(-?[0-9]+(?:\.[0-9]+)?)|(true|false))(?:::[\w ."()\[\],]+)?""", re.IGNORECASE
)


class Previewer:
    """Predicts the steps of one instance against one schema."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._scope = tables.scope
        self._schema = tables.schema

    def preview(self, step: Step, spec: ActionSpec, view: View) -> Change:
        records, reads = self._foresee(step, view)
        reading = bool(reads)
        notes = () if reading else self._notes(records)
        return Change(
            step=step.id,
            action=step.action,
            target=step.target,
            effect=Effect.READ if reading else strongest(records),
            arguments=step.with_,
            records=records,
            reads=reads,
            inverse=Inverse(kind=Reversibility.EXACT) if reading else self._inverse(step, records, spec),
            notes=notes,
            receipt=self._receipt(step, records),
        )

    # ---- what each verb does

    def _foresee(self, step: Step, view: View) -> tuple[tuple[RecordChange, ...], tuple[Address, ...]]:
        match step.verb:
            case "row.read":
                row = self._present(step.target, view)
                return (RecordChange(address=row.address, before=row.value, after=row.value),), (row.address,)
            case "rows.read":
                rows = self._matching(step, view)
                records = tuple(RecordChange(address=row.address, before=row.value, after=row.value) for row in rows)
                return records, (condition_address(self._scope, step),)
            case "row.update":
                return (self._updated(self._present(step.target, view), step.with_),), ()
            case "rows.update":
                changes = cast(Mapping[str, Any], step.with_["set"])
                if isinstance(changes, Unknown):
                    raise Rejected("Value not known yet", "Which columns are set is known only after apply.")
                return tuple(self._updated(row, changes) for row in self._matching(step, view)), ()
            case "row.insert":
                return (self._created(step, view),), ()
            case "row.delete":
                return self._deleted([self._present(step.target, view)], addresses(self._scope, step)[1:], view), ()
            case "rows.delete":
                return self._deleted(self._matching(step, view), addresses(self._scope, step)[1:], view), ()
        return self._put_back(step, view), ()

    def _updated(self, row: Snapshot, changes: Mapping[str, Any]) -> RecordChange:
        table = self._tables.at(row.address)
        before = row.value or {}
        after = {**before, **self._given(table, changes)}
        if moved := [name for name in table.key if not same(before.get(name), after.get(name))]:
            raise Rejected(
                "Key cannot be changed",
                f"{moved[0]} is part of the key of {table.name}; a row with another key is another row.",
                hint="Insert the new row and delete the old one.",
            )
        changed = set(differing(before, after))
        for key in self._schema.children(table.name):
            if changed.intersection(key.parent_columns) and key.on_update is not OnParent.REFUSE:
                raise Rejected(
                    "Update would cascade",
                    f"Rows of {key.child} follow {', '.join(key.parent_columns)} and would change unseen.",
                )
        if changed:
            after.update(dict.fromkeys(self._tables.computed(table, "update") - changes.keys(), UNKNOWN))
        return RecordChange(address=row.address, before=before, after=after)

    def _created(self, step: Step, view: View) -> RecordChange:
        (address,) = addresses(self._scope, step)
        table = self._tables.at(address)
        given = self._given(table, self._arguments(table, step))
        if missing := [name for name in table.key if name not in given and not self._fills(table.columns[name])]:
            raise Rejected("Key missing", f"Nothing gives {missing[0]}, part of the key of {table.name}, a value.")
        after: dict[str, Value] = {
            name: given[name] if name in given else self._default(table, column)
            for name, column in table.columns.items()
        }
        after.update(dict.fromkeys(self._tables.computed(table, "insert") - given.keys(), UNKNOWN))
        if "/new:" not in address and view.read(address).value is not None:
            raise Rejected("Row exists", f"There is a row {within(address)} already.")
        for name, value in after.items():
            if value is None and not table.columns[name].nullable:
                raise Rejected("Value missing", f"{table.name}.{name} may not be NULL and has no default.")
        return RecordChange(address=address, before=None, after=after)

    def _deleted(
        self,
        rows: Iterable[Snapshot],
        dependents: Iterable[Address],
        view: View,
        written: Iterable[RecordChange] = (),
    ) -> tuple[RecordChange, ...]:
        """Return what deleting ``rows`` does once ``written`` is written, which is done first."""
        deleted = {row.address: row.value for row in rows if row.value is not None}
        pool = {row.address: row.value for address in dependents for row in view.read(address).members}
        for table in {key.child for key in self._schema.foreign_keys}:
            pool.update({row.address: row.value for row in view.predicted(f"{self._scope.instance}/{table}/")})
        pool.update({record.address: record.after for record in written})
        return fallout(self._schema, deleted, pool, self._scope.holds)

    def _put_back(self, step: Step, view: View) -> tuple[RecordChange, ...]:
        if any(has_unknown(cast(Value, part)) for part in step.with_.values()):
            raise Rejected("Value not known yet", "What is put back is known only after apply.")
        records = []
        for target, fields in cast(Mapping[str, Fields], step.with_["insert"]).items():
            row = view.read(row_address(self._scope, target))
            if row.value is not None and not same(row.value, fields):
                raise Rejected("Row exists", f"{target} exists again, with other values than it had.")
            records.append(RecordChange(address=row.address, before=row.value, after=fields))
        for target, fields in cast(Mapping[str, Fields], step.with_["update"]).items():
            row = self._present(target, view)
            table = self._tables.at(row.address)
            after = {**(row.value or {}), **{table.column(name).name: value for name, value in fields.items()}}
            if not same(row.value, after):
                after.update(dict.fromkeys(self._tables.computed(table, "update") - fields.keys(), UNKNOWN))
            records.append(RecordChange(address=row.address, before=row.value, after=after))
        gone = [view.read(row_address(self._scope, target)) for target in cast(Sequence[str], step.with_["delete"])]
        dependents = [names.dependents_address(row.address) for row in gone]
        return (*records, *self._deleted(gone, dependents, view, records))

    # ---- rows and values

    def _present(self, target: str, view: View) -> Snapshot:
        row = view.read(row_address(self._scope, target))
        if row.value is None:
            made = next(iter(view.predicted(f"{self._scope.instance}/{names.row_of(target).table}/new:")), None)
            hint = f"The row an earlier step inserts is named {within(made.address)} here." if made else ""
            raise Rejected("Row absent", f"There is no row {target}.", hint=hint)
        return row

    def _arguments(self, table: Table, step: Step) -> dict[str, Any]:
        """Return the columns a row.insert gives, those its target names included."""
        arguments: dict[str, Any] = dict(step.with_)
        if "/" in step.target:
            key = names.decode(table, names.row_of(step.target).key)
            if twice := sorted(key.keys() & arguments.keys()):
                raise Rejected("Key given twice", f"{twice[0]} stands in the target; leave it out of `with`.")
            arguments.update(key)
        return arguments

    def _fills(self, column: Column) -> bool:
        return column.assigned or column.default is not None or column.generated

    def _matching(self, step: Step, view: View) -> list[Snapshot]:
        """Return the rows a condition matches, as earlier steps will have left them."""
        most = step.with_.get("max_rows")
        if not isinstance(most, int):
            raise Rejected("Value not known yet", "max_rows says at once how many rows may match.")
        if most > self._scope.most:
            raise Rejected("Too many rows", f"max_rows is at most {self._scope.most} in {self._scope.instance}.")
        address = condition_address(self._scope, step)
        condition = self._tables.condition(cast(names.ConditionName, names.parse(address)))
        rows = {row.address: row for row in view.read(address).members}
        rows.update({row.address: row for row in view.predicted(f"{self._scope.instance}/{step.target}/")})
        found = [row for row in rows.values() if row.value is not None and self._matches(condition, row)]
        if len(found) > most:
            raise Rejected(
                "Too many rows match",
                f"{len(found)} rows of {step.target} match, and max_rows is {most}.",
                hint="Narrow the condition, or raise max_rows where that many are meant.",
            )
        return sorted(found, key=lambda row: row.address)

    def _matches(self, condition: Condition, row: Snapshot) -> bool:
        try:
            return matches(condition, row.value or {})
        except Undecided as error:
            raise Rejected(
                "Condition not known yet",
                f"Whether {within(row.address)} matches depends on what an earlier step does.",
                hint="Put this step in a plan of its own, made after the earlier ones are applied.",
            ) from error

    def _given(self, table: Table, values: Mapping[str, Any]) -> dict[str, Value]:
        """Return values as their columns will show them. Raises Rejected for what cannot be stored."""
        given = {}
        for name, value in values.items():
            column = table.column(name)
            if column.generated:
                raise Rejected("Column is computed", f"The database computes {table.name}.{name}; it cannot be set.")
            if column.always:
                raise Rejected("Column is assigned", f"The database assigns {table.name}.{name}; it cannot be set.")
            if value is None and not column.nullable and not column.assigned:
                raise Rejected("Value missing", f"{table.name}.{name} may not be NULL.")
            given[name] = self._tables.fit(table, column, value)
        return given

    def _default(self, table: Table, column: Column) -> Value:
        """Return what a column becomes where nothing is given: known only where its default is a literal."""
        if column.generated or column.assigned:
            return UNKNOWN
        if column.default is None or column.default.upper().startswith("NULL"):
            return None
        literal = _LITERAL.fullmatch(column.default.strip())
        if literal is None:
            return UNKNOWN
        text, number, truth = literal.groups()
        said: Value
        if text is not None:
            said = text.replace("''", "'")
        else:
            said = names.number(number) if number else truth.lower() == "true"
        try:
            return self._tables.database.fit(table, column, said)
        except Unfit:
            return UNKNOWN          # a default SQL converts by rules that are its own

    # ---- what goes with a change

    def _inverse(self, step: Step, records: Sequence[RecordChange], spec: ActionSpec) -> Inverse:
        return inverse_of(step, records, self._schema, spec.stays)

    def _notes(self, records: Iterable[RecordChange]) -> tuple[str, ...]:
        notes: dict[str, None] = {}
        for record in records:
            table = self._tables.at(record.address)
            if record.effect in _EVENTS:
                for trigger in table.fired_by(_EVENTS[record.effect]):
                    notes[f"Trigger {trigger.name} of {table.name} fires and may change more than is shown."] = None
        return tuple(notes)

    def _receipt(self, step: Step, records: Sequence[RecordChange]) -> dict[str, Value]:
        if step.verb != "row.insert":
            return {}
        (record,) = records
        table, after = self._tables.at(record.address), record.after or {}
        known = not has_unknown([after[name] for name in table.key])
        return {"id": receipt_id(table, after) if known else UNKNOWN}


_EVENTS = {Effect.CREATE: "insert", Effect.UPDATE: "update", Effect.DELETE: "delete"}


def receipt_id(table: Table, fields: Fields) -> Value:
    """Return a row's id as references take it: the key's value, or the KEY of a composite one."""
    return fields[table.key[0]] if len(table.key) == 1 else names.encode(table, fields)
