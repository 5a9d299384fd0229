"""A short soak: small runs of every kind with kills at random, held against a model. A long one: scripts/soak."""

from __future__ import annotations

import pytest

from tests.crash import shim
from tests.crash.soak import soak

_JOBS = 24


def test_random_kills_among_many_small_runs_lose_double_and_hide_nothing(tmp_path):
    try:
        tally = soak(tmp_path, seed=7, runs=_JOBS, minutes=0, say=lambda text: None)
    except shim.NoShim as error:
        pytest.skip(str(error))
    assert tally.jobs.total() == _JOBS
    assert tally.mishaps.total() > 3
