"""The rest connector keeps every promise of the contract, on a real Kinto that nobody here wrote."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from agentctl.connectors.base import Connector
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, within
from agentctl.testing import Case, ConnectorSuite
from tests.connectors.rest.kinto_worlds import rest
from tests.systems.kinto import Kinto

CANARY = "canary-of-the-pin-4711"
BUCKET = "suite"
LAMP = {"title": "Lamp", "price": 12.5, "tags": ["b", "a"], "pin": CANARY, "owner": "ada"}


def step(verb: str, target: str, **with_: Any) -> Step:
    return Step(id="s", action=f"kinto.{verb}", target=f"{BUCKET}/{target}", with_=with_)


class TestKinto(ConnectorSuite):
    cases = (
        Case("read", step("thing.read", "things/lamp")),
        Case("list", step("things.read", "things")),
        Case("list with a filter", step("things.read", "things", title="Lamp")),
        Case("create", step("thing.create", "things/chair", title="Chair", price=Decimal("5.50"), tags=["y", "x"], odd=[1])),
        Case("add", step("thing.add", "things", title="Table", note="Four legs.")),
        Case("update", step("thing.update", "things/lamp", title="Lantern", tags=["z", "a"]), canaries=(CANARY,)),
        Case("update with a new field", step("thing.update", "things/lamp", color="red"), canaries=(CANARY,)),
        Case("replace", step("thing.replace", "things/lamp", title="Lantern"), canaries=(CANARY,)),
        Case("delete", step("thing.delete", "things/lamp"), canaries=(CANARY,)),
    )
    outsiders = tuple(
        step("thing.update", target, title="x")
        for target in ("things", "things/", "things//lamp", "../lamp", "things/..", "things/a%2Fb", "things/a b", "things/%61",
                       "things/lamp?x=1", "things/lamp/x")
    )

    @pytest.fixture
    def connector(self, kinto: Kinto) -> Iterator[Connector]:
        kinto.ask("DELETE", f"/buckets/{BUCKET}")
        kinto.ask("PUT", f"/buckets/{BUCKET}")
        kinto.ask("PUT", f"/buckets/{BUCKET}/collections/things")
        for name in ("lamp", "one", "two", "three", "four"):
            put(kinto, name, {**LAMP, "title": "Lamp" if name == "lamp" else name.title()})
        made = rest(kinto)
        self.kinto = kinto
        yield made
        made.close()

    def world(self, connector: Connector) -> object:
        answer = self.kinto.ask("GET", f"/buckets/{BUCKET}/collections/things/records?_limit=1000")
        found = {item["id"]: {**item, "last_modified": 0, "id": ""} for item in answer.body["data"]}
        return {name: {**item, "tags": sorted(item.get("tags", []))} for name, item in found.items()}

    def outside_edit(self, connector: Connector, address: Address) -> None:
        if within(address).count("/") == 2:
            put(self.kinto, within(address).rpartition("/")[2], {"title": "edited by somebody else"})


def put(kinto: Kinto, name: str, fields: dict[str, Any]) -> None:
    path = f"/buckets/{BUCKET}/collections/things/records/{name}"
    assert kinto.ask("PUT", path, {"data": fields}).status in {200, 201}
