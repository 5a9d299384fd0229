"""No path leads out of its root: not upwards, not by a link, not by a neighbour's name; nor into what is ours."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentctl.errors import Exit, Invalid, Unreachable
from tests.e2e.house import House, step
from tests.promises.inside import apply

SEGMENTS = st.sampled_from(["..", ".", "", "a", "site-evil", "link", "~", "%2e%2e", "..\\", "index.html", "\u2024\u2024"])


@pytest.fixture
def surrounded(house):
    (house.root / "code/site-evil").mkdir()
    (house.root / "code/site-evil/secret.txt").write_text("SECRET")
    (house.root / "code/site/link").symlink_to(house.root / "code/site-evil")
    (house.root / "code/site/loose.txt").symlink_to(house.root / "code/site-evil/secret.txt")
    return house


def outside(house: House) -> dict[str, bytes]:
    inside, ours = house.root / "code/site", house.ours
    return {
        str(path): path.read_bytes()
        for path in house.root.parent.rglob("*")
        if path.is_file() and not path.is_relative_to(inside) and not path.is_relative_to(ours)
    }


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(SEGMENTS, min_size=1, max_size=5), lead=st.sampled_from(["", "/", "//"]))
def test_whatever_the_path_nothing_outside_is_written(surrounded, parts, lead):
    before = outside(surrounded)
    target = lead + "/".join(parts)
    for act in (
        step("w", "site.file.write", target or "x", {"content": "EVIL"}),
        step("m", "site.file.move", "config.yaml", {"to": target or "x"}),
    ):
        with suppress(Invalid, Unreachable):
            apply(surrounded, [act])
    (surrounded.root / "code/site/config.yaml").write_text("price: 12\n")
    assert outside(surrounded) == before


@pytest.mark.parametrize("target", ["link/secret.txt", "loose.txt", "../site-evil/secret.txt", "../../agentctl.yaml"])
def test_nothing_outside_is_read(surrounded, target):
    surrounded.plan(step("r", "site.text.read", target), agent="reader")
    told = surrounded.run("apply", "plan.yaml")
    assert told.code == Exit.INVALID, told.all
    assert "SECRET" not in told.all


@pytest.mark.parametrize("target", [".agentctl/state.json", ".agentctl/trace/x", "agentctl.yaml", "policy.yaml", "code/.git/config"])
def test_a_root_around_the_workspace_does_not_reach_what_is_ours(surrounded, target):
    surrounded.change("agentctl.yaml", lambda file: file["connectors"]["site"].update(root="."))
    surrounded.plan(step("w", "site.file.write", target, {"content": "EVIL"}))
    before = outside(surrounded)
    told = surrounded.typed("apply", "plan.yaml")
    assert told.code == Exit.INVALID, told.all
    assert {**outside(surrounded), str(surrounded.root / "plan.yaml"): b""} == {**before, str(surrounded.root / "plan.yaml"): b""}
    assert not surrounded.runs()
