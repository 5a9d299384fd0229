"""What every test may use: the switch that rewrites expected output, a directory to come back to, and real systems."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

pytest_plugins = ["tests.systems.fixtures"]      # systems nobody here wrote, started when a test asks for one


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite expected output with what came out")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(autouse=True)
def _stay_where_we_are() -> Iterator[None]:
    """A command run in this process may go to another directory (`-C`), which is gone when its test is."""
    before = Path.cwd()
    yield
    os.chdir(before)
