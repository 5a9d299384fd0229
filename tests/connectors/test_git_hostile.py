"""Repositories, names and settings that are out to harm; and repositories somebody else is at work in."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from agentctl.connectors.git import TYPE
from agentctl.errors import ConnectorError, Rejected, Unreachable
from agentctl.model.change import Effect
from agentctl.model.snapshot import Address
from agentctl.testing import foresee, perform, snapshots
from tests.connectors.git_worlds import (
    ENVIRONMENT,
    FEATURE,
    commit,
    connect,
    git,
    index,
    repository,
    step,
    world,
    write,
)

PROGRAMS = (
    "core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "core.gitProxy", "gpg.program",
    "core.alternateRefsCommand", "credential.helper", "diff.external", "filter.evil.clean", "filter.evil.smudge",
    "filter.evil.process", "diff.evil.textconv", "diff.evil.command", "merge.evil.driver", "interactive.diffFilter",
    "sequence.editor", "alias.update-ref", "alias.cat-file", "remote.origin.uploadpack", "sendemail.smtpServer",
)
HOOKS = (
    "pre-commit", "commit-msg", "post-commit", "prepare-commit-msg", "reference-transaction", "post-index-change",
    "post-checkout", "post-merge", "pre-merge-commit", "post-rewrite", "fsmonitor-watchman",
)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path / "repo")


def hook(repo: Path, name: str, script: str) -> None:
    write(repo, f".git/hooks/{name}", f"#!/bin/sh\n{script}\n", 0o755)


def everything(repo: Path) -> None:
    """Do one of each, undone at the end."""
    connector = connect(repo)
    done = [
        perform(connector, step("commit.create", "main", id="a", paths=["site/pricing.html"], message="Prices")),
        perform(connector, step("branch.create", "copy", id="b", from_="main")),
        perform(connector, step("file.read", "copy:site/pricing.html", id="c")),
        perform(connector, step("branch.delete", "feature", id="d")),
        perform(connector, step("branch.create", "feature", id="e", from_=FEATURE)),
        perform(connector, step("commit.revert", "feature", id="f", commit=FEATURE)),
    ]
    for one in reversed(done):
        if one.inverse.step is not None:
            perform(connector, one.inverse.step, key=f"undo {one.change.step}")
    connector.close()


def test_nothing_a_repository_configures_is_ever_run(repo: Path, tmp_path: Path) -> None:
    canary = tmp_path / "it-ran"
    script = tmp_path / "evil"
    write(tmp_path, "evil", f'#!/bin/sh\necho "$0 $*" >> {canary}\ncat\n', 0o755)
    for name in HOOKS:
        hook(repo, name, f"echo {name} >> {canary}")
    write(repo, ".gitattributes", "*.html diff=evil merge=evil\n")
    write(repo, "site/pricing.html", "cheap\n")
    for key in PROGRAMS:
        git(repo, "config", key, str(script))
    git(repo, "config", "core.hooksPath", str(repo / ".git/hooks"))
    git(repo, "config", "commit.gpgSign", "true")
    everything(repo)
    assert not canary.exists(), canary.read_text()


@pytest.mark.parametrize("damage", ["no section\n", "[include]\n\tpath = /bin/sh\n", "[core\n", '[core]\n\tx = "\xff\n'])
def test_a_configuration_that_is_none_is_said_to_be_damaged(repo: Path, damage: str) -> None:
    (repo / ".git/config").write_bytes(damage.encode("latin-1"))
    with pytest.raises(ConnectorError) as caught:
        everything(repo)
    assert isinstance(caught.value, Unreachable | Rejected)


def test_a_missing_object_of_a_partial_clone_is_never_fetched(repo: Path, tmp_path: Path) -> None:
    canary = tmp_path / "it-ran"
    write(tmp_path, "evil", f"#!/bin/sh\ntouch {canary}\n", 0o755)
    blob = git(repo, "rev-parse", "main:site/pricing.html")
    (repo / ".git/objects" / blob[:2] / blob[2:]).unlink()
    git(repo, "config", "core.repositoryFormatVersion", "1")
    git(repo, "config", "extensions.partialClone", "origin")
    git(repo, "config", "remote.origin.url", f"ext::{tmp_path}/evil")
    git(repo, "config", "remote.origin.promisor", "true")
    git(repo, "config", "protocol.ext.allow", "always")
    connector = connect(repo)
    with pytest.raises(Rejected):
        connector.read(Address("repo/files/main:site/pricing.html"))
    assert not canary.exists()
    connector.close()


def test_the_callers_environment_leads_nowhere_else(repo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = repository(tmp_path / "other")
    before = world(other)
    for name, value in {
        "GIT_DIR": other / ".git",
        "GIT_INDEX_FILE": other / ".git/index",
        "GIT_WORK_TREE": other,
        "GIT_OBJECT_DIRECTORY": other / ".git/objects",
        "GIT_CONFIG_PARAMETERS": "'core.hooksPath=/'",
    }.items():
        monkeypatch.setenv(name, str(value))
    write(repo, "site/pricing.html", "cheap\n")
    connector = connect(repo)
    perform(connector, step("commit.create", "main", paths=["site/pricing.html"], message="Prices"))
    assert git(repo, "log", "-1", "--format=%s") == "Prices"
    assert world(other) == before
    connector.close()


def test_a_common_folder_from_the_environment_is_refused(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_COMMON_DIR", "/elsewhere")
    with pytest.raises(ConnectorError):
        connect(repo).read(Address("repo/branches/main"))


def test_a_work_tree_the_repository_names_is_not_believed(repo: Path, tmp_path: Path) -> None:
    write(tmp_path / "secrets", "site/pricing.html", "secret\n")
    git(repo, "config", "core.worktree", str(tmp_path / "secrets"))
    connector = connect(repo)
    value = connector.read(Address("repo/worktree/site/pricing.html")).value
    assert value is not None
    assert value["content"] != "secret\n"
    connector.close()


def test_a_dot_git_that_leads_elsewhere_is_refused(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "lure").mkdir()
    (tmp_path / "lure/.git").write_text(f"gitdir: {repo}/.git\n")
    (tmp_path / "link").mkdir()
    (tmp_path / "link/.git").symlink_to(repo / ".git")
    for lure in ("lure", "link"):
        with pytest.raises(Rejected, match="Repository lies elsewhere"):
            connect(tmp_path / lure).read(Address("repo/branches/main"))


def test_a_linked_working_tree_is_a_repository_like_any_other(repo: Path, tmp_path: Path) -> None:
    git(repo, "worktree", "add", "-q", str(tmp_path / "linked"), "feature")
    linked = tmp_path / "linked"
    write(linked, "fresh.txt", "new\n")
    connector = connect(linked)
    perform(connector, step("commit.create", "feature", paths=["fresh.txt"], message="Fresh"))
    assert git(linked, "status", "--porcelain") == ""
    assert git(repo, "log", "-1", "--format=%s", "feature") == "Fresh"
    with pytest.raises(Rejected, match="checked out elsewhere"):
        foresee(connector, step("commit.create", "main", paths=["fresh.txt"], message="x"))
    connector.close()
    main = connect(repo)
    for refused in (step("branch.delete", "feature"), step("branch.merge", "feature", from_="main")):
        with pytest.raises(Rejected, match="checked out elsewhere"):
            foresee(main, refused)
    main.close()


def test_a_repository_of_a_format_not_known_is_refused(repo: Path) -> None:
    git(repo, "config", "core.repositoryFormatVersion", "1")
    git(repo, "config", "extensions.refStorage", "reftable")
    with pytest.raises(Rejected, match="reftable"):
        connect(repo).read(Address("repo/branches/main"))


@pytest.mark.parametrize("where", ["", "site", "nowhere", ".git"])
def test_a_folder_that_is_no_repository_is_refused_with_the_setting_to_look_at(repo: Path, where: str) -> None:
    with pytest.raises(Rejected):
        connect(repo.parent if not where else repo, path=where or ".").read(Address("repo/branches/main"))


def test_opening_and_checking_a_plan_needs_no_repository(tmp_path: Path) -> None:
    connector = connect(tmp_path / "not-there-yet")
    assert connector.actions
    assert connector.addresses(step("commit.create", "main", paths=["a"], message="x"))
    connector.close()
    assert TYPE.settings["path"].required


def under_way(repo: Path, how: str) -> None:
    commit(repo, "Other", **{"site/index.html": "<h1>Other</h1>\n"})
    match how:
        case "merge":
            git(repo, "merge", "feature", check=False)
        case "rebase":
            git(repo, "rebase", "feature", check=False)
        case "cherry-pick":
            git(repo, "cherry-pick", "feature", check=False)
        case "revert":
            commit(repo, "Again", **{"site/index.html": "<h1>Again</h1>\n"})
            git(repo, "revert", "--no-edit", "HEAD~1", check=False)
        case "bisect":
            git(repo, "bisect", "start", "HEAD", "HEAD~1")


@pytest.mark.parametrize("how", ["merge", "rebase", "cherry-pick", "revert", "bisect"])
def test_a_repository_in_the_middle_of_something_is_left_alone(repo: Path, how: str) -> None:
    under_way(repo, how)
    before = world(repo)
    connector = connect(repo)
    for refused in (
        step("commit.create", "main", paths=["site/index.html"], message="x"),
        step("branch.merge", "main", from_="feature"),
        step("branch.create", "x", from_=FEATURE),
        step("branch.delete", "feature"),
        step("commit.revert", "main", commit=FEATURE),
    ):
        with pytest.raises(Rejected, match=f"{how} is under way|{how} or revert is under way|checked out elsewhere"):
            foresee(connector, refused)
    assert foresee(connector, step("file.read", "main:site/index.html")).effect is Effect.READ
    assert world(repo) == before
    connector.close()


def test_an_operation_begun_between_plan_and_apply_is_respected(repo: Path) -> None:
    connector = connect(repo)
    todo = step("branch.create", "x", from_=FEATURE)
    known = snapshots(connector, todo)
    (repo / ".git/MERGE_HEAD").write_text(FEATURE + "\n")
    with pytest.raises(Rejected, match="merge is under way"):
        perform(connector, todo, before=known)
    connector.close()


@pytest.mark.parametrize("lock", ["index.lock", "refs/heads/main.lock"])
def test_a_lock_somebody_holds_stops_the_step_before_anything_happens(repo: Path, lock: str) -> None:
    write(repo, "site/pricing.html", "cheap\n")
    (repo / ".git" / lock).write_text("")
    before = world(repo)
    connector = connect(repo)
    with pytest.raises(Rejected, match=lock.replace(".", r"\.")):
        perform(connector, step("commit.create", "main", paths=["site/pricing.html"], message="Prices"))
    merge = step("branch.merge", "main", from_="feature")
    git_refuses = pytest.raises(Rejected)
    (repo / "site/pricing.html").unlink()
    git_index = index(repo)
    with git_refuses:
        perform(connector, merge)
    assert index(repo) == git_index
    (repo / ".git" / lock).unlink()
    write(repo, "site/pricing.html", "cheap\n")
    assert world(repo) == before
    connector.close()


def test_a_detached_head_and_a_bare_repository_keep_what_they_can(repo: Path, tmp_path: Path) -> None:
    git(repo, "checkout", "-q", "--detach")
    write(repo, "fresh.txt", "new\n")
    before = index(repo)
    connector = connect(repo)
    perform(connector, step("commit.create", "main", paths=["fresh.txt"], message="Fresh"))
    assert git(repo, "log", "-1", "--format=%s", "main") == "Fresh"
    assert index(repo) == before
    connector.close()
    git(tmp_path, "clone", "-q", "--bare", str(repo), "bare.git")
    bare = connect(tmp_path / "bare.git")
    perform(bare, step("branch.merge", "main", from_=git(repo, "rev-parse", "main")), key="no-op")
    perform(bare, step("branch.create", "x", from_="main"))
    with pytest.raises(Rejected, match="bare"):
        foresee(bare, step("commit.create", "main", paths=["a"], message="x"))
    bare.close()


def test_a_shallow_clone_does_not_take_the_end_of_its_history_for_the_beginning(repo: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth", "1", "-b", "feature", f"file://{repo}", "shallow")
    connector = connect(tmp_path / "shallow")
    with pytest.raises(Rejected, match="History is cut off"):
        foresee(connector, step("commit.revert", "feature", commit=FEATURE))
    connector.close()


def test_odd_names_are_names_and_nothing_else(repo: Path) -> None:
    names = ["-rf", ":(top)x", "a b", "new\nline", "qu\"ote's", "*", "dé", "back\\slash", "--help/x", "$(touch x)"]
    for name in names:
        write(repo, name, f"{name}\n")
    before = world(repo)
    connector = connect(repo)
    done = perform(connector, step("commit.create", "main", paths=list(names), message="--amend"))
    listed = git(repo, "ls-tree", "-r", "-z", "--name-only", "main").split("\0")
    assert set(names) <= set(listed)
    assert git(repo, "log", "-1", "--format=%s") == "--amend"
    assert git(repo, "status", "--porcelain") == ""
    for name in names:
        assert perform(connector, step("file.read", f"main:{name}")).receipt.read[Address(f"repo/files/main:{name}")] == {
            "content": f"{name}\n", "mode": "0644",
        }
    assert done.inverse.step is not None
    perform(connector, done.inverse.step, key="undo")
    assert world(repo) == before
    connector.close()


def test_no_path_leads_out_of_the_working_tree(repo: Path, tmp_path: Path) -> None:
    write(tmp_path, "secret.txt", "secret\n")
    (repo / "out").symlink_to(tmp_path)
    (repo / "link.txt").symlink_to(tmp_path / "secret.txt")
    os.mkfifo(repo / "pipe")
    connector = connect(repo)
    for path in ("out/secret.txt", "link.txt", "pipe", "site", "nowhere.txt"):
        with pytest.raises(Rejected):
            foresee(connector, step("commit.create", "main", paths=[path], message="x"))
    connector.close()


def test_a_link_swapped_in_before_the_commit_is_refused(repo: Path, tmp_path: Path) -> None:
    write(tmp_path, "secret.txt", "secret\n")
    write(repo, "site/pricing.html", "cheap\n")
    connector = connect(repo)
    todo = step("commit.create", "main", paths=["site/pricing.html"], message="Prices")
    known = snapshots(connector, todo)
    (repo / "site/pricing.html").unlink()
    (repo / "site/pricing.html").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(Rejected):
        perform(connector, todo, before=known)
    assert git(repo, "rev-parse", "main") == git(repo, "rev-parse", FEATURE + "^")
    connector.close()


def test_ignored_flagged_and_converted_files_are_refused_by_name(repo: Path) -> None:
    write(repo, ".gitignore", ".env\n")
    write(repo, ".gitattributes", "*.big filter=lfs\n*.id ident\n*.txt text\n")
    write(repo, ".env", "SECRET=1\n")
    write(repo, "x.big", "big\n")
    write(repo, "x.id", "$Id$\n")
    write(repo, "dos.txt", "a\r\nb\r\n")
    write(repo, "later.html", "x\n")
    git(repo, "add", "-N", "later.html")
    write(repo, "site/pricing.html", "cheap\n")
    git(repo, "update-index", "--skip-worktree", "site/pricing.html")
    connector = connect(repo)
    for path, why in {
        ".env": "ignored", "x.big": "filter=lfs", "x.id": "ident", "dos.txt": "CRLF", "later.html": "add -N",
        "site/pricing.html": "skip-worktree",
    }.items():
        with pytest.raises(Rejected, match=why):
            foresee(connector, step("commit.create", "main", paths=[path], message="x"))
    connector.close()


def test_a_file_in_the_place_of_a_folder_takes_nothing_else_along(repo: Path) -> None:
    for name in ("index.html", "pricing.html"):
        (repo / "site" / name).unlink()
    (repo / "site").rmdir()
    write(repo, "site", "a file now\n")
    before = world(repo)
    connector = connect(repo)
    with pytest.raises(Rejected):
        perform(connector, step("commit.create", "main", paths=["site"], message="x"))
    assert world(repo) == before
    connector.close()


def test_a_merge_changes_neither_policy_nor_settings_of_the_workspace(repo: Path) -> None:
    for path in ("agentctl.yaml", "policy/sales.yaml", ".agentctl/state.json", "sub/.AGENTCTL/x"):
        git(repo, "checkout", "-q", "-B", "lure", "main")
        commit(repo, "Lure", **{path: "evil\n"})
        git(repo, "checkout", "-q", "main")
        connector = connect(repo)
        with pytest.raises(Rejected, match="Path protected"):
            foresee(connector, step("branch.merge", "main", from_="lure"))
        connector.close()


def test_a_tree_with_a_path_into_dot_git_is_never_checked_out(repo: Path) -> None:
    blob = git(repo, "hash-object", "-w", "--stdin", stdin="#!/bin/sh\n")
    hooks = git(repo, "mktree", stdin=f"100755 blob {blob}\tpost-commit\n")
    tree = git(repo, "mktree", stdin=f"040000 tree {hooks}\t.git\n", check=False)
    if not tree:        # git itself refuses to make it; then write the tree as an attacker's own tool would
        raw = b"40000 .git\0" + bytes.fromhex(hooks)
        tree = subprocess.run(
            ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"],
            cwd=repo, env=ENVIRONMENT, input=raw, capture_output=True, check=True,
        ).stdout.decode().strip()
    lure = git(repo, "commit-tree", tree, "-p", "main", "-m", "lure")
    git(repo, "update-ref", "refs/heads/lure", lure)
    before = world(repo)
    connector = connect(repo)
    with pytest.raises(Rejected, match="reserved"):
        perform(connector, step("branch.merge", "main", from_="lure"))
    assert world(repo) == before
    connector.close()


def test_links_and_submodules_are_not_checked_out(repo: Path) -> None:
    git(repo, "checkout", "-q", "-b", "links")
    (repo / "link").symlink_to("/etc")
    commit(repo, "Link")
    git(repo, "checkout", "-q", "main")
    connector = connect(repo)
    with pytest.raises(Rejected, match="neither is checked out"):
        foresee(connector, step("branch.merge", "main", from_="links"))
    git(repo, "branch", "behind", "main")
    done = perform(connector, step("branch.merge", "behind", from_="links"))
    assert done.after[Address("repo/files/behind:link")] == {"content": "/etc", "mode": "120000"}
    connector.close()


def test_hooks_run_only_where_the_settings_say_so_and_their_no_counts(repo: Path, tmp_path: Path) -> None:
    canary = tmp_path / "it-ran"
    hook(repo, "pre-commit", f"git diff --cached --name-only HEAD > {canary}")
    hook(repo, "commit-msg", 'grep -q TICKET "$1" || { echo no ticket; exit 1; }')
    write(repo, "site/pricing.html", "cheap\n")
    before = world(repo)
    connector = connect(repo, hooks=True)
    refused = step("commit.create", "main", paths=["site/pricing.html"], message="Prices")
    assert foresee(connector, refused).notes == ("the repository's hooks are run",)
    with pytest.raises(Rejected, match="no ticket"):
        perform(connector, refused)
    assert world(repo) == before
    perform(connector, step("commit.create", "main", paths=["site/pricing.html"], message="Prices TICKET"))
    assert canary.read_text() == "site/pricing.html\n", "the hook sees what is to be committed"
    connector.close()


def test_a_hook_that_never_ends_is_stopped_at_the_deadline_with_all_it_started(repo: Path, tmp_path: Path) -> None:
    from agentctl.connectors.base import Call

    hook(repo, "pre-commit", f"sleep 1000 & echo $! > {tmp_path}/child; wait")
    write(repo, "site/pricing.html", "cheap\n")
    before = world(repo)
    connector = connect(repo, hooks=True)
    todo = step("commit.create", "main", paths=["site/pricing.html"], message="Prices")
    known = snapshots(connector, todo)
    change = foresee(connector, todo)
    with pytest.raises(Unreachable, match="deadline"):
        connector.execute(change, Call(key="k", before=known, deadline=1.0))
    assert world(repo) == before
    child = int((tmp_path / "child").read_text())
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"
    connector.close()
