"""Anything that decides what happens, changed after consent, is refused: said which, from what to what. Nothing is done."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from agentctl.connectors.base import Connector
from agentctl.engine.approvals import weigh
from agentctl.errors import Exit, Invalid, Stale, Tampered
from agentctl.identity import statements
from agentctl.model.approval import Statement
from agentctl.model.changeset import SystemIdentity
from agentctl.workspace.previewing import preview_of
from tests.e2e.house import House, step, update
from tests.e2e.signing import approve, planned, with_leads
from tests.engine.conftest import World
from tests.promises.inside import opened

ROW = step("row", "crm.row.update", "customers/1", {"tier": "annual"})
NEITHER = "Planning again does not keep approvals of it"


@pytest.fixture
def leads(house) -> House:
    return with_leads(house)


@pytest.fixture
def reviewed(leads) -> tuple[House, str]:
    """A house with a changeset in the file ``reviewed`` that Ann approved."""
    leads.plan(update("tier"), ROW)
    assert leads.run("plan", "plan.yaml", "-o", "reviewed").code == Exit.OK
    assert approve(leads, "reviewed", "ann", "-o", "ann.approval").code == Exit.OK
    return leads, leads.run("approvals", "--format", "json").json["approvals"][0]["digest"]


def grant(house: House, **more: object) -> None:
    house.change("policy.yaml", lambda policy: policy["roles"]["all"]["grants"][-1].update(**more))


def forbid(house: House) -> None:
    def forbidding(policy: dict) -> None:
        policy["roles"]["all"]["grants"][-1].pop("approvals")
        policy["roles"]["all"]["grants"][-1]["mode"] = "forbid"

    house.change("policy.yaml", forbidding)


def elsewhere(house: House) -> None:
    shutil.copy(house.root / "world.json", house.root / "other.json")
    house.change("agentctl.yaml", lambda file: file["connectors"]["mem"].update(path="other.json"))


def remembered(house: House, **fields: object) -> None:
    path = house.root / "world.json"
    world = json.loads(path.read_text())
    world["records"]["customers/1"].update(fields)
    world["versions"]["customers/1"] += 1
    path.write_text(json.dumps(world))


@pytest.mark.parametrize(("change", "code", "words"), [
    (lambda house: grant(house, fields=["tier"]), Exit.STALE, ("policy's rules have changed", NEITHER)),
    (forbid, Exit.STALE, ("policy's rules have changed", NEITHER)),
    (elsewhere, Exit.STALE, ("endpoint of `mem` was", "world.json", "other.json", NEITHER)),
    (lambda house: house.change("agentctl.yaml", lambda file: file.update(environment="prod")), Exit.STALE,
     ("acme/staging", "acme/prod", NEITHER)),
    (lambda house: house.change("agentctl.yaml", lambda file: file["connectors"].pop("crm")), Exit.STALE,
     ("`crm.row.update` is no longer offered", NEITHER)),
    (lambda house: remembered(house, tier="weekly"), Exit.STALE, ('`tier` was "monthly"', 'is "weekly" now', NEITHER)),
    (lambda house: house.sql("UPDATE customers SET tier = 'gold' WHERE id = 1"), Exit.STALE, ('"gold"', NEITHER)),
], ids=["fields", "forbidden", "endpoint", "environment", "gone", "value", "row"])
def test_what_decides_changed_after_consent_is_refused_and_named(reviewed, change, code, words):
    house, _ = reviewed
    change(house)
    before = house.world()
    told = house.run("apply", "reviewed", "--approval", "ann.approval")
    assert told.code == code, told.all
    said = " ".join(told.err.split())
    assert all(word in said for word in words), said
    assert house.world() == before
    assert house.runs() == []


def test_a_bystanders_change_voids_nothing(reviewed):
    house, _ = reviewed
    remembered(house, seats=9)
    house.sql("UPDATE customers SET name = 'Ada L.' WHERE id = 1")
    assert house.run("apply", "reviewed", "--approval", "ann.approval").code == Exit.OK


@pytest.mark.parametrize(("steps", "more", "moved"), [
    ((update("tier", tier="gold"), ROW), {}, "step `tier` is worded anew"),
    ((update("tier"), ROW, update("more", seats=9)), {}, "step `more` is new"),
    ((update("tier"),), {}, "step `row` is gone"),
    ((update("tier"), ROW), {"intent": "Something else."}, 'the intent was "Try it.", now it is "Something else."'),
    ((update("tier"), ROW), {"on_failure": "continue"}, 'after a failure was "stop", now it is "continue"'),
    ((ROW, update("tier")), {}, "steps stand in another order"),
], ids=["value", "added", "dropped", "words", "failure", "order"])
def test_a_plan_edited_after_consent_is_another_and_says_how(reviewed, steps, more, moved):
    house, digest = reviewed
    before = house.world()
    assert planned(house, *steps, **more) != digest
    told = house.run("apply", "plan.yaml", "--approval", "ann.approval")
    assert told.code == Exit.CONSENT, told.all
    assert moved in " ".join(told.err.split())
    assert house.world() == before
    assert house.runs() == []


def test_an_approval_changed_in_any_byte_counts_for_nothing(reviewed):
    house, _ = reviewed
    data = (house.root / "ann.approval").read_bytes()
    with opened(house) as workspace:
        changeset, _ = workspace.stored(str(house.root / "reviewed"))
        whole = statements.parse(data, "ann.approval", Statement)
        assert weigh([whole], changeset, workspace.policy, workspace.time(), {}).counted
        for place, flipped in flips(data):
            try:
                approval = statements.parse(flipped, "ann.approval", Statement)
            except Invalid:
                continue
            if approval.text == data:
                continue        # the armor's line ends are no part of what it says
            counted = weigh([approval], changeset, workspace.policy, workspace.time(), {}).counted
            assert not counted or approval.statement == whole.statement, f"byte {place}"


def test_a_changeset_file_changed_in_any_byte_is_refused(reviewed):
    house, digest = reviewed
    path = house.root / "reviewed"
    data = path.read_bytes()
    with opened(house) as workspace:
        for place, flipped in flips(data):
            path.write_bytes(flipped)
            try:
                changeset, _ = workspace.stored(str(path))
            except (Tampered, Invalid):
                continue
            assert changeset.digest != digest, f"byte {place}: {flipped[place - 20 : place + 20]!r}"


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_executed_of_a_changeset_file_with_a_flipped_byte(reviewed, seed):
    house, _ = reviewed
    path = house.root / "reviewed"
    data = bytearray(path.read_bytes())
    data[random.Random(seed).randrange(len(data))] ^= 1
    path.write_bytes(bytes(data))
    before = house.world()
    told = house.run("apply", "reviewed", "--approval", "ann.approval")
    assert told.code not in (Exit.OK, Exit.UNEXPECTED, Exit.INCOMPLETE), told.all
    assert house.world() == before
    assert house.runs() == []


def flips(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield ``data`` with each byte changed, one at a time."""
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        yield place, bytes(changed)


