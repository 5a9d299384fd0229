"""The shipped suite fails a connector that breaks a promise: for each promise, one that does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from agentctl.connectors.base import Call, Connector, Instance, Located, Location, Receipt, View
from agentctl.connectors.layers.wrapped import Wrapped
from agentctl.connectors.memory import TYPE, MemoryConnector
from agentctl.errors import Rejected
from agentctl.model.action import ActionSpec, Reversibility, Settlement
from agentctl.model.change import Change, Effect, Inverse
from agentctl.model.plan import Secret, Step
from agentctl.model.snapshot import Address, Snapshot, within
from agentctl.model.values import Fields, Value
from agentctl.testing import Case, ConnectorSuite

UPDATE = Case("update", Step(id="s", action="crm.record.update", target="customers/42", with_={"tier": "annual"}))
CREATE = Case("create", Step(id="s", action="crm.record.create", target="customers", with_={"name": "Ada"}))
READ = Case("read", Step(id="s", action="crm.record.read", target="customers/42"))
DELETE = Case("delete", Step(id="s", action="crm.record.delete", target="customers/42"), canaries=("hunter2",))
SEND = Case(
    "send",
    Step(
        id="s", action="crm.note.send", target="outbox", with_={"to": "a", "text": "b", "password": Secret("relay")}
    ),
    secrets={"password": "hunter2"},
)


class Suite(ConnectorSuite):
    cases = (UPDATE, CREATE, READ, DELETE, SEND)
    outsiders = (Step(id="s", action="crm.record.update", target="elsewhere"),)

    def __init__(self, memory: MemoryConnector) -> None:
        self.memory = memory

    def world(self, connector: Connector) -> object:
        return self.memory.records, self.memory.outbox

    def outside_edit(self, connector: Connector, address: Address) -> None:
        self.memory.put(within(address), {"edited": True})


class Liar(Wrapped):
    """A truthful connector; each subclass tells one lie."""

    def __init__(self, memory: MemoryConnector) -> None:
        super().__init__(memory)
        self.memory = memory


class WritesWhileReading(Liar):
    def read(self, address: Address) -> Snapshot:
        self.memory.put("log/1", {"reads": 1})
        return self.inner.read(address)


class ReadsSomethingNewEachTime(Liar):
    numbers = count()

    def read(self, address: Address) -> Snapshot:
        return replace(self.inner.read(address), token=str(next(self.numbers)))


class PreviewsWithACounter(Liar):
    numbers = count()

    def preview(self, step: Step, view: View) -> Change:
        return replace(self.inner.preview(step, view), notes=(str(next(self.numbers)),))


class PreviewsTheLiveWorld(Liar):
    def preview(self, step: Step, view: View) -> Change:
        return self.inner.preview(step, self.inner)  # type: ignore[arg-type]  # the lie: not the view it was given


class PreviewsWithAnEffect(Liar):
    def preview(self, step: Step, view: View) -> Change:
        self.memory.put("log/1", {"previews": 1})
        return self.inner.preview(step, view)


class PredictsForAnotherStep(Liar):
    def preview(self, step: Step, view: View) -> Change:
        return replace(self.inner.preview(step, view), step="another")


class CallsAnUpdateANoOp(Liar):
    def preview(self, step: Step, view: View) -> Change:
        return replace(self.inner.preview(step, view), effect=Effect.NO_OP)


class TakesTheUnknownForNothing(Liar):
    def preview(self, step: Step, view: View) -> Change:
        known = {name: value for name, value in step.with_.items() if isinstance(value, str)}
        return replace(self.inner.preview(replace(step, with_=known), view), arguments=step.with_)


class DoesNothing(Liar):
    def execute(self, change: Change, call: Call) -> Receipt:
        return Receipt()


class DoesSomethingElse(Liar):
    def execute(self, change: Change, call: Call) -> Receipt:
        receipt = self.inner.execute(change, call)
        self.memory.put("customers/42", {"tier": "gold"})
        return receipt


class ForgetsItsKeys(Liar):
    def execute(self, change: Change, call: Call) -> Receipt:
        return self.inner.execute(change, replace(call, key=f"{call.key}{len(self.memory.records)}"))


class IgnoresThePrecondition(Liar):
    def execute(self, change: Change, call: Call) -> Receipt:
        fresh = {record.address: self.inner.read(record.address) for record in change.records}
        return self.inner.execute(change, replace(call, before=fresh))


class UndoesHalf(Liar):
    def preview(self, step: Step, view: View) -> Change:
        change = self.inner.preview(step, view)
        half: dict[str, Value] = {"fields": {"tier": "half"}, "absent": []}
        return change if change.inverse.step is None else replace(
            change, inverse=replace(change.inverse, step=replace(change.inverse.step, with_=half))
        )


class PromisesMoreThanItsSpec(Liar):
    def preview(self, step: Step, view: View) -> Change:
        return replace(self.inner.preview(step, view), inverse=Inverse(kind=Reversibility.EXACT, step=step))


class SaysThatItDidNotHappen(Liar):
    def locate(self, change: Change, call: Call) -> Location:
        return Located.ABSENT


class FindsWhatWasNeverDone(Liar):
    def locate(self, change: Change, call: Call) -> Location:
        return self.inner.read(Address("crm/customers/42"))


class FindsWhatOthersDid(Liar):
    def locate(self, change: Change, call: Call) -> Location:
        live = self.inner.read(change.records[0].address)
        return live if live.value == change.records[0].after else Located.CANNOT_TELL


class TellsItsSecrets(Liar):
    def execute(self, change: Change, call: Call) -> Receipt:
        return replace(self.inner.execute(change, call), ids={"used": f"{dict(call.secrets)}"})


class TellsOldValuesInItsErrors(Liar):
    def execute(self, change: Change, call: Call) -> Receipt:
        try:
            return self.inner.execute(change, call)
        except Rejected as error:
            raise Rejected("Record changed", "it was hunter2") from error


class AcceptsEveryTarget(Liar):
    def addresses(self, step: Step) -> tuple[Address, ...]:
        return (Address(f"{step.instance}/{step.target}"),)


def respecified(**changes: Any) -> type[Liar]:
    class Respecified(Liar):
        @property
        def actions(self) -> Mapping[str, ActionSpec]:
            return {verb: replace(spec, **changes) for verb, spec in self.inner.actions.items()}

    return Respecified


def memory() -> MemoryConnector:
    records: dict[str, Fields] = {"customers/42": {"tier": "monthly", "pin": "hunter2"}}
    connector = TYPE.open(Instance(name="crm", settings={"records": records}, root="."))
    assert isinstance(connector, MemoryConnector)
    return connector


LIES: list[tuple[str, type[Liar], Case | None]] = [
    ("test_reading_has_no_effect", WritesWhileReading, UPDATE),
    ("test_reading_has_no_effect", ReadsSomethingNewEachTime, UPDATE),
    ("test_reading_is_safe_from_several_threads", ReadsSomethingNewEachTime, UPDATE),
    ("test_preview_is_pure", PreviewsWithACounter, UPDATE),
    ("test_preview_is_pure", PreviewsTheLiveWorld, UPDATE),
    ("test_preview_is_pure", PreviewsWithAnEffect, UPDATE),
    ("test_a_preview_is_complete_and_canonical", PredictsForAnotherStep, UPDATE),
    ("test_a_preview_is_complete_and_canonical", CallsAnUpdateANoOp, UPDATE),
    ("test_a_preview_is_complete_and_canonical", PromisesMoreThanItsSpec, SEND),
    ("test_what_is_unknown_is_shown_as_unknown_or_refused", TakesTheUnknownForNothing, UPDATE),
    ("test_executing_brings_what_was_predicted", DoesNothing, UPDATE),
    ("test_executing_brings_what_was_predicted", DoesSomethingElse, UPDATE),
    ("test_executing_brings_what_was_predicted", DoesNothing, CREATE),
    ("test_executing_twice_under_one_key_acts_once", ForgetsItsKeys, CREATE),
    ("test_executing_twice_under_one_key_acts_once", respecified(settlement=Settlement.KEYED), SEND),
    ("test_the_inverse_restores_what_was_before", UndoesHalf, UPDATE),
    ("test_a_change_under_our_feet_is_refused_or_its_window_admitted", IgnoresThePrecondition, UPDATE),
    ("test_a_change_under_our_feet_is_refused_or_its_window_admitted", TellsOldValuesInItsErrors, DELETE),
    ("test_a_lost_reply_settles_as_the_spec_says", SaysThatItDidNotHappen, UPDATE),
    ("test_a_lost_reply_settles_as_the_spec_says", FindsWhatWasNeverDone, UPDATE),
    ("test_a_lost_reply_settles_as_the_spec_says", ForgetsItsKeys, CREATE),
    ("test_a_lost_reply_settles_as_the_spec_says", respecified(settlement=Settlement.FIND), SEND),
    ("test_a_lost_reply_settles_as_the_spec_says", respecified(settlement=Settlement.FIND), CREATE),
    ("test_a_lost_reply_settles_as_the_spec_says", FindsWhatOthersDid, UPDATE),
    ("test_sensitive_values_reach_no_receipt", TellsItsSecrets, SEND),
    ("test_a_target_outside_the_scope_is_rejected", AcceptsEveryTarget, None),
    ("test_every_action_spec_is_well_formed", respecified(summary="No sentence"), None),
    ("test_every_action_spec_is_well_formed", respecified(target=""), None),
    ("test_every_action_spec_is_well_formed", respecified(secret=frozenset({"nothing"})), None),
    ("test_every_action_spec_is_well_formed", respecified(recipients=("nobody",)), None),
    ("test_every_action_spec_is_well_formed", respecified(arguments={"type": "array"}), None),
    ("test_every_action_spec_is_well_formed", respecified(record={"type": "objekt"}), None),
    ("test_every_action_spec_is_well_formed", respecified(reversibility=Reversibility.COMPENSATING, stays=""), None),
]


@pytest.mark.parametrize("promise, liar, case", LIES, ids=[f"{liar.__name__}-{promise}" for promise, liar, _ in LIES])
def test_a_broken_promise_is_noticed(promise: str, liar: type[Liar], case: Case | None) -> None:
    honest, lying = memory(), memory()
    if case is None:
        check(honest, promise, honest)
        with pytest.raises(BaseException) as noticed:  # what pytest fails with is no Exception
            check(lying, promise, liar(lying))
    else:
        check(honest, promise, honest, case)
        with pytest.raises(BaseException) as noticed:
            check(lying, promise, liar(lying), case)
    assert not isinstance(noticed.value, KeyboardInterrupt | SystemExit | TypeError | AttributeError)


def check(world: MemoryConnector, promise: str, *arguments: object) -> None:
    test: Callable[..., None] = getattr(Suite(world), promise)
    test(*arguments)


def test_an_action_without_a_case_is_noticed() -> None:
    with pytest.raises(AssertionError):
        Suite(memory()).test_every_action_has_a_case(respecified(inverse_only=True)(memory()))
