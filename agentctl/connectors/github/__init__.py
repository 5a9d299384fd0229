"""GitHub as a system of record: issues, pulls, branches, files, releases. Most of it is data, in ``manifest``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentctl.connectors.base import Connector, ConnectorType, Instance, Setting
from agentctl.connectors.rest.settings import SETTINGS
from agentctl.facts import replace

GITHUB = "https://api.github.com"


class GithubType:
    """What the registry knows of this connector. Its parts are imported when an instance is opened."""

    type = "github"
    version = "1"

    settings: Mapping[str, Setting] = {
        **SETTINGS,
        "url": Setting(
            schema=SETTINGS["url"].schema,
            summary=f"The base URL of the API: {GITHUB} where it is left out; https://HOST/api/v3 of an Enterprise's.",
        ),
        "only": Setting(
            schema=SETTINGS["only"].schema,
            summary="The only repositories this instance may use, as in acme/* or acme/shop; all where it is left out.",
        ),
    }

    def open(self, instance: Instance) -> Connector:
        from agentctl.connectors.github.connector import GithubConnector
        from agentctl.connectors.github.joined import manifest
        from agentctl.connectors.rest.opening import connector

        settings: dict[str, Any] = {"url": GITHUB, **instance.settings}
        if "only" in settings:
            settings["only"] = [glob.lower() for glob in settings["only"]]      # Acme and acme are one
        rest = connector(replace(instance, settings=settings), manifest())
        graph = {**settings, "url": str(settings["url"]).rstrip("/").removesuffix("/v3")}
        return GithubConnector(rest, connector(replace(instance, settings=graph), manifest()))


TYPE: ConnectorType = GithubType()
