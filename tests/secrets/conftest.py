"""A workspace with a third party's connector whose actions take secrets, and with a secret for it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import _model, house
from tests.e2e.house import House, step

__all__ = ["_model", "house"]

SMTP = 'cAn4ry+Smtp/8f"3e&vq7'


@dataclass(frozen=True, kw_only=True)
class Relayed:
    """The workspace, and the system its secrets go to."""

    house: House

    def tells(self, *places: str) -> None:
        """Let the system slip the password out at ``places`` from now on."""
        self.house.change("agentctl.yaml", lambda file: file["connectors"]["relay"].update(tells=list(places)))

    def secrets(self, **sources: Any) -> None:
        self.house.change("agentctl.yaml", lambda file: file.update(secrets=sources))

    def grant(self, *names: str) -> None:
        def put(policy):
            grants = [grant for grant in policy["roles"]["all"]["grants"] if grant["id"] != "accounts"]
            grant = {"id": "accounts", "actions": ["relay.*"], "mode": "approve", "secrets": list(names)}
            policy["roles"]["all"]["grants"] = [*grants, grant if names else grant | {"secrets": ["none"]}]

        self.house.change("policy.yaml", put)

    def world(self) -> dict[str, Any]:
        path = self.house.root / "relay.json"
        return json.loads(path.read_text()) if path.exists() else {"accounts": {}, "passwords": {}, "keys": {}}

    def breaks(self) -> None:
        (self.house.root / "relay.json").write_text(json.dumps(self.world() | {"broken": True}))


@pytest.fixture
def relayed(house, tmp_path) -> Relayed:
    """Return a workspace whose environment holds the secret `smtp`, and whose policy grants its use."""
    plug = tmp_path / "plug"
    (plug / "relay-1.dist-info").mkdir(parents=True)
    (plug / "relay-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: relay\nVersion: 1\n")
    (plug / "relay-1.dist-info/entry_points.txt").write_text("[agentctl.connectors]\nrelay = relay:TYPE\n")
    (plug / "relay.py").write_text((Path(__file__).parent / "relay.py").read_text())
    path = os.pathsep.join(filter(None, [str(plug), os.environ.get("PYTHONPATH", "")]))
    plugged = House(root=house.root, home=house.home, extra={"PYTHONPATH": path, "SMTP_PASSWORD": SMTP})
    plugged.change("agentctl.yaml", lambda file: file["connectors"].update(relay={"type": "relay", "path": "relay.json"}))
    relayed = Relayed(house=plugged)
    relayed.secrets(smtp={"env": "SMTP_PASSWORD"})
    relayed.grant("smtp")
    return relayed


def account(name: str = "ada", secret: str = "smtp", **more: Any) -> dict[str, Any]:
    return step("make", "relay.account.create", f"accounts/{name}", {"password": {"$secret": secret}, **more})


def traces_of(house: House, value: str, told: Iterable[str]) -> list[str]:
    """Return where ``value`` stands in clear: what was told, and every file but the systems' own."""
    kept = [path for folder in (house.root, house.home) for path in folder.rglob("*") if path.is_file()]
    found = [str(path) for path in kept if path.name != "relay.json" and value.encode() in path.read_bytes()]
    return found + [text for text in told if value in text]
