"""The memory connector keeps every promise of the contract, in memory and in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentctl.connectors.base import Connector, Instance
from agentctl.connectors.memory import TYPE, MemoryConnector
from agentctl.errors import Invalid, Rejected, Unreachable
from agentctl.model.change import Effect
from agentctl.model.plan import Secret, Step
from agentctl.model.snapshot import Address, within
from agentctl.model.values import Value
from agentctl.testing import Case, ConnectorSuite, foresee, perform

RECORDS: Value = {
    "customers/42": {"name": "Ada", "tier": "monthly", "pin": "canary-4711"},
    "customers/43": {"name": "Grace", "tier": "monthly"},
}


def step(action: str, target: str, **with_: Value) -> Step:
    return Step(id="s", action=f"crm.{action}", target=target, with_=with_)


class TestMemory(ConnectorSuite):
    cases = (
        Case("read", step("record.read", "customers/42")),
        Case("create", step("record.create", "customers/44", name="Edsger")),
        Case("create without a key", step("record.create", "customers", name="Edsger")),
        Case("update", step("record.update", "customers/42", tier="annual"), canaries=("canary-4711",)),
        Case("update with a new field", step("record.update", "customers/42", vip=True)),
        Case("delete", step("record.delete", "customers/42"), canaries=("canary-4711",)),
        Case(
            "restore",
            step("record.restore", "customers/42", fields={"tier": "none"}, absent=["name"]),
            canaries=("canary-4711",),
        ),
        Case(
            "send",
            Step(
                id="s",
                action="crm.note.send",
                target="outbox",
                with_={"to": "ada@acme.example", "text": "Hello", "password": Secret("relay")},
            ),
            secrets={"password": "hunter2-canary"},
        ),
    )
    outsiders = (
        step("record.create", "customers/new:x"),
        step("note.send", "inbox", to="a", text="b"),
        *(
            step("record.update", target, tier="x")
            for target in ("customers", "/customers/42", "customers//42", "a/b/c", "", "customers/4\n2")
        ),
    )

    @pytest.fixture
    def connector(self) -> Connector:
        return TYPE.open(Instance(name="crm", settings={"records": RECORDS, "sensitive": ["pin"]}, root="/nowhere"))

    def world(self, connector: Connector) -> object:
        assert isinstance(connector, MemoryConnector)
        return connector.records, connector.outbox

    def outside_edit(self, connector: Connector, address: Address) -> None:
        assert isinstance(connector, MemoryConnector)
        connector.put(within(address), {"edited": "by somebody else"})

    def test_every_action_has_a_case(self, connector: Connector) -> None:
        assert set(connector.actions) == {case.step.verb for case in self.cases}


class TestMemoryInAFile(TestMemory):
    @pytest.fixture
    def connector(self, tmp_path: Path) -> Connector:
        settings: dict[str, Value] = {"records": RECORDS, "path": "records.json", "sensitive": ["pin"]}
        return TYPE.open(Instance(name="crm", settings=settings, root=str(tmp_path)))


def in_file(root: Path) -> MemoryConnector:
    connector = TYPE.open(Instance(name="crm", settings={"path": "records.json"}, root=str(root)))
    assert isinstance(connector, MemoryConnector)
    return connector


def test_a_rollback_in_another_process_finds_what_the_run_left(tmp_path: Path) -> None:
    done = perform(in_file(tmp_path), step("record.create", "customers", name="Ada", photo=b"\x00\xff"))
    other = in_file(tmp_path)
    assert other.records == {"customers/1": {"name": "Ada", "photo": b"\x00\xff"}}
    assert done.inverse.step is not None
    perform(other, done.inverse.step)
    assert in_file(tmp_path).records == {}


def test_an_assigned_key_is_never_assigned_again(tmp_path: Path) -> None:
    connector = in_file(tmp_path)
    first = perform(connector, step("record.create", "customers"), key="one")
    assert first.inverse.step is not None
    perform(connector, first.inverse.step)
    assert perform(connector, step("record.create", "customers"), key="two").receipt.ids != first.receipt.ids


def test_planning_leaves_no_file_behind(tmp_path: Path) -> None:
    foresee(in_file(tmp_path), step("record.create", "customers", name="Ada"))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_unreachable_and_not_empty(tmp_path: Path) -> None:
    (tmp_path / "records.json").write_text('{"serial": 1')
    with pytest.raises(Unreachable):
        in_file(tmp_path).read(Address("crm/customers/1"))


def test_setting_what_is_set_is_a_no_op() -> None:
    connector = TYPE.open(Instance(name="crm", settings={"records": RECORDS}, root="."))
    assert foresee(connector, step("record.update", "customers/42", tier="monthly")).effect is Effect.NO_OP


def test_a_later_step_may_name_a_record_its_plan_creates() -> None:
    connector = TYPE.open(Instance(name="crm", settings={}, root="."))
    assert connector.addresses(step("record.update", "customers/new:make", tier="annual")) == (
        "crm/customers/new:make",
    )
    with pytest.raises(Rejected):
        foresee(connector, step("record.update", "customers/new:make", tier="annual"))


def test_a_record_name_in_the_settings_is_checked() -> None:
    with pytest.raises(Invalid):
        TYPE.open(Instance(name="crm", settings={"records": {"customers": {}}}, root="."))
