"""A plan's bytes are made once and put in where a changeset's are made of them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from agentctl.model.canonical import canonical, digest
from agentctl.model.changeset import ChangeSet, Purpose, SystemIdentity, header, header_to_wire
from agentctl.model.plan import OnFailure, Plan, Step, plan_to_wire

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
steps = st.builds(
    Step, id=texts, action=st.just("crm.row.update"), target=texts, because=texts,
    with_=st.dictionaries(texts, st.none() | st.booleans() | st.integers(-9, 9) | texts, max_size=3),
)
plans = st.builds(
    Plan, intent=texts, agent=texts, steps=st.lists(steps, max_size=3).map(tuple),
    on_failure=st.sampled_from(OnFailure),
)
systems = st.builds(SystemIdentity, type=texts, version=texts, endpoint=texts, whoami=texts, tenant=texts)
sets = st.builds(
    ChangeSet, lineage=texts, tenant=texts, environment=texts, purpose=st.sampled_from(Purpose), plan=plans,
    policy=texts, specs=st.dictionaries(texts, texts, max_size=3),
    systems=st.dictionaries(texts | st.just("plan"), systems, max_size=3), changes=st.just(()), signed_by=texts,
)


@given(sets)
def test_the_header_is_the_canonical_form_of_the_whole(changeset):
    for more in ({}, {"effects": changeset.effects, "digest": "sha256:0", "changes": 0}):
        assert header(changeset, more) == canonical({**header_to_wire(changeset), **more})


@given(sets)
def test_digests_are_those_of_the_whole_and_outlive_the_bytes(changeset):
    same = replace(changeset)
    changeset.forget_bytes()
    whole = {**header_to_wire(same), "effects": digest([])}
    for one in (changeset, same):
        assert (one.digest, one.plan.digest) == (digest(whole), digest(plan_to_wire(same.plan)))
    assert changeset.lines == same.lines == ()


@given(sets)
def test_a_proof_is_no_part_of_any_digest_and_nothing_is_made_again_for_it(changeset):
    lines, told = changeset.lines, (changeset.effects, changeset.digest)
    proven = changeset.proven_by("signed")
    assert (proven.proof, changeset.proof) == ("signed", "")
    assert proven.lines is lines
    assert (proven.effects, proven.digest) == told == (replace(proven).effects, replace(proven).digest)
