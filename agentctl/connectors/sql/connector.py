"""The sql connector: rows of tables as records, one transaction an effect. What differs by database lives elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from agentctl.connectors.base import Call, Located, Location, Receipt, View
from agentctl.connectors.sql import address as names
from agentctl.connectors.sql import migration
from agentctl.connectors.sql.addresses import addresses
from agentctl.connectors.sql.database import Database
from agentctl.connectors.sql.preview import Previewer, receipt_id
from agentctl.connectors.sql.rows import Rows
from agentctl.connectors.sql.schema import describe
from agentctl.connectors.sql.tables import Scope, Tables
from agentctl.connectors.sql.write import Writer, all_known
from agentctl.errors import Rejected
from agentctl.facts import replace
from agentctl.model.action import ActionSpec, Tier
from agentctl.model.change import Change
from agentctl.model.changeset import SystemIdentity
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, Snapshot, within
from agentctl.model.values import Fields, Unknown, same


class SqlConnector:
    """Rows by primary key, rows by condition, and migrations, in one database."""

    def __init__(
        self, scope: Scope, database: Database, *, actions: Mapping[str, ActionSpec], endpoint: str, home: str
    ) -> None:
        """``endpoint`` is shown and part of consent; ``home`` is the same for all instances on one database."""
        self._scope = scope
        self._database = database
        self._endpoint = endpoint
        self._home = home
        self._lock = threading.Lock()
        self._reflected: Tables | None = None
        self.actions = actions

    def identity(self) -> SystemIdentity:
        with self._database.reading() as connection:
            return SystemIdentity(
                type="sql",
                version=self._database.version(connection),
                endpoint=self._endpoint,
                whoami=self._database.whoami(connection),
            )

    def addresses(self, step: Step) -> tuple[Address, ...]:
        return addresses(self._scope, step)

    def resource(self, address: Address) -> str:
        return f"{self._home}#{within(address)}"

    def read(self, address: Address) -> Snapshot:
        name = names.parse(address)
        if isinstance(name, names.RowName) and name.key.startswith("new:"):
            return Snapshot(address=address, value=None, at=datetime.now(UTC))
        if isinstance(name, names.SchemaName):
            return Snapshot(address=address, value=describe(self._reflect().schema), at=datetime.now(UTC))
        tables = self._tables()
        try:
            with self._database.reading() as connection:
                return Rows(tables, connection).of(address)
        except Rejected:
            self._forget()          # the schema may have changed since it was reflected
            raise

    def read_many(self, addresses: Sequence[Address]) -> Sequence[Snapshot]:
        if len(addresses) == 1:
            return (self.read(addresses[0]),)
        tables = self._tables()
        with self._database.reading() as connection:
            found = Rows(tables, connection).together(addresses)
        return tuple(found[address] if address in found else self.read(address) for address in addresses)

    def preview(self, step: Step, view: View) -> Change:
        spec = self._spec(step)
        if spec.verb == "migration.run":
            (address,) = self.addresses(step)
            return migration.preview(step, address, spec, view, self._database)
        return Previewer(self._tables()).preview(step, spec, view)

    def execute(self, change: Change, call: Call) -> Receipt:
        all_known(change)
        spec = self.actions[change.action.partition(".")[2]]
        if spec.tier is Tier.READ:
            return self._read_out(change)
        if spec.verb == "migration.run":
            return self._migrate(change, call)
        tables = self._tables()
        try:
            with self._database.writing(call.deadline) as connection:
                assigned = Writer(tables, connection, call.before).write(change, _conditions(call))
                return self._receipt(change, assigned, tables)
        except Rejected:
            self._forget()          # the schema may have changed since it was reflected
            raise

    def locate(self, change: Change, call: Call) -> Location:
        """Show a row inserted under a key we gave, where it is in a file as it was to become; no row bears our mark."""
        if not change.action.endswith(".row.insert"):
            return Located.CANNOT_TELL
        (record,) = change.records
        if "/new:" in record.address or not self._database.local:
            return Located.CANNOT_TELL      # a server may still be at it, and such a row may be somebody else's
        row = self.read(record.address)
        if row.value is None:
            return Located.ABSENT           # the transaction died with the process that is asked about
        known = {name: value for name, value in (record.after or {}).items() if not isinstance(value, Unknown)}
        return row if all(same(row.value.get(name), value) for name, value in known.items()) else Located.CANNOT_TELL

    def close(self) -> None:
        self._database.close()

    def _migrate(self, change: Change, call: Call) -> Receipt:
        try:
            with self._database.writing(call.deadline) as connection:
                return migration.run(change, call.before, self._database, connection)
        finally:
            self._forget()

    def _read_out(self, change: Change) -> Receipt:
        read: dict[Address, Fields] = {}
        for address in change.reads:
            snapshot = self.read(address)
            if isinstance(names.parse(address), names.RowName):
                if snapshot.value is None:
                    raise Rejected("Row absent", f"There is no row {within(address)}.")
                read[address] = snapshot.value
            else:
                read[address] = {"count": len(snapshot.members)}
                read.update({member.address: member.value for member in snapshot.members if member.value is not None})
        return Receipt(read=read)

    def _receipt(self, change: Change, assigned: Mapping[Address, Fields], tables: Tables) -> Receipt:
        if not change.action.endswith(".row.insert"):
            return Receipt()
        (record,) = change.records
        table = tables.at(record.address)
        key = assigned[record.address]
        target = names.row_target(table, key)
        address = Address(f"{self._scope.instance}/{target}")
        undo = change.inverse.step and replace(change.inverse.step, with_={**_NOTHING, "delete": [target]})
        return Receipt(
            ids={"id": receipt_id(table, key)},
            addresses={} if address == record.address else {record.address: address},
            inverse=replace(change.inverse, step=undo),
        )

    def _spec(self, step: Step) -> ActionSpec:
        if step.verb not in self.actions:
            raise Rejected("Unknown action", f"{step.action} is not an action of {self._scope.instance}.")
        return self.actions[step.verb]

    def _tables(self) -> Tables:
        with self._lock:
            tables = self._reflected
        return tables or self._reflect()

    def _reflect(self) -> Tables:
        with self._database.reading() as connection:
            tables = Tables(self._scope, self._database.reflect(connection), self._database)
        with self._lock:
            self._reflected = tables
        return tables

    def _forget(self) -> None:
        with self._lock:
            self._reflected = None


_NOTHING: dict[str, Any] = {"insert": {}, "update": {}, "delete": []}


def _conditions(call: Call) -> list[Address]:
    """Return the conditions read for this change: they must still match what they matched."""
    kinds = (names.ConditionName, names.DependentsName)
    return [address for address in call.before if isinstance(names.parse(address), kinds)]
