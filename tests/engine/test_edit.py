"""Whatever people make of a plan, what its agent wrote can be told from it, and nothing else can be passed off as that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agentctl.engine.edit import by_person, without
from agentctl.engine.keys import Ledger, keys
from agentctl.errors import Usage
from agentctl.model.edit import EditKind, NotAnEdit, original, step_edits
from agentctl.model.plan import Edited, From, Plan, Step, plan_from_wire, plan_to_wire

NAMES = "abcdef"


class _Plainly:
    """Commitments whose idempotency keys can be read."""

    def commit(self, address, path, wire):
        raise AssertionError("nothing is hidden here")

    def idempotency_key(self, lineage, plan, step, repeat):
        return f"{plan} {step} {repeat}"


def plan_of(count: int) -> Plan:
    """Steps that wait for the step above, as is usual."""
    steps = tuple(
        Step(id=name, action="mail.note.send", target=name, with_={"text": name}, needs=tuple(NAMES[place - 1:place]))
        for place, name in enumerate(NAMES[:count])
    )
    return Plan(intent="i", agent="bot", steps=steps)


def rewrite(plan: Plan, name: str, text: object) -> Plan:
    return replace(
        plan, steps=tuple(replace(step, with_={"text": text}) if step.id == name else step for step in plan.steps)
    )


_EDITS = st.lists(
    st.tuples(st.sampled_from(["drop", "write"]), st.sampled_from(NAMES), st.sampled_from(["x", "y", 1, True])),
    max_size=6,
)


@given(st.integers(1, 6), _EDITS)
def test_what_the_agent_wrote_is_told_from_whatever_became_of_it(count, edits):
    wrote = now = plan_of(count)
    for kind, name, text in edits:
        if name not in {step.id for step in now.steps}:
            continue
        try:
            after = without(now, [name]) if kind == "drop" else rewrite(now, name, text)
        except Usage:
            continue
        made = by_person(now, after, "maria", "sha256:0")
        now = now if made is None else made
    assert original(now).digest == wrote.digest
    again = plan_from_wire(plan_to_wire(now))
    assert again == now
    assert original(again).digest == wrote.digest
    told = {item.wrote.id: item.kind for item in step_edits(now)}
    assert {name for name, kind in told.items() if kind is EditKind.LEFT_OUT} == (
        {step.id for step in wrote.steps} - {step.id for step in now.steps}
    )
    key_of, key_was = (keys(plan, "lineage", 0, _Plainly(), Ledger()) for plan in (now, wrote))
    assert [key_of(step.id) for step in now.steps] == [key_was(step.id) for step in now.steps]


@given(st.integers(2, 6), st.sets(st.sampled_from(NAMES), min_size=1))
def test_what_is_left_waits_in_the_order_it_had(count, names):
    plan = plan_of(count)
    gone = names & {step.id for step in plan.steps}
    assume(0 < len(gone) < count)
    kept = without(plan, gone).steps
    assert [step.needs for step in kept] == [(), *((step.id,) for step in kept[:-1])]


def test_one_is_not_true_to_a_reader_of_edits():
    """Python takes ``1`` for ``True``: an edit from one to the other is an edit."""
    plan = rewrite(plan_of(1), "a", 1)
    made = by_person(plan, rewrite(plan, "a", True), "maria", "sha256:0")
    assert made is not None
    assert made.digest != plan.digest


A, B, C = plan_of(3).steps


def said(order: str, by: tuple[str, ...] = ("maria",), **steps: Step) -> Edited:
    return Edited(from_="sha256:0", by=by, order=tuple(order), steps=steps)


@pytest.mark.parametrize(("steps", "edited"), [
    ((A, B), said("ab", by=(), b=replace(B, with_={}))),
    ((A, B, C), said("ab", b=replace(B, with_={}))),                        # a step nobody's agent wrote
    ((A, B), said("abc")),                                                  # one that is nowhere
    ((B, A), said("ab", b=replace(B, with_={}))),                           # another order
    ((A, A), said("a", a=replace(A, with_={}))),                            # one of them twice
    ((A,), said("aa")),
    ((A, B), said("ab", b=replace(B, target="elsewhere"))),
    ((A, B), said("ab", b=replace(B, action="mail.note.erase"))),
    ((A, B), said("ab", b=replace(B, because="Why not."))),
    ((A,), said("a", b=B)),
])
def test_what_no_edit_can_make_is_no_edit(steps, edited):
    with pytest.raises(NotAnEdit):
        original(replace(plan_of(3), steps=steps, edited=edited))


def test_a_reference_inside_a_text_is_a_reason_to_stay():
    from agentctl.model.plan import Format

    text = Format("{x}", {"x": From("a", "after", ("text",))})
    plan = rewrite(plan_of(2), "b", text)
    with pytest.raises(Usage, match="`b` uses what is brought by `a`"):
        without(plan, ["a"])
