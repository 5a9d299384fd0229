"""Whatever agentctl did to a repository, undoing it restores refs, index, files and modes; what others did stays."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agentctl.connectors.base import Call, Connector, Instance
from agentctl.connectors.file import TYPE as FILE
from agentctl.connectors.git import GitConnector
from agentctl.errors import Rejected
from agentctl.model.change import Effect
from agentctl.model.plan import Step
from agentctl.testing import Performed, foresee, perform
from tests.connectors.git_worlds import (
    FEATURE,
    commit,
    commit_aside,
    connect,
    files,
    git,
    index,
    repository,
    step,
    world,
    write,
)

PATHS = ("site/pricing.html", "site/index.html", "bin/build", "logo.png", "fresh.txt", "site/deep/er.txt")
BRANCHES = ("main", "feature", "agent/x")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path / "repo")


def undo(connector: Connector, done: Performed) -> Performed:
    assert done.inverse.step is not None
    return perform(connector, done.inverse.step, key=f"undo {done.change.step}")


def opened(folder: Path) -> GitConnector:
    return connect(folder)


COMMITS = st.tuples(
    st.just("commit"), st.sampled_from(BRANCHES), st.lists(st.sampled_from(PATHS), min_size=1, unique=True)
)
ACTS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(PATHS), st.sampled_from(["a\n", "b\r\n", "", "\0"])),
    COMMITS,
    COMMITS,
    COMMITS,
    st.tuples(st.just("branch"), st.sampled_from(BRANCHES), st.sampled_from(BRANCHES)),
    st.tuples(st.just("delete"), st.sampled_from(BRANCHES), st.none()),
    st.tuples(st.just("merge"), st.sampled_from(BRANCHES), st.sampled_from(BRANCHES)),
    st.tuples(st.just("revert"), st.sampled_from(BRANCHES), st.none()),
)


def as_step(folder: Path, number: int, act: tuple[str, str, object]) -> Step:
    name = f"s{number}"
    match act:
        case "write", path, content:
            return Step(id=name, action="tree.file.write", target=path, with_={"content": str(content)})
        case "commit", branch, paths:
            assert isinstance(paths, list)
            return step("commit.create", branch, id=name, paths=paths, message=f"Commit {number}")
        case "branch", branch, source:
            return step("branch.create", branch, id=name, from_=str(source))
        case "delete", branch, _:
            return step("branch.delete", branch, id=name)
        case "merge", branch, source:
            return step("branch.merge", branch, id=name, from_=str(source))
    tip = git(folder, "rev-parse", "--verify", "-q", act[1], check=False)
    return step("commit.revert", act[1], id=name, commit=tip or "0" * 40)


def _less_empty_folders(repo: Path) -> tuple[str, str, dict[str, tuple[int, bytes]]]:
    """Return the world less folders that hold nothing: git takes one away with its last file, whoever made it."""
    refs, index, files = world(repo)
    held = {str(parent) for name in files if not (repo / name).is_dir() for parent in Path(name).parents}
    return refs, index, {name: what for name, what in files.items() if name in held or not (repo / name).is_dir()}


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@example(       # the last file of a folder comes back and goes again, and with it the folder
    acts=[
        ("delete", "main", None), ("commit", "main", ["bin/build", "logo.png"]), ("revert", "main", None),
    ],
    staged=False, gone=True,
)
@given(acts=st.lists(ACTS, min_size=3, max_size=7), staged=st.booleans(), gone=st.booleans())
def test_any_sequence_of_steps_is_undone_exactly(
    acts: list[tuple[str, str, object]], staged: bool, gone: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repo = repository(Path(folder, "repo"))
        write(repo, "site/pricing.html", "somebody's draft\n", 0o600)
        write(repo, "notes.txt", "mine\n")
        write(repo, "fresh.txt", "fresh\n")
        write(repo, "site/deep/er.txt", "deep\n", 0o755)
        git(repo, "branch", "agent/x", "feature")
        if staged:
            git(repo, "add", "site/pricing.html", "notes.txt")
            write(repo, "site/pricing.html", "a later draft\n", 0o640)
        if gone:
            (repo / "bin/build").unlink()
        tree = FILE.open(Instance(name="tree", settings={"root": "."}, root=str(repo)))
        connector = opened(repo)
        before = _less_empty_folders(repo)
        done: list[tuple[Connector, Performed]] = []
        for number, act in enumerate(acts):
            todo = as_step(repo, number, act)
            one: Connector = tree if todo.instance == "tree" else connector
            unchanged = world(repo)
            try:
                performed = perform(one, todo)
            except Rejected:
                assert world(repo) == unchanged, "what is refused changes nothing"
                continue
            if performed.change.effect is not Effect.NO_OP:
                done.append((one, performed))
        for one, performed in reversed(done):
            undo(one, performed)
        assert _less_empty_folders(repo) == before
        connector.close()
        tree.close()


def test_a_commit_leaves_every_other_change_alone(repo: Path) -> None:
    write(repo, "site/pricing.html", "cheap\n")
    write(repo, "site/index.html", "staged\n")
    git(repo, "add", "site/index.html")
    write(repo, "site/index.html", "staged and edited\n")
    write(repo, "untracked.txt", "u")
    before = index(repo).splitlines()
    connector = opened(repo)
    done = perform(connector, step("commit.create", "main", paths=["site/pricing.html"], message="Prices"))
    assert git(repo, "show", "--stat=200", "--format=%s %an", "HEAD").splitlines()[0] == "Prices agentctl"
    assert git(repo, "diff-tree", "-r", "--name-only", "HEAD^", "HEAD") == "site/pricing.html"
    assert [line for line in index(repo).splitlines() if "pricing" not in line] == [
        line for line in before if "pricing" not in line
    ]
    assert git(repo, "status", "--porcelain") == "MM site/index.html\n?? untracked.txt"
    undo(connector, done)
    assert index(repo).splitlines() == before
    assert (repo / "site/pricing.html").read_text() == "cheap\n", "the working file is as it was before the commit"
    connector.close()


def test_the_first_commit_of_all_can_be_made_and_undone(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    write(tmp_path, "a.txt", "a\n")
    connector = opened(tmp_path)
    done = perform(connector, step("commit.create", "main", paths=["a.txt"], message="Begin"))
    assert done.change.effect is Effect.CREATE
    assert git(tmp_path, "log", "--format=%s", "main") == "Begin"
    again = undo(connector, done)
    connector.execute(again.change, Call(key="undo s", before=again.before, deadline=30))
    assert git(tmp_path, "for-each-ref") == ""
    assert index(tmp_path) == ""
    undo(connector, again)
    assert git(tmp_path, "log", "--format=%s", "main") == "Begin"
    assert git(tmp_path, "status", "--porcelain") == ""
    connector.close()


def test_what_somebody_built_on_is_undone_by_a_revert_commit_that_keeps_theirs(repo: Path) -> None:
    lines = (repo / "site/pricing.html").read_text()
    write(repo, "site/pricing.html", lines.replace("line 3\n", "line three\n"))
    connector = opened(repo)
    done = perform(connector, step("commit.create", "main", paths=["site/pricing.html"], message="Three"))
    theirs = commit(repo, "Theirs", **{"site/pricing.html": lines.replace("line 3\n", "line three\n") + "theirs\n"})
    assert done.inverse.step is not None
    change = foresee(connector, done.inverse.step)
    assert change.notes == ("by a revert commit: the branch has moved on since",)
    undone = undo(connector, done)
    assert git(repo, "rev-parse", "main^") == theirs
    assert git(repo, "show", "main:site/pricing.html") + "\n" == lines + "theirs\n"
    undo(connector, undone)
    assert git(repo, "rev-parse", "main") == theirs
    connector.close()


def test_what_was_pushed_is_undone_by_a_revert_commit(repo: Path) -> None:
    write(repo, "fresh.txt", "new\n")
    connector = opened(repo)
    done = perform(connector, step("commit.create", "main", paths=["fresh.txt"], message="Fresh"))
    git(repo, "update-ref", "refs/remotes/origin/main", "main")
    undone = undo(connector, done)
    assert undone.change.notes == ("by a revert commit: the branch was pushed since",)
    assert git(repo, "log", "--format=%s", "main").splitlines()[:2] == ['Revert "Fresh"', "Fresh"]
    assert (repo / "fresh.txt").exists(), "the working file was there before the commit"
    assert git(repo, "status", "--porcelain") == "?? fresh.txt"
    connector.close()


def test_a_branch_that_was_brought_to_what_a_remote_holds_is_moved_back(repo: Path) -> None:
    git(repo, "update-ref", "refs/remotes/origin/main", FEATURE)
    before = world(repo)
    connector = opened(repo)
    done = perform(connector, step("branch.merge", "main", from_="refs/remotes/origin/main"))
    assert (repo / "site/new page.html").exists()
    assert undo(connector, done).change.notes == ("by moving the branch back",)
    assert world(repo) == before
    connector.close()


def test_a_conflict_with_later_work_is_refused_and_names_the_files(repo: Path) -> None:
    write(repo, "site/pricing.html", "ours\n")
    connector = opened(repo)
    done = perform(connector, step("commit.create", "main", paths=["site/pricing.html"], message="Ours"))
    commit(repo, "Theirs", **{"site/pricing.html": "theirs\n"})
    before = world(repo)
    with pytest.raises(Rejected, match=r"site/pricing\.html"):
        undo(connector, done)
    assert world(repo) == before
    connector.close()


def test_a_merge_is_not_undone_over_uncommitted_work(repo: Path) -> None:
    connector = opened(repo)
    done = perform(connector, step("branch.merge", "main", from_="feature"))
    write(repo, "site/index.html", "somebody is at work here\n")
    before = world(repo)
    with pytest.raises(Rejected, match="Uncommitted change in the way"):
        undo(connector, done)
    assert world(repo) == before
    connector.close()


def test_a_merge_is_undone_by_a_revert_commit_where_others_built_on_it(repo: Path) -> None:
    before = files(repo)
    connector = opened(repo)
    done = perform(connector, step("branch.merge", "main", from_="feature"))
    commit(repo, "Theirs", **{"theirs.txt": "theirs\n"})
    undo(connector, done)
    (repo / "theirs.txt").unlink()
    assert files(repo) == before, "the checkout follows"
    assert git(repo, "status", "--porcelain") == "D theirs.txt"
    assert git(repo, "rev-list", "--count", f"{FEATURE}..main") == "2"
    connector.close()


def test_a_commit_whose_reply_was_lost_can_still_be_undone(repo: Path) -> None:
    write(repo, "site/pricing.html", "ours\n")
    before = world(repo)
    connector = opened(repo)
    todo = step("commit.create", "main", paths=["site/pricing.html"], message="Ours")
    done = perform(connector, todo)
    assert done.change.inverse.step is not None
    assert foresee(connector, done.change.inverse.step).arguments["from"] == done.receipt.ids["id"]
    perform(connector, done.change.inverse.step, key="undo")
    assert world(repo) == before
    write(repo, "site/pricing.html", "ours again\n")
    perform(connector, todo, key="another")
    with pytest.raises(Rejected, match="2 moves by agentctl"):
        foresee(connector, done.change.inverse.step)
    connector.close()


def test_what_somebody_staged_since_stays_staged(repo: Path) -> None:
    write(repo, "site/pricing.html", "ours\n")
    connector = opened(repo)
    done = perform(connector, step("commit.create", "main", paths=["site/pricing.html"], message="Ours"))
    write(repo, "site/pricing.html", "theirs, staged\n")
    git(repo, "add", "site/pricing.html")
    mine = index(repo)
    undo(connector, done)
    assert index(repo) == mine
    connector.close()


def test_undoing_a_commit_on_a_branch_checked_out_since_takes_the_checkout_along(repo: Path) -> None:
    write(repo, "fresh.txt", "new\n")
    connector = opened(repo)
    done = perform(connector, step("commit.create", "feature", paths=["fresh.txt"], message="Fresh"))
    (repo / "fresh.txt").unlink()
    git(repo, "checkout", "-q", "feature")
    assert (repo / "fresh.txt").exists()
    undo(connector, done)
    assert git(repo, "status", "--porcelain") == ""
    assert not (repo / "fresh.txt").exists()
    connector.close()


def test_a_deleted_branch_comes_back_at_the_same_commit(repo: Path) -> None:
    tip = commit_aside(repo, "feature", "x", "x")
    connector = opened(repo)
    done = perform(connector, step("branch.delete", "feature"))
    assert git(repo, "branch", "--list", "feature") == ""
    undo(connector, done)
    assert git(repo, "rev-parse", "feature") == tip
    connector.close()