class Another:
    """A connector that says something else of itself than the one it wraps."""

    def __init__(self, inner: Connector, system: Callable[[SystemIdentity], SystemIdentity], spec: dict) -> None:
        self._inner = inner
        self._system = system
        self.actions = {verb: replace(one, **spec) for verb, one in inner.actions.items()}

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def identity(self) -> SystemIdentity:
        return self._system(self._inner.identity())


@pytest.mark.parametrize(("system", "spec", "words"), [
    ({"version": "2"}, {}, ('version of `mem` was "1", now it is "2"',)),
    ({"whoami": "root"}, {}, ('user of `mem` was unknown, now it is "root"',)),
    ({"tenant": "globex"}, {}, ("tenant of `mem`", "globex")),
    ({"type": "other"}, {}, ('type of `mem` was "memory", now it is "other"',)),
    ({}, {"scopes": ("admin",)}, ("hat `mem.record.create` does has changed since (from ",)),
], ids=["version", "whoami", "tenant", "type", "spec"])
def test_another_system_or_another_action_behind_the_same_name_is_refused(tmp_path, system, spec, words):
    world = World(tmp_path / "workspace")
    preview = world.preview("  - {id: a, action: mem.record.create, target: customers/1, with: {tier: free}}\n")
    world.workspace.save_changeset(preview)
    world.wrap = lambda inner: Another(inner, lambda identity: replace(identity, **system), spec)
    with pytest.raises(Stale) as refused:
        preview_of(world.workspace, preview.changeset.digest)
    assert all(word in refused.value.detail for word in words), refused.value.detail
    assert world.workspace.history().runs == ()
