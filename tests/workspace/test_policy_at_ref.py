"""A policy at a git ref: what stands there rules, whatever is checked out, linked, configured or named like it."""

from __future__ import annotations

import json

import pytest

from agentctl.errors import Invalid, Usage
from agentctl.workspace.policy import load_policy, open_policy
from agentctl.workspace.policy_place import AtRef, Files, parse, pinned
from tests.connectors.git_worlds import commit, git, write

STRICT = "version: 1\nkind: Policy\nagents: {bot: {roles: [none]}}\nroles: {none: {grants: []}}\n"
LAX = STRICT.replace("grants: []", "grants: [{id: everything, actions: ['*'], mode: auto}]")
CASES = "version: 1\nkind: PolicyTest\ncases: []\n"


@pytest.fixture
def checkout(tmp_path):
    """A repository whose `origin/main` holds the strict policy, and whose branch, checked out, a lax one."""
    root = tmp_path / "checkout"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    strict = commit(root, "Begin", **{"policy/policy.yaml": STRICT, "policy/tests/policy.yaml": CASES})
    git(root, "update-ref", "refs/remotes/origin/main", strict)
    git(root, "checkout", "-q", "-b", "plan")
    commit(root, "Widen", **{"policy/policy.yaml": LAX, "policy/more.yaml": LAX.replace("bot", "b2").replace("none", "n2")})
    git(root, "branch", "-q", "-D", "main")
    return root


def read(root, ref="origin/main", path="policy/"):
    return open_policy(root, AtRef(ref, path))


def granted(source):
    return [grant.id for grants in load_policy(source).grants.values() for grant in grants]


def refused(root, ref="origin/main", path="policy/"):
    with pytest.raises(Invalid) as refusal:
        read(root, ref, path).rules()
    assert refusal.value.detail.endswith("Without policy everything is denied.")
    return refusal.value


def test_the_ref_rules_and_not_what_the_plans_branch_holds(checkout):
    assert granted(read(checkout)) == []
    assert granted(read(checkout, "plan", "policy/policy.yaml")) == ["everything"]


def test_each_file_is_called_by_ref_commit_and_path(checkout):
    source = read(checkout)
    commit_id = git(checkout, "rev-parse", "origin/main")[:12]
    assert source.name == f"git:origin/main@{commit_id}:policy"
    assert [name for name, _ in source.rules()] == [f"git:origin/main@{commit_id}:policy/policy.yaml"]
    assert [name for name, _ in source.cases()] == [f"git:origin/main@{commit_id}:policy/tests/policy.yaml"]


def test_a_file_a_tag_a_full_ref_and_a_commits_id_are_found_and_its_cases_beside_it(checkout):
    commit(checkout, "One file", **{"one.yaml": STRICT, "one.tests.yaml": CASES})
    git(checkout, "tag", "v1", "-a", "-m", "v1")
    for ref in ("v1", "refs/tags/v1", "plan", "refs/heads/plan", git(checkout, "rev-parse", "plan")):
        source = read(checkout, ref, "one.yaml")
        assert [data for _, data in source.rules()] == [STRICT.encode()]
        assert [data for _, data in source.cases()] == [CASES.encode()]


def test_the_path_begins_at_the_workspace(checkout):
    write(checkout, "deploy/staging/agentctl.yaml", "")
    commit(checkout, "Nested", **{"deploy/policy/policy.yaml": STRICT})
    assert granted(read(checkout / "deploy/staging", "plan", "../policy")) == []
    assert "leads out of the repository" in refused(checkout / "deploy", "plan", "../../policy").detail


@pytest.mark.parametrize("name", ["tags", "heads"])
def test_a_name_that_two_refs_have_is_refused_since_either_could_be_slipped_in(checkout, name):
    git(checkout, "update-ref", f"refs/{name}/origin/main", git(checkout, "rev-parse", "plan"))
    why = refused(checkout).detail
    assert f"refs/{name}/origin/main" in why
    assert "refs/remotes/origin/main" in why
    assert granted(read(checkout, "refs/remotes/origin/main")) == []


def test_a_ref_named_like_a_full_ref_stands_in_for_nothing(checkout):
    git(checkout, "update-ref", "refs/tags/refs/remotes/origin/gone", git(checkout, "rev-parse", "plan"))
    git(checkout, "update-ref", "refs/heads/refs/remotes/origin/gone", git(checkout, "rev-parse", "plan"))
    assert "has no `refs/remotes/origin/gone`" in refused(checkout, "refs/remotes/origin/gone").detail


@pytest.mark.parametrize("ref", ["HEAD", "FETCH_HEAD", "@", "origin", "origin/absent", "0" * 40, "0" * 39])
def test_a_ref_that_is_not_there_is_refused_head_included(checkout, ref):
    (checkout / ".git/FETCH_HEAD").write_text(git(checkout, "rev-parse", "plan") + "\n")
    refused(checkout, ref)


@pytest.mark.parametrize("ref", ["plan^", "plan~1", "plan@{1}", ":/Widen", "plan:policy", "-plan", "--all", "a..b", "pl*n", "a b", ""])
def test_what_would_compute_a_commit_is_no_ref(checkout, ref):
    with pytest.raises((Usage, Invalid)):
        read(checkout, *([ref] if ref else [""]))
    with pytest.raises(Usage):
        parse(f"git:{ref}" if ":" not in ref else "git::x", Files("policy/"))


