"""Tables, columns and comparisons as SQLAlchemy says them: names from reflection only, always quoted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentctl.connectors.sql.condition import Operator
from agentctl.connectors.sql.schema import Table

if TYPE_CHECKING:
    from sqlalchemy import ColumnClause, ColumnElement, TableClause


def table_of(table: Table) -> TableClause:
    import sqlalchemy as sa
    from sqlalchemy.sql.elements import quoted_name

    schema = None if table.schema is None else quoted_name(table.schema, quote=True)
    return sa.table(quoted_name(table.bare, quote=True), *map(column_of, table.columns), schema=schema)


def column_of(name: str) -> ColumnClause[Any]:
    import sqlalchemy as sa
    from sqlalchemy.sql.elements import quoted_name

    return sa.column(quoted_name(name, quote=True))


def compared(operator: Operator, left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[bool]:
    """Say one of the comparisons that order."""
    match operator:
        case Operator.LT:
            return left < right
        case Operator.LE:
            return left <= right
        case Operator.GT:
            return left > right
    assert operator is Operator.GE
    return left >= right
