"""What is too large for a line of the trace is hidden, and found to be so without writing out what is small."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentctl.engine.protect import Protector
from agentctl.model.action import ActionSpec, Reversibility
from agentctl.model.canonical import canonical
from agentctl.model.change import Change, Effect, Inverse, RecordChange
from agentctl.model.plan import Argument, From, Step, argument_to_wire
from agentctl.model.snapshot import Address
from agentctl.model.values import Hidden

LIMIT = 1024
TEXTS = st.text(st.sampled_from('a"\\\x00\x1fé€😀'), max_size=300) | st.sampled_from(["\x00" * 170, "\x00" * 171, "x" * 256, "x" * 257])
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.integers(10**300, 10**1100) | TEXTS | st.binary(max_size=900)
    | st.decimals(allow_nan=False, allow_infinity=False) | st.just(date(2026, 1, 1)) | st.just(datetime(2026, 1, 1, tzinfo=UTC))
    | st.just(Hidden("hmac-sha256:00")) | st.just(Decimal("0." + "1" * 1020)) | st.just(From("a", "after", ("b",)))
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(TEXTS | st.just("$from"), inner, max_size=4),
    max_leaves=20,
)


class Commitments:
    def commit(self, address: str, path: str, wire: object) -> str:
        return f"hmac-sha256:{len(canonical(wire))}"

    def idempotency_key(self, lineage: str, digest: str, step: str, repeat: int) -> str:
        raise NotImplementedError


def large(value: Argument) -> bool:
    """The rule, plainly: a value of more than 1 KiB, where a text counts four bytes a character."""
    if value is None or isinstance(value, int | Hidden | From):
        return False
    if isinstance(value, str | bytes) and len(value) * 4 <= LIMIT:
        return False
    return len(canonical(argument_to_wire(value))) > LIMIT


def plainly(value: Argument) -> Argument:
    """Return the value with all that is large replaced, from the inside out."""
    if isinstance(value, dict):
        inner: Argument = {name: plainly(item) for name, item in value.items()}
    elif isinstance(value, list):
        inner = [plainly(item) for item in value]
    else:
        inner = value
    return Hidden(f"hmac-sha256:{len(canonical(argument_to_wire(inner)))}") if large(inner) else inner


@given(st.dictionaries(st.sampled_from(["a", "b"]), VALUES, min_size=1))
@example({"a": {"b": "\x00" * 171}})
@example({"a": ["x" * 250] * 5})
@example({"a": {"$from": 1}})
def test_exactly_what_is_over_the_limit_is_hidden(arguments: dict[str, Argument]) -> None:
    step = Step(id="s", action="crm.row.update", target="t/1", with_=arguments)
    shown = Protector(Commitments(), large=True).large_arguments(step, Address("crm/t/1"))
    assert shown.with_ == {name: plainly(value) for name, value in arguments.items()}


SMALL, LARGE = {"name": "small"}, {"name": "x" * 2000}
SPEC = ActionSpec(verb="row.update", summary="", target="a row", arguments={}, record={})
UNDO = Step(id="s", action="crm.row.update", target="t/1", with_=SMALL)
CHANGE = Change(
    step="s",
    action="crm.row.update",
    target="t/1",
    effect=Effect.UPDATE,
    arguments=SMALL,
    records=(RecordChange(address=Address("crm/t/1"), before=SMALL, after=SMALL),),
    inverse=Inverse(kind=Reversibility.EXACT, step=UNDO),
    receipt=SMALL,
)


@pytest.mark.parametrize(
    "change",
    [
        replace(CHANGE, arguments=LARGE),
        replace(CHANGE, records=(RecordChange(address=Address("crm/t/1"), before=LARGE, after=SMALL),)),
        replace(CHANGE, records=(RecordChange(address=Address("crm/t/1"), before=SMALL, after=LARGE),)),
        replace(CHANGE, records=(*CHANGE.records, RecordChange(address=Address("crm/t/2"), before=None, after=LARGE))),
        replace(CHANGE, inverse=replace(CHANGE.inverse, step=replace(UNDO, with_=LARGE))),
        replace(CHANGE, receipt=LARGE),
    ],
    ids=["arguments", "before", "after", "second record", "inverse", "receipt"],
)
def test_what_must_be_hidden_in_one_place_of_a_change_is_hidden_there_and_nowhere_else(change: Change) -> None:
    protector = Protector(Commitments(), large=True)
    shown = protector.change(change, SPEC)
    assert "x" * 2000 not in repr(shown)
    assert repr(shown).count("Hidden(") == 1
    assert list(protector.values.values()) == ["x" * 2000]
    assert repr(shown).count("small") == repr(change).count("small")


def test_a_change_with_nothing_to_hide_is_not_made_anew() -> None:
    assert Protector(Commitments(), large=True).change(CHANGE, SPEC) is CHANGE
