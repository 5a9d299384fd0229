"""Every shipped action that has an effect, each of its replies lost: how often it is called, and under which keys."""

from __future__ import annotations

from collections import Counter

import pytest

from agentctl.connectors.layers.wrapped import Wrapped
from agentctl.engine.ports import Systems
from agentctl.errors import Incomplete, Indeterminate, Usage
from agentctl.model.action import Settlement, Tier
from agentctl.model.run import StepStatus
from agentctl.planfile.load import load
from agentctl.workspace.previewing import preview_plan
from agentctl.workspace.running import Control, carry_out, resume
from agentctl.workspace.workspace import Workspace
from tests.e2e.house import House, step
from tests.engine.conftest import FreeBrake, World

PAGE, CONFIG = "index.html", "config.yaml"
ADA = {"name": "Ada"}
STEPS = {
    "mem.record.create": ("customers", ADA),
    "mem.record.update": ("customers/1", {"tier": "annual"}),
    "mem.record.delete": ("customers/1", {}),
    "mem.note.send": ("outbox", {"to": "a@example.com", "text": "hi"}),
    "site.text.replace": (PAGE, {"find": "$12", "replace": "$10", "count": 1}),
    "site.file.create": ("new.txt", {"content": "hello\n"}),
    "site.file.write": (PAGE, {"content": "hello\n"}),
    "site.file.move": (PAGE, {"to": "moved.html"}),
    "site.file.delete": (PAGE, {}),
    "site.file.mode": (PAGE, {"mode": "0600"}),
    "site.json.set": ("data.json", {"path": ["name"], "value": "x"}),
    "site.json.unset": ("data.json", {"path": "/name"}),
    "site.yaml.set": (CONFIG, {"path": ["price"], "value": 10}),
    "site.yaml.unset": (CONFIG, {"path": ["name"]}),
    "code.branch.create": ("agent/new", {"from": "main"}),
    "code.branch.delete": ("old", {}),
    "code.commit.create": ("main", {"paths": ["notes.txt"], "message": "Notes"}),
    "code.branch.merge": ("main", {"from": "ahead"}),
    "code.commit.revert": ("ahead", {"commit": "AHEAD"}),
    "crm.row.insert": ("customers", {"name": "Alan"}),
    "crm.row.update": ("customers/1", {"tier": "annual"}),
    "crm.row.delete": ("customers/1", {}),
    "crm.rows.update": ("customers", {"where": {"tier": "monthly"}, "set": {"tier": "annual"}, "max_rows": 5}),
    "crm.rows.delete": ("customers", {"where": {"tier": "monthly"}, "max_rows": 5}),
    "crm.migration.run": ("schema", {"up": ["CREATE TABLE extra (id INTEGER PRIMARY KEY)"]}),
}


class Lossy(Wrapped):
    """Acts, counts the call under its key, and loses the reply."""

    def __init__(self, inner, calls: Counter[str]) -> None:
        super().__init__(inner)
        self._calls = calls

    def execute(self, change, call):
        self._calls[call.key] += 1
        super().execute(change, call)
        raise Indeterminate("Reply lost", "the line went dead")


@pytest.fixture
def prepared(house: House) -> House:
    """Return the workspace with something to do for each action, and a policy that lets all of them through."""
    (house.root / "code/site/data.json").write_text('{"name": "acme"}\n')
    house.git("branch", "old")
    house.git("checkout", "-q", "-b", "ahead")
    (house.root / "code/site/more.html").write_text("more\n")
    house.git("add", "site/more.html")
    house.git("commit", "-q", "-m", "More")
    house.git("checkout", "-q", "main")
    (house.root / "code/notes.txt").write_text("changed\n")
    grants = [{"actions": ["mem.*", "site.*", "code.*", "crm.*"], "mode": "approve"}]
    house.change("policy.yaml", lambda policy: policy["roles"].update(all={"grants": grants}))
    return house


def opened(house: House, calls: Counter[str]) -> Workspace:
    workspace = Workspace.open(house.root, house.environ(AGENTCTL_KEY_FILE=str(house.key)))
    lossy = {name: Lossy(connector, calls) for name, connector in workspace.systems.connectors.items()}
    workspace.__dict__["systems"] = Systems(lossy)
    return workspace


def test_every_shipped_action_with_an_effect_is_tried(prepared):
    offered = {
        f"{name}.{verb}"
        for name, connector in opened(prepared, Counter()).systems.connectors.items()
        for verb, spec in connector.actions.items()
        if spec.tier is not Tier.READ and not spec.inverse_only
    }
    assert offered == set(STEPS)


@pytest.mark.parametrize("action", STEPS)
def test_no_call_is_repeated_without_a_key(prepared, action):
    target, arguments = STEPS[action]
    if "commit" in arguments:
        arguments = {"commit": prepared.git("rev-parse", "ahead").strip()}
    path = prepared.plan(step("s", action, target, arguments))
    calls: Counter[str] = Counter()
    control = Control(timeout=0.0, brake=FreeBrake(), observe=lambda _: None)
    workspace = opened(prepared, calls)
    preview = preview_plan(workspace, load(path, workspace.catalog))
    workspace.save_changeset(preview)
    carry_out(workspace, preview, World.yes(preview), control)
    assert sum(calls.values()) == 1
    once = prepared.world()
    for _ in range(3):
        try:
            resume(opened(prepared, calls), "latest", control)
        except (Incomplete, Usage):
            continue
    assert prepared.world() == once
    settlement = workspace.specs[action].settlement
    assert len(calls) == 1
    assert calls.total() == (4 if settlement is Settlement.KEYED else 1)
    status = opened(prepared, calls).run("latest").step("s").status
    doubtful = settlement in (Settlement.KEYED, Settlement.ASK)     # of the one every reply is lost, the other is asked
    assert status is (StepStatus.IN_DOUBT if doubtful else StepStatus.CONFIRMED)