def test_a_missing_remote_branch_says_how_to_fetch_it(checkout):
    error = refused(checkout, "origin/release/2")
    assert error.command == "git fetch --depth=1 origin +refs/heads/release/2:refs/remotes/origin/release/2"


def test_a_shallow_clone_is_enough_once_the_branch_is_fetched(checkout, tmp_path):
    git(checkout, "update-ref", "refs/heads/main", git(checkout, "rev-parse", "origin/main"))
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", "--branch=plan", f"file://{checkout}", str(clone))
    command = refused(clone).command.split(" ")
    git(clone, *command[1:])
    assert granted(read(clone)) == []


def test_a_linked_working_tree_reads_the_repository_it_belongs_to(checkout, tmp_path):
    git(checkout, "worktree", "add", "-q", str(tmp_path / "linked"), "-b", "other")
    assert granted(read(tmp_path / "linked")) == []


def test_a_link_or_a_submodule_is_never_followed(checkout):
    (checkout / "policy/link.yaml").symlink_to("policy.yaml")
    commit(checkout, "Link a file")
    assert "is a link, a folder or a submodule" in refused(checkout, "plan").detail
    (checkout / "policy/link.yaml").unlink()
    (checkout / "linked").symlink_to("policy")
    commit(checkout, "Link a folder")
    assert "is a link" in refused(checkout, "plan", "linked").detail
    assert "there is no `linked/policy.yaml`" in refused(checkout, "plan", "linked/policy.yaml").detail
    git(checkout, "update-index", "--add", "--cacheinfo", f"160000,{git(checkout, 'rev-parse', 'plan')},policy/module.yaml")
    git(checkout, "commit", "-q", "-m", "Submodule")
    assert "is a link, a folder or a submodule" in refused(checkout, "plan").detail


def test_a_policy_that_is_gone_empty_or_huge_denies(checkout):
    assert "there is no `absent`" in refused(checkout, "origin/main", "absent").detail
    commit(checkout, "Fill", **{"huge/policy.yaml": b"# " + b"x" * (4 * 2**20), "empty/readme.txt": "nothing"})
    assert "larger than" in refused(checkout, "plan", "huge").detail
    with pytest.raises(Invalid, match="no policy file"):
        load_policy(read(checkout, "plan", "empty"))


def test_outside_of_a_repository_there_is_no_ref(tmp_path):
    assert "does not lie in a git repository" in refused(tmp_path).detail


def test_nothing_the_repository_configures_is_run(checkout, tmp_path):
    mark = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "core.sshCommand", "core.pager", "diff.external", "core.alternateRefsCommand", "uploadpack.packObjectsHook"):
        git(checkout, "config", key, str(program))
    git(checkout, "config", "extensions.partialClone", "origin")
    git(checkout, "config", "remote.origin.url", f"ext::{program}")
    git(checkout, "config", "remote.origin.promisor", "true")
    for hook in ("post-checkout", "reference-transaction", "pre-auto-gc"):
        write(checkout, f".git/hooks/{hook}", program.read_text(), 0o755)
    assert granted(read(checkout)) == []
    blob = git(checkout, "rev-parse", "origin/main:policy/policy.yaml")
    (checkout / ".git/objects" / blob[:2] / blob[2:]).unlink()
    refused(checkout)
    assert not mark.exists()


def test_a_replacement_object_replaces_nothing(checkout):
    git(checkout, "replace", "origin/main:policy/policy.yaml", "plan:policy/policy.yaml")
    git(checkout, "replace", "origin/main", "plan")
    assert granted(read(checkout)) == []


def test_only_a_ref_pins(checkout):
    assert pinned("git:origin/main:rules/", Files("policy/")) == AtRef("origin/main", "rules/")
    assert pinned("git:origin/main", AtRef("x", "policy/")) == AtRef("origin/main", "policy/")
    for text in ("policy/", "/tmp/policy", "", "git:", "git::policy"):
        with pytest.raises(Usage):
            pinned(text, Files("policy/"))


def test_a_branch_can_repoint_neither_the_pinned_policy_nor_its_cases(checkout, monkeypatch, capsys):
    from agentctl.cli.boundary import run

    write(checkout, "agentctl.yaml", json.dumps({
        "version": 1, "kind": "Workspace", "tenant": "acme", "environment": "staging", "policy": "policy/",
        "connectors": {"files": {"type": "memory"}},
    }))
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("AGENTCTL_POLICY", "git:origin/main:policy/")
    assert run(["policy", "show", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["from"].startswith("git:origin/main@")
    assert [role["grants"] for role in document["roles"]] == [[]]
    monkeypatch.setenv("AGENTCTL_POLICY", "policy/")
    assert run(["policy", "show"]) == 64
    monkeypatch.setenv("AGENTCTL_POLICY", "git:origin/gone")
    assert run(["policy", "show"]) == 3
    assert "Without policy everything is denied." in capsys.readouterr().err
