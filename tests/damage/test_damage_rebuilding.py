"""The state comes back byte for byte from the trace alone, after any history and any damage to it."""

from __future__ import annotations

import json
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentctl.engine.rollback import Selection
from agentctl.errors import Exit, Invalid, Refused, Stale, Usage
from tests.damage.damages import damages, places
from tests.damage.ground import step
from tests.e2e.house import House
from tests.promises.inside import apply, opened, rollback

NAMES = ("1", "7", "9")
STEPS = st.one_of(
    st.builds(lambda name, tier: step("s", "mem.record.update", f"customers/{name}", {"tier": tier}),
              st.sampled_from(NAMES), st.sampled_from(["a", "b"])),
    st.builds(lambda name, token: step("s", "mem.record.update", f"customers/{name}", {"token": token}),
              st.sampled_from(NAMES), st.sampled_from(["x", "y"])),
    st.builds(lambda: step("s", "mem.record.create", "customers", {"name": "Ada"})),
    st.builds(lambda name: step("s", "site.file.create", f"{name}.txt", {"content": name}), st.sampled_from(NAMES)),
)
ACTS = st.one_of(
    st.lists(STEPS, min_size=1, max_size=3).map(lambda steps: [{**one, "id": f"s{at}"} for at, one in enumerate(steps)]),
    st.just("rollback"), st.just("rollback the first"), st.just("rollback one step"),
)


@given(st.lists(ACTS, min_size=1, max_size=5))
@settings(max_examples=12, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_state_rebuilt_after_any_history_is_the_state_that_was_kept(ground, acts):
    house = House(root=ground.renewed().root, home=ground.base / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(House, "key", ground.key)
        patch.setenv("LOGNAME", "maria")
        for act in acts:
            perform(house, act)
    kept = body(ground)
    (ground.ours / "state.json").unlink()
    assert ground.type("state", "rebuild").code == Exit.OK
    assert body(ground) == kept
    assert ground.type("state", "list").code == Exit.OK


def perform(house: House, act) -> None:
    """Do what was drawn; what cannot be done (a file that is there, nothing to undo) is refused and changes nothing."""
    try:
        if isinstance(act, list):
            apply(house, act)
            return
        with opened(house) as workspace:
            runs = workspace.history().runs
        name = runs[0].id if act == "rollback the first" else "latest"
        selection = Selection(steps=(runs[-1].steps[0].id,)) if act == "rollback one step" else None
        rollback(house, name, selection)
    except (Invalid, Refused, Stale, Usage):
        return


def body(ground) -> bytes:
    """Return the state's bytes, less the head and serial: rebuilding is an act of its own, and recorded."""
    wire = json.loads((ground.ours / "state.json").read_bytes())
    for name in ("head", "serial", "digest"):
        del wire[name]
    return json.dumps(wire, sort_keys=True).encode()


def test_a_state_is_rebuilt_from_whatever_became_of_it(ground, other):
    found = places(ground, other)["state.json"]
    kept = body(ground)
    for name, damage in list(damages(found)):
        ground.renewed()
        damage(found)
        assert ground.type("state", "list").code == Exit.INTEGRITY, name
        said = ground.type("state", "rebuild")
        assert said.code == Exit.OK, f"{name}: {said.all}"
        assert body(ground) == kept, name
        assert ground.type("state", "list").code == Exit.OK, name


@pytest.mark.parametrize("damage", ["lost", "cut at 5/10", "flipped at 7/10", "empty"])
def test_a_lost_lineage_comes_back_by_the_line_that_is_printed(ground, other, damage):
    found = places(ground, other)["lineage"]
    was = found.path.read_bytes()
    dict(damages(found))[damage](found)
    said = ground.type("verify")
    assert said.code == Exit.INTEGRITY
    line = said.err.strip().splitlines()[-1].strip()
    subprocess.run(["sh", "-c", line], check=True, cwd=ground.root)
    assert found.path.read_bytes() == was
    assert ground.type("verify").code == Exit.OK
