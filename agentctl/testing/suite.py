"""The promises every connector keeps, as a pytest class to subclass.

    class TestMyConnector(ConnectorSuite):
        cases = (Case("update", Step(id="s", action="crm.row.update", target="customers/42", with_={…})),)

        @pytest.fixture
        def connector(self, tmp_path): ...      # a fresh world in which every case can be done; close it afterwards

        def world(self, connector): ...         # all of it, as any value that compares with ==
        def outside_edit(self, connector, address): ...     # somebody else changes, makes or fills this record
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest

from agentctl.connectors.base import Call, Connector, Found, Located
from agentctl.errors import Indeterminate, Rejected
from agentctl.facts import dataclass, field, replace
from agentctl.model.action import ActionSpec, Precondition, Readback, Reversibility, Settlement, Tier
from agentctl.model.change import Change, Effect, change_from_wire, change_to_wire, strongest
from agentctl.model.plan import Argument, Step
from agentctl.model.snapshot import Address, Snapshot, instance_of, within
from agentctl.model.values import Fields, Unknown, Value, has_unknown, same, to_wire
from agentctl.syntax.schema import problems
from agentctl.testing.drive import DEADLINE, FrozenView, Performed, perform, snapshots
from agentctl.testing.lost import LostReply

_VERB = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_KEY = "key-of-the-suite"


@dataclass(frozen=True)
class Case:
    """One step that succeeds in the suite's world.

    ``given`` prepares the world for it. ``secrets`` are the resolved secret arguments; neither they nor ``canaries``
    (values of sensitive fields in this world) may reach a receipt's ids and links or any error.
    """

    name: str
    step: Step
    given: Callable[[Connector], None] | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)
    canaries: tuple[str, ...] = ()


class ConnectorSuite:
    """Subclass it, name the cases, and every promise of the connector contract is tested on each."""

    cases: ClassVar[tuple[Case, ...]] = ()
    outsiders: ClassVar[tuple[Step, ...]] = ()      # steps whose target lies outside this instance's scope

    @pytest.fixture
    def connector(self) -> Any:
        """Return, or yield, a connector on a fresh world in which every case can be done."""
        raise NotImplementedError

    def world(self, connector: Connector) -> object:
        """Return everything the system holds, but for what an inverse admits it leaves (``stays``)."""
        raise NotImplementedError

    def outside_edit(self, connector: Connector, address: Address) -> None:
        """Change the record at ``address`` as somebody else would; make it where it is absent."""
        raise NotImplementedError

    def normalise(self, address: Address, fields: Fields) -> Fields:
        """Return ``fields`` as the system keeps them, where that differs from what was sent."""
        return fields

    # ---- what the engine may believe of the data

    def test_every_action_has_a_case(self, connector: Connector) -> None:
        offered = {verb for verb, spec in connector.actions.items() if not spec.inverse_only}
        assert offered == {case.step.verb for case in self.cases}

    def test_every_action_spec_is_well_formed(self, connector: Connector) -> None:
        for verb, spec in connector.actions.items():
            assert verb == spec.verb
            assert _VERB.fullmatch(verb), verb
            assert spec.summary.endswith("."), f"{verb}: the summary is a sentence"
            assert spec.target, f"{verb}: say what the target names"
            assert spec.stays or spec.reversibility is Reversibility.EXACT, f"{verb}: say what cannot be taken back"
            assert spec.digest.startswith("sha256:")
            _assert_schema(spec.arguments, f"{verb}: arguments")
            _assert_schema(spec.record, f"{verb}: record")
            arguments = set(spec.arguments.get("properties", ()))
            assert spec.secret <= arguments, f"{verb}: a secret argument is an argument"
            assert arguments.issuperset(spec.recipients + spec.amounts), f"{verb}: recipients, amounts are arguments"
            if spec.tier is Tier.READ:
                assert spec.settlement is Settlement.LOCAL, f"{verb}: a lost read has done nothing"
            elif spec.precondition is Precondition.NONE:
                conditional = spec.settlement is Settlement.CONDITIONAL
                assert not conditional, f"{verb}: without a precondition nothing can be resent under it"

    def test_a_target_outside_the_scope_is_rejected(self, connector: Connector) -> None:
        for step in self.outsiders:
            with pytest.raises(Rejected):
                connector.addresses(step)

    def test_identity_names_the_system(self, connector: Connector) -> None:
        identity = connector.identity()
        assert identity.type
        assert identity.version
        assert identity.endpoint

    def test_closing_twice_is_closing_once(self, connector: Connector) -> None:
        connector.close()
        connector.close()

    # ---- looking

    def test_reading_has_no_effect(self, connector: Connector, case: Case) -> None:
        _given(connector, case)
        world = self.world(connector)
        first, second = snapshots(connector, case.step), snapshots(connector, case.step)
        assert [_seen(snapshot) for snapshot in first.values()] == [_seen(snapshot) for snapshot in second.values()]
        assert self.world(connector) == world
        for address, snapshot in first.items():
            assert instance_of(address) == case.step.instance
            assert within(address)
            assert snapshot.address == address
            assert connector.resource(address) == connector.resource(address) != ""

    def test_reading_is_safe_from_several_threads(self, connector: Connector, case: Case) -> None:
        _given(connector, case)
        expected = [_seen(snapshot) for snapshot in snapshots(connector, case.step).values()]
        with ThreadPoolExecutor(4) as pool:
            readings = list(pool.map(lambda _: snapshots(connector, case.step), range(8)))
        assert all([_seen(snapshot) for snapshot in reading.values()] == expected for reading in readings)

    def test_preview_is_pure(self, connector: Connector, case: Case) -> None:
        _given(connector, case)
        before = snapshots(connector, case.step)
        world = self.world(connector)
        first = connector.preview(case.step, FrozenView(before))
        assert connector.preview(case.step, FrozenView(before)) == first
        assert self.world(connector) == world
        for address in before:
            if _is_a_record(before[address]):
                self.outside_edit(connector, address)
                break
        assert connector.preview(case.step, FrozenView(before)) == first

    def test_a_preview_is_complete_and_canonical(self, connector: Connector, case: Case) -> None:
        spec = _given(connector, case)
        change = connector.preview(case.step, FrozenView(snapshots(connector, case.step)))
        assert change_from_wire(change_to_wire(change)) == change
        assert (change.step, change.action, change.target) == (case.step.id, case.step.action, case.step.target)
        if change.effect not in {Effect.READ, Effect.SIDE_EFFECT}:
            assert change.effect is strongest(change.records)
        assert change.effect is not Effect.NO_OP, f"{case.name}: a case does something"
        assert (change.effect is Effect.READ) == (spec.tier is Tier.READ)
        assert change.inverse.kind is spec.reversibility or change.inverse.kind is Reversibility.NONE
        if change.effect is not Effect.READ:
            assert (change.inverse.step is None) == (change.inverse.kind is Reversibility.NONE)
        for record in change.records:
            for fields in (record.before, record.after):
                if fields is not None:
                    _assert_fits(fields, spec.record, f"{case.name}: {record.address}")

    def test_what_is_unknown_is_shown_as_unknown_or_refused(self, connector: Connector, case: Case) -> None:
        _given(connector, case)
        before = snapshots(connector, case.step)
        for name in case.step.with_:
            unknown: dict[str, Argument] = {**case.step.with_, name: Unknown({"$from": "steps.earlier.after.x"})}
            try:
                change = connector.preview(replace(case.step, with_=unknown), FrozenView(before))
            except Rejected:
                continue
            assert has_unknown(change.arguments[name])  # type: ignore[arg-type]  # an Unknown is a Value
            assert change.effect is not Effect.NO_OP, f"{case.name}: nobody knows that {name} changes nothing"
        hazy = {address: _hazy(snapshot) for address, snapshot in before.items()}
        try:
            change = connector.preview(case.step, FrozenView(hazy))
        except Rejected:
            return
        assert change.effect is not Effect.NO_OP

    # ---- acting

    def test_executing_brings_what_was_predicted(self, connector: Connector, case: Case) -> None:
        spec = _given(connector, case)
        before = self.world(connector)
        done = _perform(connector, case)
        if done.change.effect is Effect.READ:
            assert self.world(connector) == before
            assert set(done.receipt.read) >= set(done.change.reads)
        else:
            assert self.world(connector) != before, f"{case.name} did nothing"
        if spec.readback is Readback.RECORD:
            for record in done.change.records:
                shown = done.after[record.address]
                assert self._is_as_predicted(record.address, shown, record.after), f"{record.address} reads {shown!r}"
        for name, predicted in done.change.receipt.items():
            assert name in done.receipt.ids
            assert has_unknown(predicted) or same(done.receipt.ids[name], predicted)

    def test_executing_twice_under_one_key_acts_once(self, connector: Connector, case: Case) -> None:
        spec = _given(connector, case)
        done = _perform(connector, case)
        world = self.world(connector)
        if spec.settlement is Settlement.ASK and spec.precondition is Precondition.NONE:
            return                      # the spec says so: nobody but a person may send this again
        try:
            again = connector.execute(done.change, _call(case, done.before))
        except Rejected:
            assert spec.settlement is not Settlement.KEYED
        else:
            assert same(again.ids, done.receipt.ids)
        assert self.world(connector) == world

    def test_the_inverse_restores_what_was_before(self, connector: Connector, case: Case) -> None:
        spec = _given(connector, case)
        world = self.world(connector)
        done = _perform(connector, case)
        inverse = done.inverse
        assert inverse.kind is done.change.inverse.kind
        if done.change.effect is Effect.READ or inverse.kind is Reversibility.NONE:
            assert inverse.step is None
            return
        assert inverse.step is not None
        assert not any(has_unknown(argument) for argument in inverse.step.with_.values())  # type: ignore[arg-type]
        acted = self.world(connector)
        undone = perform(connector, inverse.step, key="key-of-the-inverse")
        if inverse.kind is not Reversibility.EXACT:
            return
        for record in done.change.records:
            address = done.receipt.addresses.get(record.address, record.address)
            value = connector.read(address).value
            assert same(value, record.before), f"{address} was {record.before!r} and is {value!r}"
        assert self.world(connector) == world
        if undone.inverse.kind is Reversibility.EXACT and undone.inverse.step is not None:
            perform(connector, undone.inverse.step, key="key-of-the-redo")
            assert self.world(connector) == acted, f"{spec.verb}: a rollback can be rolled back"

    def test_a_change_under_our_feet_is_refused_or_its_window_admitted(self, connector: Connector, case: Case) -> None:
        spec = _given(connector, case)
        before = snapshots(connector, case.step)
        change = connector.preview(case.step, FrozenView(before))
        held = [record.address for record in change.records if "/new:" not in record.address]
        if change.effect is Effect.READ or spec.precondition is Precondition.NONE or not held:
            return
        for address in held:
            self.outside_edit(connector, address)
            world = self.world(connector)
            with pytest.raises(Rejected) as refusal:
                connector.execute(change, _call(case, before))
            assert self.world(connector) == world, f"{address} was overwritten"
            _assert_silent(case, str(refusal.value), refusal.value.hint, refusal.value.command)

    def test_a_lost_reply_settles_as_the_spec_says(self, connector: Connector, case: Case) -> None:
        spec = _given(connector, case)
        before = snapshots(connector, case.step)
        change = connector.preview(case.step, FrozenView(before))
        if change.effect is Effect.READ:
            return
        call = _call(case, before)
        early = connector.locate(change, call)
        assert not isinstance(early, Snapshot | Found), f"{case.name} is located before it was done"
        with pytest.raises(Indeterminate) as doubt:
            LostReply(connector).execute(change, call)
        _assert_silent(case, str(doubt.value))
        world = self.world(connector)
        located = connector.locate(change, call)
        assert located is not Located.ABSENT, f"{case.name} happened, and locate() says that it did not"
        match spec.settlement:
            case Settlement.LOCAL:
                for record in change.records:
                    live = connector.read(record.address).value
                    assert self._is_as_predicted(record.address, live, record.after)
            case Settlement.CONDITIONAL:
                _assert_not_found_by_others(connector, change, call, case)
                with pytest.raises(Rejected):
                    connector.execute(change, call)
            case Settlement.KEYED:
                assert connector.execute(change, call).ids.keys() >= change.receipt.keys()
            case Settlement.FIND:
                assert isinstance(located, Snapshot | Found), f"{case.name} settles by finding, and is not found"
                if change.receipt or any("/new:" in record.address for record in change.records):
                    assert isinstance(located, Found), f"{case.name} is found without what the system calls it"
                    assert located.receipt.ids.keys() >= change.receipt.keys()
                _assert_not_found_by_others(connector, change, call, case)
            case Settlement.ASK:
                pass
        assert self.world(connector) == world

    def test_sensitive_values_reach_no_receipt(self, connector: Connector, case: Case) -> None:
        _given(connector, case)
        receipt = _perform(connector, case).receipt
        _assert_silent(case, repr(receipt.ids), repr(receipt.links))
        for secret in case.secrets.values():
            assert secret not in repr(receipt)

    # ---- how the above is said

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "case" in metafunc.fixturenames:
            metafunc.parametrize("case", self.cases, ids=[case.name for case in self.cases])

    def _is_as_predicted(self, address: Address, shown: Fields | None, predicted: Fields | None) -> bool:
        if shown is None or predicted is None:
            return shown is predicted
        expected = self.normalise(address, predicted)
        return all(_agrees(shown.get(name), value) for name, value in expected.items())


def _given(connector: Connector, case: Case) -> ActionSpec:
    if case.given is not None:
        case.given(connector)
    return connector.actions[case.step.verb]


def _call(case: Case, before: Mapping[Address, Snapshot]) -> Call:
    return Call(key=_KEY, before=before, deadline=DEADLINE, secrets=case.secrets)


def _perform(connector: Connector, case: Case) -> Performed:
    return perform(connector, case.step, key=_KEY, secrets=case.secrets)


def _seen(snapshot: Snapshot) -> tuple[Any, ...]:
    value = None if snapshot.value is None else to_wire(snapshot.value)
    return snapshot.address, value, snapshot.token, tuple(map(_seen, snapshot.members))


def _is_a_record(snapshot: Snapshot) -> bool:
    return not snapshot.members and "/new:" not in snapshot.address and snapshot.value is not None


def _hazy(snapshot: Snapshot) -> Snapshot:
    if snapshot.value is None:
        return snapshot
    return replace(snapshot, value=dict.fromkeys(snapshot.value, Unknown()))


def _agrees(shown: Value, predicted: Value) -> bool:
    return has_unknown(predicted) or same(shown, predicted)


def _assert_silent(case: Case, *texts: str) -> None:
    for secret in (*case.secrets.values(), *case.canaries):
        assert not any(secret in text for text in texts), f"{case.name}: a sensitive value got out"


def _assert_schema(schema: Mapping[str, Any], where: str) -> None:
    from jsonschema import Draft202012Validator  # slow to import; only this check needs it

    Draft202012Validator.check_schema(schema)
    assert schema.get("type") == "object", f"{where}: is an object"


def _assert_fits(fields: Fields, schema: Mapping[str, Any], where: str) -> None:
    known = {name: value for name, value in fields.items() if not has_unknown(value)}
    faults = problems({**schema, "required": []}, to_wire(known))
    assert not faults, f"{where}: {faults}"


def _assert_not_found_by_others(connector: Connector, change: Change, call: Call, case: Case) -> None:
    """Values that others may have written prove nothing: what is found bears the mark of its own key."""
    other = connector.locate(change, replace(call, key="another-key"))
    assert not isinstance(other, Snapshot | Found), f"{case.name} is found under a key that is not its own"
