from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.errors import Exit
from agentctl.model.snapshot import Address
from agentctl.model.state import Head, Known, State
from agentctl.store import state as store
from agentctl.store.state import BadState, Problem

HEAD = Head(digest="sha256:" + "a" * 64, seq=9, file="000002-run-r1.jsonl")
STATE = State(
    lineage="l",
    serial=3,
    head=HEAD,
    records={
        Address("crm/customers/42"): Known(fields={"tier": "hmac:1"}, run="r1", step="tier"),
        Address("site/gone.html"): Known(fields=None, run="r1", step="gone"),
    },
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "state.json"
    store.save(path, STATE, 0o600)
    return path


def problem(path, **change):
    with pytest.raises(BadState) as caught:
        store.load(path, **{"lineage": "l", "head": HEAD, **change})
    assert caught.value.code is Exit.INTEGRITY
    return caught.value


def test_a_state_comes_back(path):
    assert store.load(path, lineage="l", head=HEAD) == STATE


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(
    st.builds(
        State,
        lineage=names,
        serial=st.integers(0, 10**9),
        head=st.none() | st.builds(Head, digest=names, seq=st.integers(1, 10**9), file=names),
        records=st.dictionaries(
            names.map(Address),
            st.builds(Known, fields=st.none() | st.dictionaries(names, names), run=names, step=names),
        ),
    )
)
def test_any_state_comes_back(tmp_path_factory, any_state):
    path = tmp_path_factory.getbasetemp() / "any-state.json"
    assert store.decode(store.encode(any_state), path) == any_state


def test_a_missing_state_is_an_error_with_the_command_that_mends_it(path):
    path.unlink()
    error = problem(path)
    assert (error.problem, error.command) == (Problem.MISSING, "agentctl state rebuild")


@pytest.mark.parametrize("data", [b"", b"\n", b"\0" * 4096])
def test_an_empty_state_never_means_that_nothing_exists(path, data):
    path.write_bytes(data)
    error = problem(path)
    assert (error.problem, error.command) == (Problem.EMPTY, "agentctl state rebuild")


def test_a_state_cut_anywhere_is_torn_or_empty(path):
    whole = path.read_bytes()
    for length in range(len(whole) - 1):
        path.write_bytes(whole[:length])
        assert problem(path).problem in (Problem.EMPTY, Problem.TORN)


def test_a_state_with_any_byte_changed_is_not_believed(path):
    whole = path.read_bytes()
    for place in range(len(whole) - 1):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        assert problem(path).problem in (Problem.TORN, Problem.EDITED, Problem.NEWER)


@pytest.mark.parametrize("data", [b"[]", b"null", b"7", b"{}", b'{"kind":"Plan"}', b"[" * 100_000])
def test_something_else_is_no_state(path, data):
    path.write_bytes(data)
    assert problem(path).problem is Problem.TORN


def test_a_state_of_another_workspace_is_told_apart(path):
    error = problem(path, lineage="other")
    assert error.problem is Problem.FOREIGN
    assert "lineage l," in error.detail


def test_a_state_of_a_newer_agentctl_is_not_to_be_rebuilt(path):
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "version": 2}))
    error = problem(path)
    assert (error.problem, error.command) == (Problem.NEWER, "")


@pytest.mark.parametrize("head", [None, replace(HEAD, seq=10, digest="sha256:" + "b" * 64)])
def test_a_state_that_is_not_of_the_traces_end_is_not_believed(path, head):
    error = problem(path, head=head)
    assert error.problem is Problem.BEHIND
    assert "record 9 in 000002-run-r1.jsonl" in error.detail


def test_one_generation_is_kept(path):
    store.save(path, replace(STATE, serial=4), 0o600)
    assert store.load(path, lineage="l", head=HEAD).serial == 4
    assert store.decode(store.before(path).read_bytes(), path) == STATE
