"""The manifest that docs/CONNECTORS.md ends with keeps every promise of the contract, on the kind of API it is about."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from agentctl.connectors.base import Connector
from agentctl.connectors.registry import open_connector
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, within
from agentctl.testing import Case, ConnectorSuite
from tests.connectors.rest.desk import KEY, block, serving, ticket


def step(verb: str, target: str, **with_: Any) -> Step:
    return Step(id="s", action=f"desk.{verb}", target=target, with_=with_)


class TestDesk(ConnectorSuite):
    cases = (
        Case("read", step("ticket.read", "tickets/41")),
        Case("list", step("ticket.list", "tickets")),
        Case("list with a filter", step("ticket.list", "tickets", state="CLOSED")),
        Case("open", step("ticket.open", "tickets", subject="Toner", hours=Decimal("0.50"))),
        Case("save", step("ticket.save", "tickets/41", subject="Printer", hours=Decimal("2.00"))),
        Case("close", step("ticket.close", "tickets/41")),
        Case("reopen", step("ticket.reopen", "tickets/42")),
    )
    outsiders = tuple(step("ticket.save", target, subject="x") for target in ("tickets", "tickets/x", "tickets/041", "41"))

    @pytest.fixture
    def connector(self, tmp_path) -> Iterator[Connector]:
        (tmp_path / "desk.yaml").write_text(block("desk.yaml"))
        with serving() as self.desk:
            self.desk.put(*(ticket(number) for number in (40, 41, 43, 44)), ticket(42, state="CLOSED", hours="1.50"))
            settings = {"type": "rest", "manifest": "desk.yaml", "url": self.desk.url, "token": {"env": "DESK_KEY"}}
            made = open_connector("desk", settings, str(tmp_path), environ={"DESK_KEY": KEY})
            yield made
            made.close()

    def world(self, connector: Connector) -> object:
        kept = deepcopy(self.desk.tickets)
        for one in kept.values():
            one |= {"ver": 0, "touched": 0, "clientRef": "", "hours": Decimal(str(one["hours"]))}
        return kept

    def outside_edit(self, connector: Connector, address: Address) -> None:
        number = within(address).rpartition("/")[2]
        if number.isdecimal():
            self.desk.edit(int(number), subject="edited by somebody else")
