"""Steps of one plan see each other in a repository, across connectors; and no crash leaves a step half known."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from socket import gethostname

import pytest

from agentctl.connectors.base import Call, Connector, Instance, Located
from agentctl.connectors.file import TYPE as FILE
from agentctl.connectors.git import GitConnector
from agentctl.engine.moved import moved
from agentctl.engine.overlay import Overlay
from agentctl.engine.ports import Systems
from agentctl.errors import Rejected
from agentctl.model.action import Settlement
from agentctl.model.change import Change, Effect, RecordChange
from agentctl.model.plan import Step
from agentctl.model.projection import project
from agentctl.model.snapshot import Address, Snapshot
from agentctl.model.values import UNKNOWN, Unknown
from agentctl.testing import foresee, perform, snapshots
from tests.connectors.git_worlds import FEATURE, commit_aside, connect, git, index, repository, step, world, write

DRAFT = "cheap\n"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path / "repo")


def both(repo: Path) -> Systems:
    connectors: dict[str, Connector] = {
        "repo": connect(repo),
        "site": FILE.open(Instance(name="site", settings={"root": "./site"}, root=str(repo))),
    }
    return Systems(connectors=connectors)


def replace_text(name: str = "page") -> Step:
    return Step(
        id=name, action="site.text.replace", target="pricing.html",
        with_={"find": "line 3\n", "replace": "line three\n", "count": 1},
    )


def planned(systems: Systems, *steps: Step) -> list[Change]:
    overlay = Overlay(systems, lambda: datetime.now(UTC))
    changes = []
    for one in steps:
        connector = systems.of(one.instance)
        overlay.look(connector.addresses(one))
        changes.append(connector.preview(one, overlay))
        overlay.foresee(changes[-1])
    return changes


def applied(systems: Systems, plan: list[Change], *steps: Step) -> list[Change]:
    """Do the steps as the engine does: previewed again over what is live, and only what was planned."""
    for before, one in zip(plan, steps, strict=True):
        change = perform(systems.of(one.instance), one).change
        assert not moved(project(before, None, frozenset()), project(change, None, frozenset()))
    return plan


def record(change: Change, address: str) -> RecordChange:
    return next(one for one in change.records if one.address == address)


def test_a_commit_of_a_file_an_earlier_step_writes_shows_its_text(repo: Path) -> None:
    systems = both(repo)
    steps = (
        replace_text(),
        step("commit.create", "main", id="commit", paths=["site/pricing.html"], message="Three"),
    )
    plan = planned(systems, *steps)
    seen = record(plan[1], "repo/files/main:site/pricing.html")
    assert plan[1].effect is Effect.UPDATE
    assert seen.before is not None
    assert seen.after is not None
    assert "line three\n" in str(seen.after["content"])
    assert "line 3\n" in str(seen.before["content"])
    applied(systems, plan, *steps)
    assert "line three" in git(repo, "show", "main:site/pricing.html")
    assert git(repo, "status", "--porcelain") == ""


def test_a_commit_of_a_file_nobody_can_foresee_is_unknown_and_not_empty(repo: Path) -> None:
    systems = both(repo)
    overlay = Overlay(systems, lambda: datetime.now(UTC))
    address = Address("site/pricing.html")
    overlay.foresee(
        Change(
            step="page", action="site.file.write", target="pricing.html", effect=Effect.UPDATE,
            records=(RecordChange(address=address, before={}, after={"content": UNKNOWN, "mode": "0644"}),),
        )
    )
    change = systems.of("repo").preview(
        step("commit.create", "main", paths=["site/pricing.html"], message="x"), overlay
    )
    after = record(change, "repo/files/main:site/pricing.html").after
    assert change.effect is Effect.UPDATE
    assert after is not None
    assert isinstance(after["content"], Unknown)


def test_branch_commit_and_merge_in_one_plan_are_foreseen_and_done(repo: Path) -> None:
    systems = both(repo)
    steps = (
        replace_text(),
        step("branch.create", "agent/x", id="branch", from_="main"),
        step("commit.create", "agent/x", id="commit", paths=["site/pricing.html"], message="Three"),
        step("file.read", "agent/x:site/pricing.html", id="look"),
        step("branch.merge", "main", id="merge", from_="agent/x"),
        step("branch.delete", "agent/x", id="tidy"),
    )
    plan = planned(systems, *steps)
    merged = record(plan[4], "repo/files/main:site/pricing.html").after
    assert merged is not None
    assert "line three\n" in str(merged["content"])
    read = plan[3].records[0].after
    assert read is not None
    assert read["content"] == merged["content"]
    applied(systems, plan, *steps)
    assert git(repo, "log", "-1", "--format=%s") == "Three"
    assert git(repo, "status", "--porcelain") == ""
    assert git(repo, "branch", "--list", "agent/x") == ""


def test_two_commits_on_one_branch_are_foreseen_one_on_the_other(repo: Path) -> None:
    systems = both(repo)
    steps = (
        step("commit.create", "main", id="one", paths=["site/pricing.html"], message="One"),
        replace_text(),
        step("commit.create", "main", id="two", paths=["site/pricing.html"], message="Two"),
    )
    content = (repo / "site/pricing.html").read_text() + "more\n"
    write(repo, "site/pricing.html", content)
    plan = planned(systems, *steps)
    second = record(plan[2], "repo/files/main:site/pricing.html")
    assert second.before == {"content": content, "mode": "0644"}
    applied(systems, plan, *steps)
    assert git(repo, "log", "-2", "--format=%s").splitlines() == ["Two", "One"]


def test_a_file_step_after_a_merge_sees_what_the_merge_brings(repo: Path) -> None:
    systems = both(repo)
    look = Step(id="look", action="site.text.read", target="index.html")
    plan = planned(systems, step("branch.merge", "main", from_="feature"), look)
    after = plan[1].records[0].after
    assert after is not None
    assert after["content"] == "<h1>Acme!</h1>\n"


def test_committing_what_is_committed_is_a_no_op(repo: Path) -> None:
    connector = connect(repo)
    same = step("commit.create", "main", paths=["site/pricing.html"], message="x")
    assert foresee(connector, same).effect is Effect.NO_OP
    merge = foresee(connector, step("branch.merge", "feature", from_="main"))
    assert merge.effect is Effect.NO_OP, "a branch is never moved back to what it already holds"
    assert merge.records[0].after == {"head": FEATURE}
    connector.close()


def test_a_branch_that_moved_is_refused_and_nothing_is_lost(repo: Path) -> None:
    write(repo, "site/pricing.html", DRAFT)
    connector = connect(repo)
    todo = step("commit.create", "main", paths=["site/pricing.html"], message="Prices")
    known = snapshots(connector, todo)
    theirs = commit_aside(repo, "main", "theirs.txt", "theirs\n")
    before = world(repo)
    with pytest.raises(Rejected, match="Branch moved"):
        perform(connector, todo, before=known)
    assert git(repo, "rev-parse", "main") == theirs
    assert world(repo) == before
    connector.close()


def test_a_resent_commit_is_found_and_its_index_completed(repo: Path) -> None:
    """As if the machine had died after the ref moved: the index is still the old one and locked."""
    write(repo, "site/pricing.html", DRAFT)
    connector = connect(repo)
    todo = step("commit.create", "main", paths=["site/pricing.html"], message="Prices")
    known = snapshots(connector, todo)
    change = foresee(connector, todo)
    call = Call(key="k", before=known, deadline=30)
    shutil.copy(repo / ".git/index", repo / "saved")
    first = connector.execute(change, call)
    done = index(repo)
    shutil.move(repo / "saved", repo / ".git/index")
    assert index(repo) != done
    assert isinstance(connector.locate(change, call), Snapshot)
    commit_aside(repo, "main", "theirs.txt", "somebody went on meanwhile\n")
    git(repo, "update-index", "--add", "--cacheinfo", f"100644,{git(repo, 'rev-parse', 'main:theirs.txt')},theirs.txt")
    again = connector.execute(change, call)
    assert again == first
    assert set(done.splitlines()) <= set(index(repo).splitlines())
    assert git(repo, "rev-list", "--count", "main") == "3"
    assert connector.locate(change, Call(key="another", before=known, deadline=30)) is Located.CANNOT_TELL
    connector.close()


CHILD = """
import os, signal, sys, threading
sys.path.insert(0, {root!r})
from pathlib import Path
from socket import gethostname
from agentctl.connectors.base import Call
from agentctl.testing import foresee, snapshots
from tests.connectors.git_worlds import connect, step
connector = connect(Path({repo!r}))
todo = step("branch.merge", "main", from_="feature")
known = snapshots(connector, todo)
change = foresee(connector, todo)
calls = 0
def count(frame, event, argument):
    global calls
    if event == "call" and "agentctl/connectors" in frame.f_code.co_filename:
        calls += 1
        if calls == {kill}:
            os.kill(os.getpid(), signal.SIGKILL)
