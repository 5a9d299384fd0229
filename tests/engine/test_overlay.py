"""Reading ahead shows what reading does, whether systems answer at once, wait or refuse."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from agentctl.connectors.base import Instance
from agentctl.connectors.layers.wrapped import Wrapped
from agentctl.connectors.memory import TYPE
from agentctl.engine.overlay import Overlay
from agentctl.engine.ports import Systems
from agentctl.errors import Rejected, Unreachable
from agentctl.model.snapshot import Address, Snapshot

MANY = [Address(f"crm/customers/{number}") for number in range(600)]


class Counting(Wrapped):
    """Counts what is read, and in how many threads at once."""

    def __init__(self) -> None:
        records = {f"customers/{number}": {"n": number} for number in range(500)}
        super().__init__(TYPE.open(Instance(name="crm", settings={"records": records}, root=".")))
        self.seen: list[Address] = []
        self.threads: set[int] = set()

    def read(self, address: Address) -> Snapshot:
        self.seen.append(address)
        self.threads.add(threading.get_ident())
        return self.inner.read(address)


class Waiting(Counting):
    def read(self, address: Address) -> Snapshot:
        threading.Event().wait(0.02)
        return super().read(address)


class Refusing(Counting):
    def read(self, address: Address) -> Snapshot:
        if address.endswith("7"):
            raise Rejected("Hidden", f"{address} is not shown.")
        return super().read(address)


def overlay(system: Wrapped) -> Overlay:
    return Overlay(Systems({"crm": system}), lambda: datetime.now(UTC))


@pytest.mark.parametrize("kind", [Counting, Waiting])
def test_each_record_is_read_once_and_as_it_is(kind):
    system = kind()
    world = overlay(system)
    world.prefetch([*MANY[:60], *MANY[480:520], *MANY[:60]])
    assert sorted(system.seen) == sorted([*MANY[:60], *MANY[480:520]])
    assert world.read(MANY[42]).value == {"n": 42}
    assert world.read(MANY[519]).value is None
    world.prefetch(MANY[:60])
    world.look(MANY[:60])
    assert len(system.seen) == 100


def test_what_answers_at_once_is_read_in_one_thread_and_what_waits_in_many():
    quick, slow = Counting(), Waiting()
    overlay(quick).prefetch(MANY)
    overlay(slow).prefetch(MANY[:100])
    assert len(quick.threads) == 1
    assert len(slow.threads) > 10


def test_what_is_refused_is_told_where_it_is_asked_for_and_hides_nothing_else():
    world = overlay(Refusing())
    world.prefetch(MANY[:300])
    assert len(world.live) == 270
    assert world.read(MANY[6]).value == {"n": 6}
    with pytest.raises(Rejected, match="Hidden"):
        world.read(MANY[7])
    with pytest.raises(Rejected, match="Hidden"):
        world.look(MANY[5:9])


def test_a_system_out_of_reach_stops_reading_ahead():
    class Gone(Counting):
        def read(self, address: Address) -> Snapshot:
            raise Unreachable("Gone")

    with pytest.raises(Unreachable):
        overlay(Gone()).prefetch(MANY)


def test_a_record_a_step_makes_is_not_looked_for():
    system = Counting()
    world = overlay(system)
    world.prefetch([Address("crm/customers/new:s1")])
    assert world.read(Address("crm/customers/new:s1")).value is None
    assert system.seen == []
