"""Labels: every promise of the contract, and names, which are the addresses of what has them."""

from __future__ import annotations

from typing import Any

import pytest

from agentctl.connectors.base import Connector
from agentctl.errors import Rejected
from agentctl.model.change import Effect
from agentctl.model.snapshot import Address
from agentctl.testing import Case, perform
from tests.connectors.github.github_suite import GithubSuite, on
from tests.connectors.github.github_worlds import github, step
from tests.systems.github_house import USER, GitHubHouse, Repository
from tests.systems.github_simulator import SimulatedGitHub


class TestLabels(GithubSuite):
    kinds = frozenset({"label", "labels"})
    cases = (
        Case("read", on("label.read", "labels/bug")),
        Case("list", on("labels.read", "labels")),
        Case("make", on("label.create", "labels/good first issue", color="00FF00", description="For newcomers.")),
        Case("make one with a slash", on("label.create", "labels/area%2Flamps", color="00ff00")),
        Case("recolour", on("label.update", "labels/bug", color="00FF00", description="")),
        Case("rename", on("label.rename", "labels/bug", to="kind/ bug")),
        Case("delete", on("label.delete", "labels/bug")),
    )
    outsiders = tuple(
        on("label.update", target, color="00ff00")
        for target in ("labels", "labels/", "labels/area/lamps", "labels/..", "labels/ bug", "labels/bug ", f"labels/{'x' * 51}")
    )

    def furnish(self, repository: Repository) -> dict[str, Any]:
        repository.made("/labels", {"name": "bug", "color": "ff0000", "description": "What is broken."})
        repository.issue(labels=["bug"])
        return {}

    def world(self, connector: Connector) -> object:
        labels = self.records("/labels")
        issue = self.repository.read("/issues/1")
        return {**labels, "on the issue": [label["name"] for label in issue["labels"]]}

    def outside_edit(self, connector: Connector, address: Address) -> None:
        name = self.path(address).rpartition("/")[2].replace(" ", "%20")
        if self.repository.read(f"/labels/{name}"):
            self.repository.made(f"/labels/{name}", {"color": "123456"}, "PATCH")
        else:
            self.repository.made("/labels", {"name": address.rpartition("/")[2].replace("%2F", "/"), "color": "123456"})


class TestLabelsOfAStrictGitHub(TestLabels):
    token = USER

    @pytest.fixture
    def house(self, github_simulator: SimulatedGitHub) -> GitHubHouse:
        return github_simulator


@pytest.fixture
def connector(github_emulator):
    opened = github(github_emulator)
    yield opened
    opened.close()


def test_what_has_a_label_keeps_it_under_its_new_name(github_emulator: GitHubHouse, connector) -> None:
    repository = github_emulator.repository()
    repository.made("/labels", {"name": "bug", "color": "ff0000"})
    repository.issue(labels=["bug"])
    done = perform(connector, step("label.rename", repository, "labels/bug", to="defect"))
    assert done.change.effect is Effect.DELETE      # of an address: whoever may not delete may not take a name away either
    assert [label["name"] for label in repository.read("/issues/1")["labels"]] == ["defect"]
    perform(connector, done.inverse.step)
    assert [label["name"] for label in repository.read("/issues/1")["labels"]] == ["bug"]


def test_a_name_that_is_taken_is_refused_before_anybody_consents(github_emulator: GitHubHouse, connector) -> None:
    repository = github_emulator.repository()
    for name in ("bug", "defect"):
        repository.made("/labels", {"name": name, "color": "ff0000"})
    with pytest.raises(Rejected, match="Record exists"):
        perform(connector, step("label.rename", repository, "labels/bug", to="defect"))
    with pytest.raises(Rejected, match="Record exists"):
        perform(connector, step("label.create", repository, "labels/bug", color="00ff00"))
    assert {label["name"]: label["color"] for label in repository.all("/labels")} == {"bug": "ff0000", "defect": "ff0000"}
