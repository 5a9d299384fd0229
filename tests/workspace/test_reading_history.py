"""Within one command the trace is read once, and again as soon as anybody has written to it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from agentctl.identity import sshsig
from agentctl.testing.clock import FrozenClock
from agentctl.trace.checkpoint import NAMESPACE, Places
from agentctl.trace.journal import Journal
from agentctl.trace.record import Kind
from agentctl.workspace.history import Reading, read_history

SEED = bytes(range(32))
HALT = {"id": "h", "scope": {"reach": "all", "name": ""}, "by": "ann", "host": "ops", "at": "", "reason": "2 a.m."}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    for name in ("trace", "checkpoints"):
        (tmp_path / name).mkdir()
    sign = partial(sshsig.sign, seed=SEED, namespace=NAMESPACE)
    return Places(trace=tmp_path / "trace", checkpoints=tmp_path / "checkpoints", lineage="l", sign=sign)


def act(places: Places, kind: str, name: str, **body: object) -> None:
    with Journal.open(places, kind, name, clock=FrozenClock()) as journal:
        journal.append(Kind(kind), body, sync=True)


def begin(places: Places) -> None:
    act(places, "init", "i1", lineage="l", public_key=sshsig.public_key(SEED), by="ann")


def test_an_unchanged_trace_is_read_once(places):
    begin(places)
    reading = Reading(places.trace, places.checkpoints)
    assert reading.history() is reading.history()


def test_what_is_written_meanwhile_is_seen(places):
    reading = Reading(places.trace, places.checkpoints)
    assert not reading.history().acts
    begin(places)
    assert reading.history() == read_history(places.trace)
    act(places, "halt", "h1", **HALT)
    (path,) = places.trace.glob("*halt*")
    assert [act.kind for act in reading.history().acts] == ["init", "halt"]
    path.write_bytes(path.read_bytes()[:-20])
    assert [act.kind for act in reading.history().acts] == ["init"], "the last line is torn"
    path.write_bytes(b"{}\n" + path.read_bytes())
    assert reading.history().damage


def test_a_record_in_its_place_that_tells_nothing_is_damage_and_what_stands_before_it_is_read(places):
    """Whoever holds every file but the key can write a chain anew; a value that changed by a bit is read before the
    line after it shows that."""
    act(places, "halt", "h1", **HALT)
    with Journal.open(places, "run", "r1", clock=FrozenClock()) as journal:
        journal.append(Kind.RUN_STARTED, {"plan": "no plan", "carried": {}}, sync=True)
        journal.append(Kind.RUN_FINISHED, {"status": "complete", "reason": ""}, sync=True)
    history = read_history(places.trace)
    assert [act.id for act in history.acts] == ["h1"]
    assert history.runs == ()
    assert history.damage == ("000002-run-r1.jsonl:1: its body is not that of a `run_started` here",)


def test_a_trace_that_is_gone_is_damage_and_never_an_empty_history(places):
    reading = Reading(places.trace, places.checkpoints)
    assert reading.history().damage == ("trace: there is none, and every workspace's begins with its `init`",)
    begin(places)
    act(places, "halt", "h1", **HALT)
    assert reading.history().damage == ()
    (path,) = places.trace.glob("*halt*")
    path.unlink()
    assert reading.history().damage == (f"{path.name}: a checkpoint speaks of it, but it is not there",)