sys.setprofile(count)
connector.execute(change, Call(key="k", before=known, deadline=30))
"""


@pytest.mark.parametrize("share", [0.2, 0.45, 0.6, 0.7, 0.8, 0.9, 0.97])
def test_a_merge_killed_anywhere_is_completed_by_sending_it_again(repo: Path, share: float) -> None:
    connector = connect(repo)
    todo = step("branch.merge", "main", from_="feature")
    known = snapshots(connector, todo)
    change = foresee(connector, todo)
    assert connector.actions["branch.merge"].settlement is Settlement.KEYED
    kill = int(calls_of_a_merge(repo.parent / "counted") * share)
    script = CHILD.format(root=str(Path(__file__).parents[2]), repo=str(repo), kill=kill)
    ended = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    connector.execute(change, Call(key="k", before=known, deadline=30))
    assert git(repo, "rev-parse", "main") == git(repo, "rev-parse", "feature")
    assert git(repo, "status", "--porcelain") == ""
    assert not list((repo / ".git").glob("*agentctl*")) + list((repo / ".git").glob("*.lock"))
    connector.close()


def calls_of_a_merge(folder: Path) -> int:
    """Count the calls a whole merge makes, so that the kills fall inside it."""
    connector: GitConnector = connect(repository(folder))
    todo = step("branch.merge", "main", from_="feature")
    known = snapshots(connector, todo)
    change = foresee(connector, todo)
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        code = getattr(frame, "f_code", None)
        calls += event == "call" and code is not None and "agentctl/connectors" in code.co_filename

    sys.setprofile(count)
    try:
        connector.execute(change, Call(key="k", before=known, deadline=30))
    finally:
        sys.setprofile(None)
        connector.close()
    return calls


@pytest.mark.parametrize("whose", ["", "agentctl-0 elsewhere 1", "agentctl-0 HOST 1", "GARBAGE\0"])
def test_a_lock_is_taken_over_only_from_a_dead_process_of_ours(repo: Path, whose: str) -> None:
    write(repo, "site/pricing.html", DRAFT)
    connector = connect(repo)
    todo = step("commit.create", "main", paths=["site/pricing.html"], message="Prices")
    (repo / ".git/index.lock").write_text(whose.replace("HOST", gethostname()))
    with pytest.raises(Rejected, match="Index is locked"):
        perform(connector, todo)
    dead = subprocess.Popen(["true"])
    dead.wait()
    (repo / ".git/index.lock").write_text(f"agentctl-0 {gethostname()} {dead.pid}\n")
    perform(connector, todo)
    assert git(repo, "status", "--porcelain") == ""
    connector.close()


def open_files() -> int:
    listing = Path("/proc/self/fd")
    return len(list(listing.iterdir())) if listing.exists() else 0


def test_reading_keeps_no_file_open(repo: Path) -> None:
    connector = connect(repo)
    connector.read(Address("repo/branches/main"))
    before = open_files()
    for _ in range(5):
        foresee(connector, step("branch.merge", "main", from_="feature"))
    assert open_files() == before
    connector.close()
