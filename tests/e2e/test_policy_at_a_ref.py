"""A whole run under a policy at a git ref: what is told of it, what moves it, and what a plan's branch can't do to it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from agentctl.errors import Exit
from tests.connectors.git_worlds import commit, git
from tests.e2e.house import House, step, update

PINNED = "git:refs/remotes/origin/main:policy.yaml"


@pytest.fixture
def pinned(house: House) -> House:
    """The workspace lies in a repository whose origin/main holds today's policy; the branch forbids everything."""
    git(house.root, "init", "-q", "-b", "main")
    (house.root / ".gitignore").write_text("*\n!policy.yaml\n!agentctl.yaml\n!.gitignore\n")
    git(house.root, "update-ref", "refs/remotes/origin/main", commit(house.root, "Policy"))
    git(house.root, "checkout", "-q", "-b", "plan")
    house.change("policy.yaml", lambda policy: policy["roles"]["all"].update(grants=[]))
    commit(house.root, "Forbid")
    house.plan(update("tier"))
    return replace(house, extra={**house.extra, "AGENTCTL_POLICY": PINNED})


def move_main(house: House, change) -> None:
    """Commit another policy on origin/main, as a merge there would, without touching the checkout."""
    policy = yaml.safe_load(git(house.root, "show", "origin/main:policy.yaml"))
    change(policy)
    blob = git(house.root, "hash-object", "-w", "--stdin", stdin=yaml.safe_dump(policy, sort_keys=False))
    tree = git(house.root, "mktree", stdin=f"100644 blob {blob}\tpolicy.yaml\n")
    made = git(house.root, "commit-tree", tree, "-p", "origin/main", "-m", "Merge")
    git(house.root, "update-ref", "refs/remotes/origin/main", made)


def test_the_ref_decides_and_plan_show_and_json_tell_its_commit(pinned):
    place = f"git:refs/remotes/origin/main@{git(pinned.root, 'rev-parse', 'origin/main')[:12]}:policy.yaml:"
    planned = pinned.run("plan", "plan.yaml")
    assert planned.code == Exit.OK, planned.all
    assert place in planned.out
    assert place in pinned.run("plan", "plan.yaml", "--format", "json").out
    told = pinned.typed("apply", "plan.yaml")
    assert told.code == Exit.OK, told.all
    assert place in pinned.run("show", "latest", "--format", "json").out
    assert pinned.run("plan", "plan.yaml", AGENTCTL_POLICY="").code == Exit.REFUSED


def test_rules_that_moved_at_the_ref_make_a_reviewed_changeset_stale(pinned):
    assert pinned.run("plan", "plan.yaml", "-o", "reviewed").code == Exit.OK
    before = pinned.world()
    move_main(pinned, lambda policy: policy["invariants"].append({"id": "new", "deny": "effect == 'delete'"}))
    told = pinned.typed("apply", "reviewed")
    assert told.code == Exit.STALE, told.all
    assert pinned.world() == before


def test_a_commit_that_changes_no_rule_voids_no_consent(pinned):
    assert pinned.run("plan", "plan.yaml", "-o", "reviewed").code == Exit.OK
    move_main(pinned, lambda policy: None)
    told = pinned.typed("apply", "reviewed")
    assert told.code == Exit.OK, told.all


def test_a_ref_that_is_gone_denies_whatever_the_branch_holds(pinned):
    git(pinned.root, "update-ref", "-d", "refs/remotes/origin/main")
    before = pinned.world()
    for command in (("plan", "plan.yaml"), ("apply", "plan.yaml"), ("validate", "plan.yaml"), ("policy", "lint")):
        told = pinned.typed(*command)
        assert told.code == Exit.INVALID, told.all
        assert "Without policy everything is denied." in told.all
    assert pinned.world() == before


def test_a_step_can_write_neither_the_pinned_policy_nor_the_repository_it_is_in(pinned):
    pinned.change("agentctl.yaml", lambda file: file["connectors"].update(here={"type": "file", "root": "."}))
    move_main(pinned, lambda policy: policy["roles"]["all"]["grants"].append({"actions": ["here.*"], "mode": "approve"}))
    for target in ("policy.yaml", ".git/refs/remotes/origin/main", ".git/packed-refs", "agentctl.yaml"):
        pinned.plan(step("write", "here.file.create", target, {"content": "x"}))
        assert pinned.run("validate", "plan.yaml").code == Exit.INVALID


def test_replay_compares_with_what_stands_at_a_ref(pinned):
    assert pinned.typed("apply", "plan.yaml").code == Exit.OK
    told = pinned.run("policy", "replay", "--base", "git:refs/heads/plan", "--format", "json")
    assert told.code == Exit.REFUSED, told.all
    assert told.json["counts"]["newly allowed"] == 1
    assert told.json["base"].startswith("git:refs/heads/plan@")
    assert told.json["new"].startswith("git:refs/remotes/origin/main@")
    assert pinned.run("policy", "replay", "--base", "git:origin/gone").code == Exit.INVALID
    assert pinned.run("policy", "replay", "--base", "git:--all").code == Exit.USAGE
