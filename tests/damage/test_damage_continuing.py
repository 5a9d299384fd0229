"""A state goes on from the one before it where that is sealed, and is told from the trace wherever anything is odd."""

from __future__ import annotations

import json

import pytest

from agentctl.errors import Exit
from agentctl.model.canonical import digest
from agentctl.store import state as store
from agentctl.trace.chain import scan
from agentctl.workspace.continuing import continued
from agentctl.workspace.projecting import save_state
from tests.damage.ground import step
from tests.e2e.house import House
from tests.promises.inside import apply, opened, rollback


@pytest.fixture
def house(ground, monkeypatch) -> House:
    monkeypatch.setattr(House, "key", ground.key)
    monkeypatch.setenv("LOGNAME", "maria")
    return House(root=ground.root, home=ground.base / "home")


def change(name: str, tier: str):
    return step("s", "mem.record.update", f"customers/{name}", {"tier": tier})


def body(ground) -> dict:
    wire = json.loads((ground.ours / "state.json").read_bytes())
    return {name: value for name, value in wire.items() if name not in {"head", "serial", "digest"}}


def told_in_full(ground) -> dict:
    assert ground.type("state", "rebuild").code == Exit.OK
    return body(ground)


def test_what_is_gone_on_with_is_what_telling_everything_comes_to(ground, house):
    apply(house, [change("1", "a"), step("t", "mem.record.create", "customers", {"name": "Ada"})])
    with opened(house) as workspace:
        save_state(workspace)
    for act in (lambda: apply(house, [change("1", "b")]), lambda: rollback(house), lambda: apply(house, [change("1", "c")])):
        before = (ground.ours / "state.json").read_bytes()
        act()
        after = (ground.ours / "state.json").read_bytes()
        with opened(house) as workspace:
            seal = (ground.ours / "state.json.seal").read_bytes()
            (ground.ours / "state.json").write_bytes(before)
            (ground.ours / "state.json.seal").write_text(seal_of(workspace, before))
            found = continued(workspace, workspace.history())
            assert found is not None
            assert store.encode(found) == after
            assert found.head == scan(workspace.layout.trace).head
            (ground.ours / "state.json").write_bytes(after)
            (ground.ours / "state.json.seal").write_bytes(seal)
    kept = body(ground)
    assert told_in_full(ground) == kept


def seal_of(workspace, data: bytes) -> str:
    from agentctl.workspace.continuing import _seal

    return _seal(workspace, data)


def test_what_somebody_wrote_into_the_state_does_not_live_on(ground, house):
    apply(house, [change("1", "a")])
    path = ground.ours / "state.json"
    wire = json.loads(path.read_bytes())
    del wire["digest"]
    wire["records"]["mem/customers/77"] = {"fields": None, "run": "r", "step": "s"}
    path.write_text(json.dumps({**wire, "digest": digest(wire)}, sort_keys=True, separators=(",", ":")) + "\n")
    apply(house, [change("1", "b")])
    kept = body(ground)
    assert "mem/customers/77" not in kept["records"]
    assert told_in_full(ground) == kept


@pytest.mark.parametrize("seal", [b"", b"hmac-sha256:00", b"\xff" * 5000, None, "folder", "older state"])
def test_a_seal_that_does_not_fit_is_nothing_but_unused(ground, house, seal):
    apply(house, [change("1", "a")])
    path = ground.ours / "state.json.seal"
    if seal == "older state":
        (ground.ours / "state.json").write_bytes((ground.ours / "state.json.before").read_bytes())
    else:
        path.unlink()
        if seal == "folder":
            path.mkdir()
        elif isinstance(seal, bytes):
            path.write_bytes(seal)
    apply(house, [change("1", "b")])
    kept = body(ground)
    assert told_in_full(ground) == kept


def test_a_state_from_before_a_run_that_was_closed_later_is_not_gone_on_with(ground, house):
    apply(house, [change("1", "a")])
    with opened(house) as workspace:
        state = store.read(workspace.layout.state, workspace.lineage)
        assert continued(workspace, workspace.history()) == state
        newest = ground.ours / "trace" / state.head.file
        lines = newest.read_bytes().splitlines(keepends=True)
        newest.write_bytes(b"".join(lines[:-1]))
        assert continued(workspace, workspace.history()) is None
