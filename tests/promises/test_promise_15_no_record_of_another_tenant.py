"""One system, records of many tenants: another's is refused at plan, at the gate, in a query and when it comes back."""

from __future__ import annotations

import sqlite3

import pytest

from agentctl.connectors.base import Call
from agentctl.connectors.layers import OwnRecords
from agentctl.connectors.layers.wrapped import Wrapped
from agentctl.errors import Exit, Rejected
from agentctl.model.snapshot import Address, Snapshot
from tests.connectors.test_layers_of_connectors import UPDATE, foresee, memory, snapshots
from tests.e2e.house import House, step

OURS, THEIRS = "1", "9"


@pytest.fixture
def shared(house: House) -> House:
    """The CRM keeps customers of two tenants: `org` says whose each is."""
    with sqlite3.connect(house.root / "crm.db") as database:
        database.executescript("""
            ALTER TABLE customers ADD COLUMN org TEXT;
            UPDATE customers SET org = 'acme';
            INSERT INTO customers VALUES (9, 'Mallory', 'monthly', 3, 'globex'), (10, 'Nobody', 'monthly', 4, NULL);
        """)
    database.close()
    house.change("agentctl.yaml", lambda file: file["connectors"]["crm"].update(tenant_field="org"))
    return house


def rows(house: House):
    return house.sql("SELECT id, name, tier, balance, org FROM customers ORDER BY id")


def refused(house: House, *command: str) -> str:
    before = rows(house)
    told = house.typed(*command)
    assert told.code in (Exit.INVALID, Exit.UNREACHABLE, Exit.STALE), told.all
    assert rows(house) == before
    assert not house.runs()
    assert "Tenant differs" in told.all
    return told.all


def change(key: str, **fields):
    return step("change", "crm.row.update", f"customers/{key}", fields or {"tier": "annual"})


def test_our_own_record_is_no_obstacle(shared):
    shared.plan(change(OURS))
    told = shared.typed("apply", "plan.yaml")
    assert told.code == Exit.OK, told.all


@pytest.mark.parametrize("key", [THEIRS, "10"])
def test_at_plan_another_tenants_record_and_one_that_does_not_say_are_refused(shared, key):
    shared.plan(change(key))
    assert f"customers/{key}" in refused(shared, "plan", "plan.yaml")
    refused(shared, "apply", "plan.yaml")


@pytest.mark.parametrize("wanted", [
    change(OURS, org="globex"),
    step("change", "crm.row.insert", "customers", {"id": 11, "name": "New", "org": "globex"}),
    step("change", "crm.row.insert", "customers", {"id": 11, "name": "New"}),
    step("change", "crm.row.delete", f"customers/{THEIRS}"),
])
def test_at_plan_no_record_is_made_for_given_to_or_taken_from_another_tenant(shared, wanted):
    shared.plan(wanted)
    refused(shared, "plan", "plan.yaml")


def test_at_the_gate_a_record_that_became_another_tenants_is_refused(shared):
    shared.plan(change(OURS))
    assert shared.run("plan", "plan.yaml", "-o", "reviewed").code == Exit.OK
    shared.sql("UPDATE customers SET org = 'globex' WHERE id = 1")
    refused(shared, "apply", "reviewed")


def test_in_a_query_that_finds_another_tenants_rows_nothing_is_done(shared):
    wanted = {"where": {"tier": "monthly"}, "set": {"tier": "annual"}, "max_rows": 10}
    shared.plan(step("change", "crm.rows.update", "customers", wanted))
    refused(shared, "plan", "plan.yaml")
    shared.plan(step("change", "crm.rows.update", "customers", {**wanted, "where": {"tier": "monthly", "org": "acme"}}))
    told = shared.typed("apply", "plan.yaml")
    assert told.code == Exit.OK, told.all
    assert shared.sql("SELECT id FROM customers WHERE tier = 'annual' ORDER BY id") == [(1,), (2,)]


def test_a_record_that_is_read_for_the_agent_is_refused_if_it_is_another_tenants(shared):
    shared.plan(step("look", "crm.row.read", f"customers/{THEIRS}"))
    told = shared.run("apply", "plan.yaml")
    assert told.code != Exit.OK
    assert "Mallory" not in told.all


class Answering(Wrapped):
    """A system that answers with another tenant's record once it has been written to."""

    org = "acme"

    def read(self, address: Address) -> Snapshot:
        found = self.inner.read(address)
        return Snapshot(address=address, value={**(found.value or {}), "org": self.org}, at=found.at, token=found.token)

    def execute(self, change, call):
        self.org = "globex"
        return self.inner.execute(change, call)


def test_on_the_returned_record_another_tenant_is_refused():
    answering = Answering(memory())
    ours = OwnRecords(answering, "acme", "org")
    planned = foresee(ours, UPDATE)
    ours.execute(planned, Call(key="k", before=snapshots(ours, UPDATE), deadline=1))
    with pytest.raises(Rejected, match="Tenant differs"):
        ours.read(Address("crm/customers/42"))
    with pytest.raises(Rejected, match="Tenant differs"):
        ours.read_many([Address("crm/customers/42")])


def test_a_change_that_was_made_for_another_tenant_is_not_executed():
    inner = memory()
    change = foresee(inner, UPDATE)
    before = dict(inner.records)
    with pytest.raises(Rejected, match="does not say whose it is"):
        OwnRecords(inner, "acme", "org").execute(change, Call(key="k", before=snapshots(inner, UPDATE), deadline=1))
    assert inner.records == before
