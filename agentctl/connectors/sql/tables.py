"""The tables one instance may use, and what fits into their columns."""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.connectors.sql.address import ConditionName
from agentctl.connectors.sql.condition import Condition, parse
from agentctl.connectors.sql.database import Database, Unfit
from agentctl.connectors.sql.schema import Column, Schema, Table, did_you_mean
from agentctl.errors import Rejected
from agentctl.facts import dataclass, field
from agentctl.model.snapshot import Address, within
from agentctl.model.values import Unknown, Value, has_unknown, to_wire


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What an instance's settings allow: which tables (None: all), how many rows at once, which columns are hidden.

    ``hidden`` are TABLE.COLUMN: sensitive or sealed.
    """

    instance: str
    tables: frozenset[str] | None = None
    hidden: frozenset[str] = frozenset()
    most: int = 1000

    def holds(self, table: str) -> bool:
        return self.tables is None or table in self.tables

    def check(self, table: str) -> str:
        if not self.holds(table):
            raise Rejected(
                "Table outside the scope",
                f"{self.instance} may not use table {table!r}.",
                hint=did_you_mean(table, dict.fromkeys(self.tables or ())),
            )
        return table


@dataclass(frozen=True)
class Tables:
    """What one instance may use of a schema. What was looked up is kept: all steps ask for the same few tables."""

    scope: Scope
    schema: Schema
    database: Database
    _usable: dict[str, Table] = field(default_factory=dict, init=False, repr=False, compare=False)
    _computed: dict[tuple[str, str], frozenset[str]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def table(self, name: str) -> Table:
        """Return a table by the name targets use. Raises Rejected where there is none that this instance may use."""
        if (table := self._usable.get(name)) is None:
            table = self._usable[name] = self._checked(name)
        return table

    def _checked(self, name: str) -> Table:
        table = self.schema.table(self.scope.check(name))
        for column in table.key:
            if f"{table.name}.{column}" in self.scope.hidden:
                raise Rejected(
                    "Key column hidden",
                    f"{table.name}.{column} is sensitive or sealed; as a key it would show its values in addresses.",
                )
        return table

    def at(self, address: Address) -> Table:
        return self.table(within(address).partition("/")[0])

    def computed(self, table: Table, event: str) -> frozenset[str]:
        """Return the columns that something in the database may write when a row is written."""
        if (names := self._computed.get((table.name, event))) is None:
            fired = table.fired_by(event)
            names = self._computed[table.name, event] = frozenset(
                name
                for name, column in table.columns.items()
                if column.generated or (name not in table.key and any(trigger.writes(name) for trigger in fired))
            )
        return names

    def condition(self, name: ConditionName) -> Condition:
        table = self.table(name.table)
        return parse(name.where, table, self.scope.hidden, lambda column, value: self.fit(table, column, value))

    def fit(self, table: Table, column: Column, value: Value) -> Value:
        """Return ``value`` as the column will show it. Raises Rejected where it cannot be stored there."""
        if isinstance(value, Unknown):
            return value
        if has_unknown(value):
            return Unknown(to_wire(value))
        try:
            return self.database.fit(table, column, value)
        except Unfit as error:
            raise Rejected(
                "Value does not fit its column",
                f"{table.name}.{column.name} ({column.type or 'any'}) takes no such {_sort(value)}: {error}.",
            ) from error


def _sort(value: Value) -> str:
    if isinstance(value, Mapping):
        return "mapping"
    return {"str": "text", "NoneType": "null", "datetime": "time", "tuple": "list"}.get(
        type(value).__name__, type(value).__name__.lower()
    )
