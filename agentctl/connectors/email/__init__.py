"""Mail: drafts as files that people read and edit, and the sending of one over SMTP, once.

Importing this imports neither ``ssl`` nor the library's ``email``; neither does opening a connector.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentctl.connectors.base import ConnectorType, Instance, Setting
from agentctl.connectors.email.connector import VERSION, EmailConnector
from agentctl.connectors.email.settings import SETTINGS, configure

__all__ = ["TYPE", "EmailConnector", "EmailType"]


class EmailType:
    """What the registry knows of this connector."""

    type = "email"
    version = VERSION
    settings: Mapping[str, Setting] = SETTINGS

    def open(self, instance: Instance) -> EmailConnector:
        return EmailConnector(instance.name, configure(instance))


TYPE: ConnectorType = EmailType()
