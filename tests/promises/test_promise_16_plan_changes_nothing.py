"""Looking changes nothing: every file of the workspace and its systems keeps its bytes, mode and time."""

from __future__ import annotations

import hashlib

import pytest

from agentctl.connectors.base import Call
from agentctl.errors import Exit, Rejected
from agentctl.planfile.load import loads
from agentctl.workspace.previewing import preview_plan
from tests.e2e.house import EVERYWHERE, House, create, step, update
from tests.promises.inside import opened, plan

OURS = (".agentctl/changesets", ".agentctl/packs")      # where the reviewed changeset is kept: what plan is for


def everything(house: House) -> dict[str, tuple[str, int, int]]:
    found = {}
    for path in sorted(house.root.rglob("*")):
        name = path.relative_to(house.root).as_posix()
        if not name.startswith(OURS) and not path.is_symlink():
            status = path.stat()
            digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
            found[name] = (digest, status.st_mode, status.st_mtime_ns)
    return found


@pytest.fixture
def lived_in(house):
    house.plan(*EVERYWHERE[:4])
    assert house.typed("apply", "plan.yaml").code == Exit.OK
    other = step("page", "site.text.replace", "index.html", {"find": "$10", "replace": "$9", "count": 1})
    house.plan(update("tier", tier="none"), create("new"), other, EVERYWHERE[4], EVERYWHERE[5], name="next.yaml")
    (house.root / "code/notes.txt").write_text("being edited\n")
    return house


def test_no_command_that_looks_changes_anything(lived_in):
    house = lived_in
    before = everything(house)
    commands = [
        ("validate", "next.yaml"), ("plan", "next.yaml"), ("plan", "next.yaml", "--diff", "full", "--format", "json"),
        ("policy", "explain", "next.yaml"), ("show",), ("show", "latest", "--format", "json"), ("runs",), ("drift",),
        ("verify",), ("state", "list"), ("lock", "show"), ("connectors", "list"), ("rollback", "latest", "--step", "nope"),
        ("apply", "next.yaml"), ("apply", "nope"), ("stop", "latest"),
    ]
    for command in commands:
        house.run(*command)
        assert everything(house) == before, command


def test_a_plan_somebody_says_no_to_changes_nothing(lived_in):
    before = everything(lived_in)
    assert lived_in.typed("apply", "next.yaml", answers=("no",)).code == Exit.CONSENT
    assert everything(lived_in) == before


def test_what_a_plan_is_previewed_with_cannot_act(house):
    with opened(house) as workspace:
        preview = preview_plan(workspace, loads(plan(EVERYWHERE), "plan.yaml", workspace.catalog))
        for change in preview.full:
            call = Call(key="k", before={}, deadline=1.0)
            with pytest.raises(Rejected, match="reading only"):
                workspace.readable.of(change.instance).execute(change, call)
