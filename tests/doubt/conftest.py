"""A workspace beside an office on a real port, driven through the engine; and one driven through the command line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agentctl.engine.ports import Systems
from agentctl.workspace.workspace import Workspace
from tests.doubt.clerk import Clerk
from tests.doubt.office import Office, served
from tests.e2e.conftest import _model, house
from tests.e2e.house import House
from tests.engine.conftest import POLICY, World

__all__ = ["_model", "house"]


class Beside(World):
    """A workspace beside an office."""

    def __init__(self, root: Path, office: Office, **settings: object) -> None:
        self.office, self.settings = office, settings
        super().__init__(root)
        self.policy(POLICY.replace('["mem.record.*"]', '["mem.*"]'))

    @property
    def workspace(self) -> Workspace:
        workspace = Workspace.open(self.root, self.environ)
        clerk = Clerk("mem", self.office.url, **self.settings)
        workspace.__dict__["systems"] = Systems({"mem": self.wrap(clerk)})
        return workspace


@pytest.fixture
def office():
    with served() as office:
        office.put("/records/42", {"tier": "monthly"})
        yield office


@pytest.fixture
def beside(tmp_path, office):
    """Return what makes a workspace beside the office; its settings are the clerk's."""
    return lambda **settings: Beside(tmp_path / "workspace", office, **settings)


@pytest.fixture
def plugged(house, tmp_path, office) -> House:
    """Return a workspace with the office's connector installed, as third parties install theirs."""
    plug = tmp_path / "plug"
    (plug / "clerk-1.dist-info").mkdir(parents=True)
    (plug / "clerk-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: clerk\nVersion: 1\n")
    (plug / "clerk-1.dist-info/entry_points.txt").write_text("[agentctl.connectors]\noffice = clerk:TYPE\n")
    (plug / "clerk.py").write_text((Path(__file__).parent / "clerk.py").read_text())
    path = os.pathsep.join(filter(None, [str(plug), os.environ.get("PYTHONPATH", "")]))
    plugged = House(root=house.root, home=house.home, extra={"PYTHONPATH": path})
    connector = {"type": "office", "url": office.url}
    plugged.change("agentctl.yaml", lambda file: file["connectors"].update(office=connector))

    def grant(policy):
        policy["roles"]["all"]["grants"].append({"id": "office", "actions": ["office.*"], "mode": "approve"})

    plugged.change("policy.yaml", grant)
    return plugged
