"""Fixtures several files of this folder share."""

from tests.connectors.sql_servers import postgres

__all__ = ["postgres"]
