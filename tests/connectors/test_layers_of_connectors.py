"""What wraps a connector keeps its promises whatever is inside."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from agentctl.connectors.base import Call, Connector, Instance, Location, Receipt, View, read_many
from agentctl.connectors.layers import Deadline, Rate, Rates, ReadOnly, Sealed, Tenant
from agentctl.connectors.layers.wrapped import Wrapped
from agentctl.connectors.memory import TYPE, MemoryConnector
from agentctl.errors import ConnectorError, Indeterminate, Interrupted, Invalid, Rejected, Unreachable
from agentctl.model.change import Change
from agentctl.model.changeset import SystemIdentity
from agentctl.model.plan import Step
from agentctl.model.snapshot import Address, Snapshot
from agentctl.model.values import Value
from agentctl.testing import Case, ConnectorSuite, foresee, perform, snapshots
from agentctl.testing.drive import FrozenView

UPDATE = Step(id="s", action="crm.record.update", target="customers/42", with_={"tier": "annual"})
RECORDS: Value = {"customers/42": {"tier": "monthly"}}


def memory(**settings: Value) -> MemoryConnector:
    connector = TYPE.open(Instance(name="crm", settings={"records": RECORDS, **settings}, root="."))
    assert isinstance(connector, MemoryConnector)
    return connector


class TestEveryLayerAtOnce(ConnectorSuite):
    """All layers together still are a connector that keeps the contract."""

    cases = (
        Case("read", Step(id="s", action="crm.record.read", target="customers/42")),
        Case("create", Step(id="s", action="crm.record.create", target="customers", with_={"name": "Ada"})),
        Case("update", UPDATE),
        Case("delete", Step(id="s", action="crm.record.delete", target="customers/42")),
        Case("send", Step(id="s", action="crm.note.send", target="outbox", with_={"to": "a@b.example", "text": "x"})),
    )

    @pytest.fixture
    def connector(self) -> Iterator[Connector]:
        self.memory = memory(tenant="acme")
        rated = Rate(Deadline(self.memory), Rates.of("1000/s"))
        layered = Sealed(Tenant(rated, "acme"))
        yield layered
        layered.close()

    def world(self, connector: Connector) -> object:
        return self.memory.records, self.memory.outbox

    def outside_edit(self, connector: Connector, address: Address) -> None:
        self.memory.put(address.partition("/")[2], {"edited": True})


# ---- read only


def test_a_read_only_connector_sees_everything_and_does_nothing() -> None:
    inner = memory()
    with pytest.raises(Rejected):
        perform(ReadOnly(inner), UPDATE)
    assert foresee(ReadOnly(inner), UPDATE).records[0].after == {"tier": "annual"}
    assert inner.records == RECORDS


# ---- sealed


class Broken(Wrapped):
    """Raises a stray exception, its text holding a secret, from every method."""

    def _fail(self, *_: Any) -> Any:
        raise ZeroDivisionError("password=hunter2")

    identity = addresses = resource = read = preview = execute = locate = close = _fail


CALLS: dict[str, tuple[type[ConnectorError], Callable[[Connector, Change, Call], object]]] = {
    "identity": (Unreachable, lambda it, change, call: it.identity()),
    "addresses": (Rejected, lambda it, change, call: it.addresses(UPDATE)),
    "resource": (Rejected, lambda it, change, call: it.resource(Address("crm/a/b"))),
    "read": (Unreachable, lambda it, change, call: it.read(Address("crm/a/b"))),
    "preview": (Rejected, lambda it, change, call: it.preview(UPDATE, FrozenView({}))),
    "execute": (Indeterminate, lambda it, change, call: it.execute(change, call)),
    "locate": (Unreachable, lambda it, change, call: it.locate(change, call)),
    "close": (Unreachable, lambda it, change, call: it.close()),
}


@pytest.mark.parametrize("method", CALLS)
def test_a_stray_exception_becomes_what_it_means_and_shows_no_value(method: str) -> None:
    expected, act = CALLS[method]
    change = foresee(memory(), UPDATE)
    with pytest.raises(expected) as failure:
        act(Sealed(Broken(memory())), change, Call(key="k", before={}, deadline=1))
    assert "hunter2" not in str(failure.value)
    assert "ZeroDivisionError" in failure.value.detail
    assert isinstance(failure.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("error", [Rejected("No"), Unreachable("No"), Indeterminate("No"), Interrupted("No")])
def test_what_a_connector_may_raise_and_an_interruption_pass(error: Exception) -> None:
    class Saying(Wrapped):
        def execute(self, change: Change, call: Call) -> Receipt:
            raise error

    with pytest.raises(type(error)) as raised:
        perform(Sealed(Saying(memory())), UPDATE)
    assert raised.value is error


# ---- deadline


class Stuck(Wrapped):
    """Never answers until it is let go."""

    def __init__(self, inner: Connector) -> None:
        super().__init__(inner)
        self.go = threading.Event()
        self.finished = threading.Event()

    def _wait(self) -> None:
        self.go.wait(10)

    def identity(self) -> SystemIdentity:
        self._wait()
        return self.inner.identity()

    def read(self, address: Address) -> Snapshot:
        self._wait()
        return self.inner.read(address)

    def locate(self, change: Change, call: Call) -> Location:
        self._wait()
        return self.inner.locate(change, call)

    def execute(self, change: Change, call: Call) -> Receipt:
        self._wait()
        try:
            return self.inner.execute(change, call)
        finally:
            self.finished.set()


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    connector = Stuck(memory())
    yield connector
    connector.go.set()


def test_a_look_that_takes_too_long_is_unreachable(stuck: Stuck) -> None:
    bounded = Deadline(stuck, reading=0.02)
    change = foresee(memory(), UPDATE)
    call = Call(key="k", before={}, deadline=0.02)
    for look in (bounded.identity, lambda: bounded.read(Address("crm/customers/42")), lambda: bounded.locate(change, call)):
        with pytest.raises(Unreachable, match="No answer in time"):
            look()


def test_an_effect_that_takes_too_long_is_indeterminate_because_it_may_still_happen(stuck: Stuck) -> None:
    inner = stuck.inner
    assert isinstance(inner, MemoryConnector)
    before = snapshots(inner, UPDATE)
    change = inner.preview(UPDATE, FrozenView(before))
    with pytest.raises(Indeterminate, match="No answer in time"):
        Deadline(stuck).execute(change, Call(key="k", before=before, deadline=0.02))
    assert inner.records == RECORDS
    stuck.go.set()
    assert stuck.finished.wait(10)
    assert inner.records == {"customers/42": {"tier": "annual"}}


def test_a_late_answer_is_never_taken_for_the_answer_to_the_next_call(stuck: Stuck) -> None:
    bounded = Deadline(stuck, reading=0.02)
    with pytest.raises(Unreachable):
        bounded.read(Address("crm/customers/42"))
    stuck.go.set()
    generous = Deadline(stuck, reading=10)
    assert bounded.inner is generous.inner
    for number in range(20):
        address = Address(f"crm/customers/{number}")
        assert bounded.read(address).address == address


def test_what_is_raised_inside_is_raised_outside() -> None:
    with pytest.raises(ZeroDivisionError):
        Deadline(Broken(memory())).read(Address("crm/a/b"))


def test_calls_from_many_threads_do_not_mix(stuck: Stuck) -> None:
    stuck.go.set()
    bounded = Deadline(stuck, reading=10)
    seen: list[bool] = []

    def look(number: int) -> None:
        for _ in range(20):
            address = Address(f"crm/customers/{number}")
            seen.append(bounded.read(address).address == address)

    threads = [threading.Thread(target=look, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 160
    bounded.close()


def test_closing_ends_the_idle_threads() -> None:
    bounded = Deadline(memory(), reading=10)
    others = set(threading.enumerate())
    bounded.read(Address("crm/customers/42"))
    (worker,) = set(threading.enumerate()) - others
    bounded.close()
    worker.join(10)
    assert not worker.is_alive()


def test_a_call_that_was_given_up_takes_its_thread_with_it(stuck: Stuck) -> None:
    others = set(threading.enumerate())
    with pytest.raises(Unreachable):
        Deadline(stuck, reading=0.02).read(Address("crm/customers/42"))
    (worker,) = set(threading.enumerate()) - others
    stuck.go.set()
    worker.join(10)
    assert not worker.is_alive()


class Slow(Wrapped):
    """Takes its time for each record."""

    def read(self, address: Address) -> Snapshot:
        threading.Event().wait(0.2)
        return self.inner.read(address)


MANY = tuple(Address(f"crm/customers/{number}") for number in range(40, 44))


def test_many_records_have_the_time_of_one_each() -> None:
    bounded = Deadline(Slow(memory()), reading=0.5)
    assert [snapshot.address for snapshot in bounded.read_many(MANY)] == list(MANY)
    bounded.close()


def test_a_system_that_falls_silent_among_many_records_is_cut_off() -> None:
    class Silent(Stuck):
        def read(self, address: Address) -> Snapshot:
            return super().read(address) if address == MANY[2] else self.inner.read(address)

    silent = Silent(memory())
    others = set(threading.enumerate())
    with pytest.raises(Unreachable, match="No answer in time"):
        Deadline(silent, reading=0.02).read_many(MANY)
    (worker,) = set(threading.enumerate()) - others
    silent.go.set()
    worker.join(10)
    assert not worker.is_alive()


def test_many_records_are_bounded_by_one_thread() -> None:
    bounded = Deadline(memory(), reading=10)
    others = set(threading.enumerate())
    bounded.read_many(MANY)
    bounded.read_many(MANY)
    assert len(set(threading.enumerate()) - others) == 1
    bounded.close()


@pytest.mark.parametrize("layer", [Deadline, ReadOnly, Sealed, lambda it: Tenant(it, "acme"), lambda it: Rate(it, Rates.of("9/s"))])
def test_through_every_layer_many_records_are_what_each_is(layer: Callable[[Connector], Connector]) -> None:
    layered = layer(memory())
    found = list(read_many(layered, MANY))
    assert [(snapshot.address, snapshot.value) for snapshot in found] == [
        (address, layered.read(address).value) for address in MANY
    ]
    layered.close()


def test_a_rate_counts_records_read_together_one_by_one() -> None:
    clock = Time()
    rated = Rate(memory(), Rates.of("2/min"), clock=clock, sleep=clock.sleep)
    list(read_many(Sealed(Tenant(rated, "acme")), MANY))
    assert clock.now >= 60


def test_a_wrong_tenant_is_told_before_any_of_many_is_read() -> None:
    with pytest.raises(Rejected, match="Tenant differs"):
        Tenant(memory(tenant="globex"), "acme").read_many(MANY)


# ---- rate


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_no_window_ever_holds_more_calls_than_the_rate_allows() -> None:
    clock = Time()
    rated = Rate(memory(), Rates.of("3/min"), clock=clock, sleep=clock.sleep)
    starts = []
    for number in range(10):
        clock.now += number     # calls come unevenly
        rated.read(Address("crm/customers/42"))
        starts.append(clock.now)
    assert all(later - earlier >= 60 for earlier, later in zip(starts, starts[3:], strict=False))
    assert clock.slept


def test_within_the_rate_nobody_waits() -> None:
    clock = Time()
    rated = Rate(memory(), Rates.of("100/s"), clock=clock, sleep=clock.sleep)
    perform(rated, UPDATE)
    assert clock.slept == []


@pytest.mark.parametrize("text", ["60", "0/min", "-1/s", "1/day", "1.5/s", "60/min ", ""])
def test_a_rate_that_cannot_be_read_is_invalid(text: str) -> None:
    with pytest.raises(Invalid):
        Rates.of(text)


# ---- tenant


def test_wrong_tenant_anywhere_stops_the_step() -> None:
    inner = memory(tenant="globex")
    ours = Tenant(inner, "acme")
    change = foresee(inner, UPDATE)
    before = snapshots(inner, UPDATE)
    call = Call(key="k", before=before, deadline=1)
    for act in (
        ours.identity,
        lambda: ours.read(Address("crm/customers/42")),
        lambda: ours.execute(change, call),
        lambda: ours.locate(change, call),
    ):
        with pytest.raises(Rejected, match="Tenant differs"):
            act()
    assert inner.records == RECORDS


def test_a_tenant_that_changes_after_planning_stops_the_effect() -> None:
    class Moving(Wrapped):
        tenant = "acme"

        def identity(self) -> SystemIdentity:
            return SystemIdentity(type="memory", version="1", endpoint="memory:", tenant=self.tenant)

    inner = Moving(memory())
    ours = Tenant(inner, "acme")
    before = snapshots(ours, UPDATE)
    change = ours.preview(UPDATE, FrozenView(before))
    inner.tenant = "globex"
    with pytest.raises(Rejected, match="Tenant differs"):
        ours.execute(change, Call(key="k", before=before, deadline=1))


def test_a_system_that_tells_no_tenant_is_believed() -> None:
    assert perform(Tenant(memory(), "acme"), UPDATE).after == {"crm/customers/42": {"tier": "annual"}}


def test_a_layer_previews_with_the_view_it_is_given() -> None:
    class Seeing(Wrapped):
        def preview(self, step: Step, view: View) -> Change:
            assert view is given
            return self.inner.preview(step, view)

    given = FrozenView(snapshots(memory(), UPDATE))
    Sealed(Tenant(Deadline(Seeing(memory())), "acme")).preview(UPDATE, given)
