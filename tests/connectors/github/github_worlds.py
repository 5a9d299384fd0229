"""Connectors to a GitHub on this machine, as a workspace has them."""

from __future__ import annotations

from typing import Any

from agentctl.connectors.base import Connector, Instance
from agentctl.connectors.github import TYPE
from agentctl.model.plan import Step
from tests.systems.github_house import DIRECT, GitHubHouse, Repository, spread

TOKEN = "GITHUB_TOKEN"


def github(house: GitHubHouse, *, token: str = "", **settings: Any) -> Connector:
    """Return the connector on its own, without its layers, named `github`."""
    given = {"url": house.url, "token": {"env": TOKEN}, **settings}
    return TYPE.open(Instance(name="github", settings=given, root="/", environ={TOKEN: token or spread(DIRECT, 0)}))


def step(verb: str, repository: Repository, target: str, **with_: Any) -> Step:
    """Return a step on what is below a repository: ``step("issue.update", repository, "issues/1", title="New")``."""
    return Step(id="s", action=f"github.{verb}", target=f"{repository.name.lower()}/{target}", with_=with_)
