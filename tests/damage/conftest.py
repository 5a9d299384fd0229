"""The workspace that gets damaged, made once; and another, whose files are foreign to it."""

from __future__ import annotations

import pytest

from tests.damage.ground import Ground, build, foreign


@pytest.fixture(scope="session")
def _model(tmp_path_factory) -> Ground:
    return build(tmp_path_factory.mktemp("model") / "base")


@pytest.fixture(scope="session")
def other(tmp_path_factory) -> Ground:
    return foreign(tmp_path_factory.mktemp("other") / "base")


@pytest.fixture
def ground(_model) -> Ground:
    """Return a workspace with a history, as if nobody had touched it."""
    return _model.renewed()
