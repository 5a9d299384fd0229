"""A fresh workspace with all four kinds of system for every promise."""

from __future__ import annotations

import pytest

from tests.crash.conftest import ground, zygote
from tests.e2e.conftest import _model, house
from tests.e2e.house import PERSON

__all__ = ["_model", "ground", "house", "zygote"]


@pytest.fixture(autouse=True)
def maria(monkeypatch):
    """Be somebody whom the policy knows as on call, in this process too."""
    monkeypatch.setenv("LOGNAME", PERSON)
