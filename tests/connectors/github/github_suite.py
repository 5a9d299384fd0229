"""The promises of the connector contract, on one repository that is made anew for each test; the cases are elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest

from agentctl.connectors.base import Connector
from agentctl.model.action import ActionSpec
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address
from agentctl.testing import Case, ConnectorSuite
from tests.connectors.github.github_worlds import github
from tests.systems.github_house import GitHubHouse, Repository, without

NAME = "octocat/suite"
# What no undoing brings back, and no plan is about.
NOISE = ("updated_at", "created_at", "closed_at", "pushed_at", "closed_by", "reactions", "timeline_url")


def on(verb: str, target: str, **with_: Any) -> Step:
    """Return a step below the suite's repository; ``{NAME}`` in the target is an id the world gave out."""
    return Step(id="s", action=f"github.{verb}", target=f"{NAME}/{target}", with_=with_)


class GithubSuite(ConnectorSuite):
    """``kinds`` are the first words of the verbs a subclass has cases for. ``ids`` are filled by ``furnish``."""

    kinds: ClassVar[frozenset[str]] = frozenset()
    token: ClassVar[str] = ""       # the emulator takes any
    repository: Repository
    ids: dict[str, Any]

    def furnish(self, repository: Repository) -> dict[str, Any]:
        """Make what the cases need, and return what stands for the places in their targets."""
        raise NotImplementedError

    @pytest.fixture
    def house(self, github_emulator: GitHubHouse) -> GitHubHouse:
        return github_emulator

    @pytest.fixture
    def connector(self, house: GitHubHouse) -> Iterator[Connector]:
        house.ask("DELETE", f"/repos/{NAME}")
        self.repository = house.repository(name=NAME.partition("/")[2])
        self.ids = self.furnish(self.repository)
        made = github(house, token=self.token, only=[NAME])
        yield made
        made.close()

    @pytest.fixture
    def case(self, request: pytest.FixtureRequest, connector: Connector) -> Case:
        case: Case = request.param
        return replace(case, step=replace(case.step, target=case.step.target.format(**self.ids)))

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "case" in metafunc.fixturenames:
            metafunc.parametrize("case", self.cases, ids=[case.name for case in self.cases], indirect=True)

    def test_every_action_has_a_case(self, connector: Connector) -> None:
        offered = {verb for verb, spec in self._ours(connector).items() if not spec.inverse_only}
        assert offered == {case.step.verb for case in self.cases}

    def test_every_action_spec_is_well_formed(self, connector: Connector) -> None:
        super().test_every_action_spec_is_well_formed(cast(Connector, SimpleNamespace(actions=self._ours(connector))))

    def _ours(self, connector: Connector) -> dict[str, ActionSpec]:
        return {verb: spec for verb, spec in connector.actions.items() if verb.partition(".")[0] in self.kinds}

    def path(self, address: Address) -> str:
        """Return the path below the repository of what ``address`` names."""
        return "/" + address.split("/", 3)[3]

    def records(self, *listings: str) -> dict[str, Any]:
        """Return what stands in some lists of the repository, by URL, less what no undoing brings back."""
        found = {one["url"]: one for listing in listings for one in self.repository.all(listing)}
        cleaned: dict[str, Any] = without(found, *NOISE)
        return cleaned
