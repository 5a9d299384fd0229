"""An example made ready in a workspace, with a GitHub of its own where it is about one."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.examples.screens import LOGIN
from tests.systems.emulator import emulator
from tests.systems.fixtures import _here
from tests.systems.github_whole import GitHubWhole, WholeGitHub

EXAMPLES = Path(__file__).parents[2] / "examples"
_spec = importlib.util.spec_from_file_location("prepare", EXAMPLES / "prepare.py")
assert _spec
assert _spec.loader
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
prepare, GITHUB = _module.prepare, _module.GITHUB


def ready(assets: Path, workspace: Path, *, url: str = "") -> None:
    """Make the workspace of an example, or of any folder that is like one."""
    prepare(assets, workspace, LOGIN, url=url)


@contextmanager
def github_of(example: Path, log: Path) -> Iterator[str]:
    """Yield the URL of a GitHub that is as the example finds it; nothing where it needs none."""
    world = example / "github.yaml"
    if not world.exists():
        yield ""
        return
    _here("node", "emulate")
    with emulator(log, behind=GitHubWhole) as house:
        WholeGitHub(front=house.front, direct=house.direct, port=house.port, pid=house.pid).furnish(world)
        yield house.url
