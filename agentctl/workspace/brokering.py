"""From ``credential:`` in ``agentctl.yaml`` to a broker, and how a provider reaches a system. Connects to nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from agentctl.errors import Indeterminate, Invalid, Unreachable
from agentctl.facts import replace
from agentctl.identity.broker.asking import Answer, Minted, Provider
from agentctl.identity.broker.broker import Broker
from agentctl.identity.broker.env import Env
from agentctl.identity.broker.scopes import to_look
from agentctl.identity.secret import Variable, source_from_wire
from agentctl.model.action import Tier

if TYPE_CHECKING:
    from agentctl.connectors.rest.http.client import Client
    from agentctl.identity.broker.github_app import GitHubApp
    from agentctl.workspace.workspace import Workspace

_GITHUB = "https://api.github.com"
_PATIENCE = 30.0        # seconds a system may take to give a token
_PARTING = 5.0          # and to end one: somebody waits for the command to return
_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


def broker(workspace: Workspace) -> Broker:
    """Return what gives the tokens of every instance that has a ``credential``. Asks nobody."""
    blocks = {name: wire for name, wire in workspace.file.connectors.items() if "credential" in wire}
    hidden = workspace.withheld
    programs = {name: value for name, value in workspace.environ.items() if name not in hidden}
    return Broker(
        {name: _provider(workspace, name, wire, programs) for name, wire in blocks.items()},
        commits=lambda: workspace.vault,
        now=workspace.now,
        tell=workspace.tell,
    )


def look(workspace: Workspace, instance: str) -> Minted:
    """Return the token that ``instance`` looks with: for reading alone, where its provider can be asked for that."""
    specs = workspace.systems.connectors[instance].actions.values()
    reads = {scope for spec in specs if spec.tier is Tier.READ for scope in spec.scopes}
    others = {scope for spec in specs for scope in spec.scopes}
    return workspace.broker.looking(instance, to_look(reads | others))


def _provider(workspace: Workspace, instance: str, settings: Mapping[str, Any], environ: Mapping[str, str]) -> Provider:
    wire = settings["credential"]
    match wire["provider"]:
        case "env":
            return Env(variable=wire["name"], environ=workspace.environ)
        case "command":
            from agentctl.identity.broker.command import Helper
            from agentctl.identity.broker.program import Program

            return Helper(program=Program(argv=tuple(wire["command"]), root=workspace.root, environ=environ))
        case "keyring":
            from agentctl.identity.broker.ring import Ring

            return Ring(service=wire["service"], user=wire["user"])
        case "gh":
            from agentctl.identity.broker.gh import GitHubCli
            from agentctl.identity.broker.program import Program

            host = wire.get("host", "github.com")
            argv = ("gh", "auth", "token", "--hostname", host)
            return GitHubCli(host=host, program=Program(argv=argv, root=workspace.root, environ=environ))
        case "github_app":
            return _github_app(workspace, instance, settings)
        case unknown:
            raise Invalid("Unknown provider", f"`{instance}` names {unknown}.")


def _github_app(workspace: Workspace, instance: str, settings: Mapping[str, Any]) -> GitHubApp:
    from agentctl.identity.broker.github_app import GitHubApp

    wire = settings["credential"]
    source = source_from_wire(wire["key"])
    called = f"key of the App for {instance}"
    secrets = replace(workspace.secrets, sources={**workspace.secrets.sources, called: source})
    return GitHubApp(
        app=wire["app"],
        owner=wire["owner"],
        repositories=tuple(wire.get("repositories", ())),
        key=partial(secrets.value, called),
        look=partial(secrets.check, (called,)),
        ask=_Asking(workspace, settings),
        now=workspace.now,
        variables=frozenset({source.name}) if isinstance(source, Variable) else frozenset(),
    )


class _Asking:
    """Asks the system that the instance itself speaks to, so that no key and no token goes anywhere else."""

    def __init__(self, workspace: Workspace, settings: Mapping[str, Any]) -> None:
        self._workspace = workspace
        self._settings = settings
        self._client: Client | None = None

    def __call__(self, method: str, path: str, token: str, body: Mapping[str, Any] | None = None) -> Answer:
        from agentctl.connectors.rest.http import Request

        content = None if body is None else json.dumps(body).encode()
        request = Request(
            method=method, path=path, body=content, repeatable=True, expect=(),
            deadline=_PARTING if method == "DELETE" else _PATIENCE,
            headers={**_HEADERS, **({} if content is None else {"Content-Type": "application/json"})},
        )
        try:
            response = self._opened().send(request, token)
        except Indeterminate as error:      # a token nobody heard of ends by itself
            raise Unreachable(
                "Credential not available",
                f"{error.detail} That was about a token only: nothing was done to any record.",
            ) from None
        try:
            wire = json.loads(response.body) if response.body else None
        except (ValueError, RecursionError):
            wire = None
        return Answer(status=response.status, body=wire, headers=response.headers)

    def _opened(self) -> Client:
        from agentctl.connectors.rest.http import Endpoint
        from agentctl.connectors.rest.http.client import Client

        if self._client is None:
            settings = self._settings
            endpoint = Endpoint.at(
                settings.get("url", _GITHUB),
                ca=str(self._workspace.root / settings["ca"]) if "ca" in settings else "",
                proxy=settings.get("proxy", ""),
                environ=self._workspace.environ,
            )
            self._client = Client(endpoint, tell=lambda waiting: self._workspace.tell(str(waiting)))
        return self._client
