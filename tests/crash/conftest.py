"""The shim, compiled once for each worker, and the ground it is tried on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crash import shim
from tests.crash.ground import Ground


@pytest.fixture(scope="session")
def zygote(tmp_path_factory) -> Iterator[shim.Zygote]:
    folder = tmp_path_factory.mktemp("crash")
    try:
        built = shim.build(folder)
    except shim.NoShim as error:
        pytest.skip(str(error))
    with shim.Zygote(built, folder) as zygote:
        yield zygote


@pytest.fixture(scope="session")
def ground(zygote, tmp_path_factory) -> Ground:
    return Ground(folder=tmp_path_factory.mktemp("ground"), zygote=zygote)
