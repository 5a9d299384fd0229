"""Rows and schemas of SQL databases: SQLite as it comes with Python, PostgreSQL through psycopg.

Importing this imports no driver and no SQLAlchemy; neither does opening a connector, until it is first asked to read.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.connectors.base import ConnectorType, Instance, Setting
from agentctl.connectors.sql.actions import specs
from agentctl.connectors.sql.connector import SqlConnector
from agentctl.connectors.sql.settings import SETTINGS, configure

__all__ = ["TYPE", "SqlConnector", "SqlType"]


class SqlType:
    """What the registry knows of this connector."""

    type = "sql"
    version = "1"
    settings: Mapping[str, Setting] = SETTINGS

    def open(self, instance: Instance) -> SqlConnector:
        configured = configure(instance)
        return SqlConnector(
            configured.scope,
            configured.database,
            actions=specs(
                configured.sensitive, configured.sealed, configured.volatile, local=configured.database.local
            ),
            endpoint=configured.endpoint,
            home=configured.home,
        )


TYPE: ConnectorType = SqlType()
