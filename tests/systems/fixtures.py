"""Systems that nobody here wrote, for any test to use by name: one a test process, started when first asked for.

Where one cannot be fetched the test fails in continuous integration (``CI`` is set); elsewhere it is skipped, and says why.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.systems.authorization_server import AuthorizationServer
from tests.systems.authorization_server import authorization_server as start_authorization_server
from tests.systems.emulator import emulator
from tests.systems.fetched import NotFetched, fetched
from tests.systems.front import Front, forwarded, front
from tests.systems.github_house import GitHubHouse
from tests.systems.github_simulator import GitHubSimulator, SimulatedGitHub
from tests.systems.github_whole import GitHubWhole, WholeGitHub
from tests.systems.kinto import Kinto
from tests.systems.kinto import kinto as start_kinto


@pytest.fixture(scope="session")
def kinto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kinto]:
    _here("kinto")
    with start_kinto(tmp_path_factory.mktemp("kinto") / "log") as server:
        yield server


@pytest.fixture
def kinto_front(kinto: Kinto) -> Iterator[Front]:
    """Yield what stands before Kinto: keeps what is asked, and loses what it is told to. Its URL has no version."""
    with front(forwarded(kinto.port)) as opened:
        yield opened


@pytest.fixture
def github_emulator(_emulator: GitHubHouse) -> Iterator[GitHubHouse]:
    """Yield the emulator. After the test, every request that went through its front must be one that GitHub describes."""
    _emulator.front.forget()
    yield _emulator
    faults = _emulator.faults()
    assert not faults, "\n".join(["GitHub does not describe what was sent:", *faults])


@pytest.fixture(scope="session")
def _emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHubHouse]:
    _here("node", "emulate", "github-openapi")
    with emulator(tmp_path_factory.mktemp("emulator") / "log") as server:
        yield server


@pytest.fixture
def github_whole(_whole: WholeGitHub) -> Iterator[WholeGitHub]:
    """Yield the emulator with what it leaves out; what it is asked is held to GitHub's description as well."""
    _whole.front.forget()
    yield _whole
    faults = _whole.faults()
    assert not faults, "\n".join(["GitHub does not describe what was sent:", *faults])


@pytest.fixture(scope="session")
def _whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeGitHub]:
    _here("node", "emulate", "github-openapi")
    with emulator(tmp_path_factory.mktemp("whole") / "log", behind=GitHubWhole) as house:
        yield WholeGitHub(front=house.front, direct=house.direct, port=house.port, pid=house.pid)


@pytest.fixture
def github_simulator(_simulator: SimulatedGitHub) -> SimulatedGitHub:
    """Return the emulator made as strict as GitHub is. What can be set is set at its ``simulator`` and its ``front``."""
    _simulator.front.forget()
    _simulator.simulator.reset()
    return _simulator


@pytest.fixture(scope="session")
def _simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedGitHub]:
    _here("node", "emulate", "github-openapi")
    with emulator(tmp_path_factory.mktemp("simulator") / "log", behind=GitHubSimulator) as house:
        yield SimulatedGitHub(front=house.front, direct=house.direct, port=house.port, pid=house.pid)


@pytest.fixture(scope="session")
def authorization_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuthorizationServer]:
    _here("node", "oidc-provider")
    with start_authorization_server(tmp_path_factory.mktemp("authorization") / "log") as server:
        yield server


def _here(*systems: str) -> None:
    for name in systems:
        try:
            fetched(name)
        except NotFetched as error:
            if os.environ.get("CI"):
                pytest.fail(str(error), pytrace=False)
            pytest.skip(str(error))
