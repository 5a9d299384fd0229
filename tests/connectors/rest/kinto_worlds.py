"""Connectors to a real Kinto, through the manifest that stands beside this."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from agentctl.connectors.base import Connector, Instance
from agentctl.connectors.registry import open_connector
from agentctl.connectors.rest import TYPE
from tests.systems.kinto import Account, Kinto

MANIFESTS = Path(__file__).with_name("manifests")
TOKEN = "KINTO_TOKEN"


def login(account: Account) -> str:
    """Return what a person configures as token: name and password, to be said as Basic."""
    return f"{account.name}:{account.password}"


def rest(kinto: Kinto, *, account: Account | None = None, url: str = "", **settings: Any) -> Connector:
    """Return the connector on its own, without its layers."""
    given = {"manifest": "kinto.yaml", "url": url or kinto.url, "token": {"env": TOKEN}, **settings}
    environ = {TOKEN: login(account or kinto.admin)}
    return TYPE.open(Instance(name="kinto", settings=given, root=str(MANIFESTS), environ=environ))


def layered(kinto: Kinto, **settings: Any) -> Connector:
    """Return it as a workspace has it."""
    given = {"type": "rest", "manifest": "kinto.yaml", "url": kinto.url, "token": {"env": TOKEN}, **settings}
    return open_connector("kinto", given, str(MANIFESTS), environ={**os.environ, TOKEN: login(kinto.admin)})
