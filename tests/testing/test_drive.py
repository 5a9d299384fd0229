"""The driver does with a step what the engine does, and a standing clock stands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agentctl.connectors.base import Instance
from agentctl.connectors.memory import TYPE
from agentctl.errors import Indeterminate, Rejected
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address
from agentctl.testing import FrozenClock, FrozenView, LiveView, LostReply, perform, snapshots

UPDATE = Step(id="s", action="crm.record.update", target="customers/42", with_={"tier": "annual"})


def crm():
    return TYPE.open(Instance(name="crm", settings={"records": {"customers/42": {"tier": "monthly"}}}, root="."))


def test_a_step_is_driven_from_its_addresses_to_what_can_be_read_afterwards() -> None:
    done = perform(crm(), UPDATE)
    assert done.before["crm/customers/42"].value == {"tier": "monthly"}
    assert done.after == {"crm/customers/42": {"tier": "annual"}}
    assert done.inverse.step is not None


def test_an_earlier_read_is_the_precondition() -> None:
    system = crm()
    before = snapshots(system, UPDATE)
    perform(system, Step(id="t", action="crm.record.update", target="customers/42", with_={"tier": "weekly"}))
    with pytest.raises(Rejected):
        perform(system, UPDATE, before=before)


def test_a_no_op_is_not_executed() -> None:
    system = crm()
    perform(system, UPDATE)
    token = system.read(Address("crm/customers/42")).token
    perform(system, UPDATE)
    assert system.read(Address("crm/customers/42")).token == token


def test_a_view_shows_what_earlier_steps_leave_over_what_is_live() -> None:
    view = LiveView(crm(), {Address("crm/customers/43"): {"tier": "new"}, Address("crm/orders/1"): None})
    assert view.read(Address("crm/customers/42")).value == {"tier": "monthly"}
    assert view.read(Address("crm/customers/43")).value == {"tier": "new"}
    assert [snapshot.address for snapshot in view.predicted("crm/orders/")] == ["crm/orders/1"]


def test_a_preview_that_reads_what_it_did_not_name_is_caught() -> None:
    with pytest.raises(AssertionError, match="did not name"):
        FrozenView({}).read(Address("crm/customers/42"))


def test_a_lost_reply_comes_after_the_effect() -> None:
    system = crm()
    with pytest.raises(Indeterminate):
        perform(LostReply(system), UPDATE)
    assert system.read(Address("crm/customers/42")).value == {"tier": "annual"}


def test_a_frozen_clock_moves_only_when_told() -> None:
    clock = FrozenClock(datetime(2026, 1, 1, tzinfo=UTC))
    assert clock() == clock()
    clock.advance(minutes=5)
    assert clock() == datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
