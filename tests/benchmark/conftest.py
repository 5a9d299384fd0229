"""The benchmark's own modules, which are no package: they stand beside each other where it runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the benchmark's modules importable, as they are when it runs, and forget them afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "scripts" / "benchmark"))
    yield
    for name in set(sys.modules) - before:
        if "scripts/benchmark" in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
