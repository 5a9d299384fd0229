"""The examples' workspace, and a workspace with all four kinds of system."""

from __future__ import annotations

import shutil

import pytest

from tests.e2e.house import House, build
from tests.examples.conftest import workspace

__all__ = ["house", "workspace"]


@pytest.fixture(scope="session")
def _model(tmp_path_factory) -> House:
    return build(tmp_path_factory.mktemp("model"))


@pytest.fixture
def house(_model, tmp_path) -> House:
    """Return a fresh workspace: a copy of one that was initialised once."""
    shutil.copytree(_model.root.parent, tmp_path / "house")
    return House(root=tmp_path / "house/ws", home=tmp_path / "house/home")
