"""What holds for every policy and change: nothing added to restrict ever widens, and judging has no effect."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from agentctl.model.change import Effect
from agentctl.model.decision import Mode, Outcome, Verdict
from agentctl.model.values import UNKNOWN
from agentctl.policy.evaluate import decide
from tests.policy.ground import change, context, grants, judge, record

RANK = {Verdict.ALLOW: 0, Verdict.CONSENT: 1, Verdict.DENY: 2}
MODES = [Mode.AUTO, Mode.APPROVE, Mode.MANUAL, Mode.FORBID]

CONDITIONS = st.sampled_from(
    ["before.a == 1", "after.a < 2", "after.b == before.b", "environment == 'prod'", "changes.all(c, c.path == 'a')",
     "after.gone == 1", "after.a == 'x' || true", "effect == 'delete'"]
)


@st.composite
def grant(draw, modes=("", "auto", "approve", "manual")):
    parts = [f"actions: [{draw(st.sampled_from(['crm.row.update', 'crm.row.*', '*', 'crm.row.read']))!r}]"]
    if draw(st.booleans()):
        parts.append(f"targets: [{draw(st.sampled_from(['t/*', 't/1', 'u/*', '**']))!r}]")
    if draw(st.booleans()):
        parts.append(f"fields: {draw(st.lists(st.sampled_from('ab'), min_size=1, max_size=2, unique=True))}")
    if draw(st.booleans()):
        parts.append(f'where: "{draw(CONDITIONS)}"')
    if mode := draw(st.sampled_from(modes)):
        parts.append(f"mode: {mode}")
    return "{" + ", ".join(parts) + "}"


@st.composite
def invariant(draw):
    role = draw(st.sampled_from(["deny", "require"]))
    when = f', when: "{draw(CONDITIONS)}"' if draw(st.booleans()) else ""
    return f'{role}: "{draw(CONDITIONS)}"{when}'


ROWS = st.none() | st.fixed_dictionaries(
    {"a": st.sampled_from([1, 2, "x", UNKNOWN]), "b": st.sampled_from([1, 2, None])}
)
RECORDS = st.builds(record, ROWS, ROWS, st.sampled_from(["crm/t/1", "crm/t/2", "crm/u/1"]))
CHANGES = st.builds(
    lambda records, effect: change(*records, effect=effect),
    st.lists(RECORDS, min_size=1, max_size=3),
    st.sampled_from([None, None, Effect.READ, Effect.SIDE_EFFECT]),
)
GRANTS = st.lists(grant(), max_size=3)
FORBIDS = grant(modes=("forbid",))
INVARIANTS = st.lists(invariant(), max_size=2)


def rules(entries, invariants):
    listed = "".join(f"  - {{id: i{number}, {entry}}}\n" for number, entry in enumerate(invariants))
    return grants(*entries, rest=f"invariants:\n{listed}" if listed else "")


def strictness(decision):
    return (RANK[decision.verdict], MODES.index(decision.mode))


@settings(max_examples=150, deadline=None)
@given(GRANTS, INVARIANTS, invariant(), CHANGES)
def test_adding_an_invariant_never_widens(entries, invariants, added, changed):
    before, after = judge(rules(entries, invariants), changed), judge(rules(entries, [*invariants, added]), changed)
    assert strictness(after) >= strictness(before)


@settings(max_examples=150, deadline=None)
@given(GRANTS, FORBIDS, INVARIANTS, CHANGES, st.integers(0, 3))
def test_adding_a_forbidding_grant_never_widens(entries, added, invariants, changed, at):
    before = judge(rules(entries, invariants), changed)
    after = judge(rules([*entries[:at], added, *entries[at:]], invariants), changed)
    assert strictness(after) >= strictness(before)


@settings(max_examples=150, deadline=None)
@given(GRANTS, grant(), INVARIANTS, CHANGES)
def test_removing_a_grant_never_lets_through_what_was_not_covered(entries, removed, invariants, changed):
    """The strictest of the covering grants stands, so one fewer may ask for less, but never of what others don't cover."""
    narrow, wide = judge(rules(entries, invariants), changed), judge(rules([*entries, removed], invariants), changed)
    failed = [item for item in wide.considered if item.outcome is Outcome.ERROR]
    if wide.verdict is Verdict.DENY and not failed:
        assert narrow.verdict is Verdict.DENY


@settings(max_examples=100, deadline=None)
@given(GRANTS, INVARIANTS, st.lists(RECORDS, min_size=1, max_size=3), RECORDS)
def test_another_record_never_widens(entries, invariants, records, another):
    known = rules(entries, invariants)
    assert strictness(judge(known, change(*records, another))) >= strictness(judge(known, change(*records)))


@settings(max_examples=100, deadline=None)
@given(GRANTS, INVARIANTS, CHANGES)
def test_proof_is_never_against_one_and_the_last_word_never_for(entries, invariants, changed):
    known = rules(entries, invariants)
    assert strictness(judge(known, changed, proven=False)) >= strictness(judge(known, changed))
    final = judge(known, changed, final=True)
    assert strictness(final) >= strictness(judge(known, changed))
    assert Outcome.UNDECIDED not in {item.outcome for item in final.findings} or final.verdict is Verdict.DENY


@settings(max_examples=100, deadline=None)
@given(GRANTS, INVARIANTS, CHANGES)
def test_a_decision_depends_on_nothing_but_what_it_is_given(entries, invariants, changed):
    known = rules(entries, invariants)
    asked = context(known, changed)
    assert decide(changed, asked) == decide(changed, replace(asked))


@settings(max_examples=100, deadline=None)
@given(GRANTS, INVARIANTS, st.dictionaries(st.sampled_from("cdef"), st.integers(), min_size=1), CHANGES)
def test_a_bystanders_field_changes_no_decision_that_says_what_it_read(entries, invariants, bystander, changed):
    known = rules(entries, invariants)
    first = judge(known, changed)
    beside = [
        replace(
            item,
            before=None if item.before is None else {**item.before, **bystander},
            after=None if item.after is None else {**item.after, **bystander},
        )
        for item in changed.records
    ]
    updates = all(item.before is not None and item.after is not None for item in changed.records)
    if first.reads is not None and updates:
        second = judge(known, replace(changed, records=tuple(beside)))
        assert (second.verdict, second.mode, second.reads) == (first.verdict, first.mode, first.reads)
