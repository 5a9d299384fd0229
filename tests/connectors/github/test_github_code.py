"""What is refused of branches and files, what GitHub says no to, and what is noticed before a branch sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from agentctl.connectors.base import Call, Connector, Located
from agentctl.connectors.github.code import trailer
from agentctl.connectors.github.code.store import LARGEST
from agentctl.errors import ConnectorError, Rejected, Unreachable
from agentctl.model.snapshot import Address
from agentctl.testing import perform
from agentctl.testing.drive import DEADLINE, FrozenView, LiveView, foresee, snapshots
from tests.connectors.github.code_worlds import code, everything, files, grow, head
from tests.connectors.github.github_worlds import github, step
from tests.systems.github_house import USER, GitHubHouse, Repository
from tests.systems.github_simulator import SimulatedGitHub, server_error
from tests.systems.mishaps import Changed, Half, Question, Reply, Says

SUBMODULE = "1" * 40


@pytest.fixture
def repository(github_emulator: GitHubHouse) -> Repository:
    made = github_emulator.repository()
    code(made)
    return made


@pytest.fixture
def connector(github_emulator: GitHubHouse) -> Iterator[Connector]:
    made = github(github_emulator)
    yield made
    made.close()


def commit(repository: Repository, *wanted: dict[str, Any], branch: str = "main", message: str = "Change files") -> Any:
    return step("files.commit", repository, f"branches/{branch}", files=list(wanted), message=message)


# ---- what a plan is told

CANNOT = (
    ("branch.delete", "branches/main", {}, "Default branch"),
    ("branch.delete", "branches/none", {}, "Branch absent"),
    ("branch.create", "branches/spare", {"from": "main"}, "Branch exists"),
    ("branch.create", "branches/next", {"from": "none"}, "Branch absent"),
    ("branch.create", "branches/next", {"from": "0" * 40}, "Commit absent"),
    ("file.create", "files/main:logo.png", {"content": "x"}, "File exists"),
    ("file.update", "files/main:none", {"content": "x"}, "File absent"),
    ("file.update", "files/main:link", {"content": "x"}, "a symbolic link"),
    ("file.update", "files/main:vendored", {"content": "x"}, "a submodule"),
    ("file.delete", "files/main:vendored", {}, "a submodule"),
    ("file.create", "files/main:docs", {"content": "x"}, "is a folder"),
    ("file.create", "files/main:logo.png/x", {"content": "x"}, "is no folder"),
    ("file.create", "files/main:link/x", {"content": "x"}, "is no folder"),
    ("file.create", "files/main:vendored/x", {"content": "x"}, "is no folder"),
    ("file.delete", "files/none:x", {}, "Branch absent"),
    ("file.update", "files/main:logo.png", {"find": "P", "replace": "Q", "count": 1}, "Not a text"),
    ("file.update", "files/main:docs/crlf.txt", {"find": "line", "replace": "x", "count": 1}, "2 times, not 1"),
    ("file.update", "files/main:none", {"find": "line", "replace": "x", "count": 1}, "File absent"),
    ("file.create", "files/main:big", {"content": "x" * (LARGEST + 1)}, "at most 10,485,760"),
)


def test_what_cannot_be_is_refused_before_anybody_consents(connector: Connector, repository: Repository) -> None:
    grow(repository, "main", {"vendored": ("160000", SUBMODULE)})
    before = everything(repository)
    for verb, target, with_, why in CANNOT:
        said = with_ if verb.startswith("branch") else {**with_, "message": "Try"}
        with pytest.raises(Rejected) as told:
            foresee(connector, step(verb, repository, target, **said))
        assert why in str(told.value), f"{verb} {target} {said}"
    assert everything(repository) == before


def test_a_commit_that_is_too_large_in_all_is_refused(connector: Connector, repository: Repository) -> None:
    with pytest.raises(Rejected, match="What the commit writes"):
        foresee(connector, commit(repository, *({"path": f"big-{n}", "content": "x" * (LARGEST // 2)} for n in range(3))))


def test_lines_that_end_in_another_way_are_named_as_such(connector: Connector, repository: Repository) -> None:
    with pytest.raises(Rejected) as told:
        foresee(connector, step(
            "file.update", repository, "files/main:docs/crlf.txt", find="one\nline", replace="x", count=1, message="Try"
        ))
    assert "CRLF" in told.value.hint


def test_a_protected_branch_is_not_deleted_and_a_commit_on_it_is_warned_of(connector: Connector, repository: Repository) -> None:
    rules = {"required_status_checks": None, "enforce_admins": False, "required_pull_request_reviews": None, "restrictions": None}
    assert repository.ask("PUT", "/branches/spare/protection", rules).status == 200
    with pytest.raises(Rejected, match="Branch protected"):
        foresee(connector, step("branch.delete", repository, "branches/spare"))
    change = foresee(connector, commit(repository, {"path": "a", "content": "A"}, branch="spare"))
    assert "`spare` is protected: GitHub may not take the commit" in change.notes


def test_a_renamed_branch_is_not_taken_for_what_it_is_called_now(
    github_emulator: GitHubHouse, connector: Connector, repository: Repository
) -> None:
    """GitHub sends on who asks for the old name of a renamed branch."""
    repository.rename_default_branch("trunk")
    sent_on = Reply.of(301, {}, location=f"{github_emulator.url}/repos/{repository.name}/branches/trunk")
    github_emulator.front.when(Says(sent_on), "GET", r".*/branches/main", times=5)
    with pytest.raises(Rejected) as told:
        foresee(connector, commit(repository, {"path": "a", "content": "A"}))
    assert "'trunk' now" in str(told.value)


def test_two_forms_of_one_name_are_one_record(connector: Connector, repository: Repository) -> None:
    with pytest.raises(Rejected, match="is written"):
        connector.addresses(replace(step("file.read", repository, "files/main:a"), target="OctoCat/x/files/main:a"))
    (own, branch) = connector.addresses(step("file.read", repository, "files/main:100%25"))
    assert own == f"github/{repository.name}/files/main:100%25"
    assert branch == f"github/{repository.name}/branches/main"
    assert connector.resource(own).startswith("http://127.0.0.1")


def test_a_repository_that_was_moved_is_not_touched_under_its_old_name(github_simulator: SimulatedGitHub) -> None:
    repository = github_simulator.repository()
    main = head(repository, "main")
    moved = github_simulator.simulator.move(repository, f"{repository.name.partition('/')[2]}-elsewhere")
    connector = github(github_simulator, token=USER)
    for wanted in (
        commit(repository, {"path": "a", "content": "A"}), step("file.read", repository, f"files/{main}:README.md"),
        step("branch.delete", repository, "branches/main"),
    ):
        with pytest.raises(Rejected, match="Called otherwise") as told:
            foresee(connector, wanted)
        assert moved.name in told.value.detail
    connector.close()
    assert head(moved, "main") == main


def test_what_git_lfs_keeps_is_said_to_be_a_pointer(connector: Connector, repository: Repository) -> None:
    grow(repository, "main", {"big.bin": ("100644", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")})
    change = foresee(connector, step("file.delete", repository, "files/main:big.bin", message="Drop"))
    assert "what is changed of `big.bin` is its pointer: Git LFS keeps the content" in change.notes


def test_where_a_branch_stands_is_asked_once_for_many_files(
    github_emulator: GitHubHouse, connector: Connector, repository: Repository
) -> None:
    wanted = commit(repository, *({"path": path, "delete": True} for path in ("docs/crlf.txt", "bin/run", "logo.png", "link")))
    github_emulator.front.forget()
    found = {one.address: one for one in connector.read_many(connector.addresses(wanted))}       # type: ignore[attr-defined]
    assert [one.token for one in found.values()] == [head(repository, "main")] * 5
    asked = github_emulator.front.asked
    assert len(asked("GET", ".*/git/ref/heads/main")) == len(asked("GET", ".*/git/commits/.*")) == 1
    assert len(asked("GET", ".*/git/blobs/.*")) == 4
    assert [one.value for one in connector.read_many(list(found))] == [one.value for one in found.values()]      # type: ignore[attr-defined]
    assert len(asked("GET", ".*/git/blobs/.*")) == 4        # a content is asked for once, as long as it is remembered


# ---- steps that rest on one another

def test_a_later_step_sees_what_earlier_ones_will_leave(connector: Connector, repository: Repository) -> None:
    base = f"github/{repository.name}"
    main = head(repository, "main")
    overlay = {Address(f"{base}/branches/next"): {"head": main, "protected": False, "default": False}}
    bump = {"path": "pyproject.toml", "find": "1.3.0", "replace": "1.4.0", "count": 1}
    first = connector.preview(commit(repository, bump, branch="next"), LiveView(connector, overlay))
    (record,) = first.records
    assert record.before is not None
    assert "1.3.0" in record.before["content"]
    overlay[record.address] = record.after
    again = step(
        "file.update", repository, "files/next:pyproject.toml", find="1.4.0", replace="1.4.1", count=1, message="Again"
    )
    second = connector.preview(again, LiveView(connector, overlay))
    assert second.records[0].before == record.after
    beyond = step("branch.create", repository, "branches/beyond", **{"from": "next"})
    assert connector.preview(beyond, LiveView(connector, overlay)).effect.value == "create"
    overlay[Address(f"{base}/files/next:docs/a")] = {"content": "x", "mode": "0644"}
    with pytest.raises(Rejected, match="is a file by then"):
        connector.preview(commit(repository, {"path": "docs/a/b", "content": ""}, branch="next"), LiveView(connector, overlay))


# ---- what is kept byte for byte

@pytest.mark.parametrize("content", ["", "\r\n", "no end", "\ufeffbom\n", "tab\t\x0c\x1b[0m", "a\x00b", b"\xff\xfe", "e\u0301\u2028", "\U0001f680"])
def test_every_content_is_kept_as_it_is_and_brought_back(connector: Connector, repository: Repository, content: str | bytes) -> None:
    before = files(repository, "main")
    raw = content if isinstance(content, bytes) else content.encode()
    done = perform(connector, commit(repository, {"path": "docs/crlf.txt", "content": content}, {"path": "new", "content": content, "mode": "0755"}))
    assert files(repository, "main") == before | {"docs/crlf.txt": ("100644", raw), "new": ("100755", raw)}
    perform(connector, done.inverse.step)
    assert files(repository, "main") == before


def test_a_link_is_shown_as_one_and_brought_back_as_one(connector: Connector, repository: Repository) -> None:
    before = files(repository, "main")
    done = perform(connector, step("file.delete", repository, "files/main:link", message="Drop"))
    assert done.change.records[0].before == {"content": "docs/crlf.txt", "mode": "120000"}
    assert "link" not in files(repository, "main")
    perform(connector, done.inverse.step)
    assert files(repository, "main") == before


def test_a_message_ends_with_its_trailers_in_one_block() -> None:
    line = trailer.line("k")
    assert trailer.signed("Subject", "k") == f"Subject\n\n{line}\n"
    assert trailer.signed("Fixes: it\n", "k") == f"Fixes: it\n\n{line}\n"
    assert trailer.signed("S\n\nWhy: this.\nSigned-off-by: A <a@b.c>\n\n", "k") == f"S\n\nWhy: this.\nSigned-off-by: A <a@b.c>\n{line}\n"
    assert trailer.signed("S\n\nSee: https://x\nand more", "k") == f"S\n\nSee: https://x\nand more\n\n{line}\n"
    assert trailer.signed("S\n", "k", "4711") == f"S\n\n{line}\nAgentctl-Run: 4711\n"
    assert trailer.bears(trailer.signed("S", "k", "4711"), "k")
    assert not trailer.bears(trailer.signed("S", "k"), "other")
    assert not trailer.bears(f"S about `{line}`", "k")


# ---- what the network does

def test_nothing_moves_where_github_keeps_something_else(
    github_emulator: GitHubHouse, connector: Connector, repository: Repository
) -> None:
    before = everything(repository)
    other = repository.read("/git/trees/main")["sha"]
    github_emulator.front.when(Changed(lambda reply: replace(reply, body=b'{"sha": "%s"}' % other.encode())), "POST", ".*/git/trees")
    with pytest.raises(Rejected, match="Not kept as sent"):
        perform(connector, commit(repository, {"path": "a", "content": "A"}))
    assert everything(repository) == before


def test_nothing_moves_where_github_would_take_more_than_was_meant(
    github_emulator: GitHubHouse, connector: Connector, repository: Repository
) -> None:
    before = everything(repository)

    def without_the_rest(question: Question, act: Any, tell: Any) -> None:
        made = repository.made("/git/trees", {"tree": question.json["tree"]})
        tell(Reply.of(201, made))

    github_emulator.front.when(without_the_rest, "POST", ".*/git/trees")
    with pytest.raises(Rejected, match="as well; no branch has it"):
        perform(connector, commit(repository, {"path": "a", "content": "A"}))
    assert everything(repository) == before


def test_what_nobody_sees_is_in_nobodys_doubt(
    github_emulator: GitHubHouse, connector: Connector, repository: Repository
) -> None:
    before = everything(repository)
    github_emulator.front.when(server_error(500, after=True), "POST", ".*/git/commits", times=9)
    with pytest.raises(Unreachable) as told:
        perform(connector, commit(repository, {"path": "a", "content": b"\x00"}))
    assert "No branch was changed." in str(told.value)
    assert everything(repository) == before


def test_half_an_answer_to_the_last_request_is_looked_after(
    github_emulator: GitHubHouse, connector: Connector, repository: Repository
) -> None:
    github_emulator.front.when(Half(), "PATCH", ".*/git/refs/.*")
    done = perform(connector, commit(repository, {"path": "a", "content": "A"}))
    assert head(repository, "main") == done.receipt.ids["id"]


def test_files_that_were_read_at_two_commits_are_not_committed(connector: Connector, repository: Repository) -> None:
    wanted = commit(repository, {"path": "a", "content": "A"}, {"path": "b", "content": "B"})
    first = snapshots(connector, wanted)
    theirs = grow(repository, "main", {"theirs": ("100644", "T")})
    mixed = {**snapshots(connector, wanted), **dict(list(first.items())[:1])}
    change = connector.preview(wanted, FrozenView(mixed))
    with pytest.raises(Rejected, match="Branch moved"):
        connector.execute(change, Call(key="k", before=mixed, deadline=DEADLINE))
    assert head(repository, "main") == theirs


def test_a_copy_of_our_commit_on_another_one_is_not_ours(connector: Connector, repository: Repository) -> None:
    wanted = commit(repository, {"path": "a", "content": "A"})
    before = snapshots(connector, wanted)
    change = connector.preview(wanted, FrozenView(before))
    grow(repository, "main", {"theirs": ("100644", "T")})
    grow(repository, "main", {"a": ("100644", "A")}, trailer.signed("Change files", "k"))
    call = Call(key="k", before=before, deadline=DEADLINE)
    assert connector.locate(change, call) is Located.CANNOT_TELL


@pytest.mark.parametrize(("private", "granted", "why"), [
    (False, "read", "contents:write"), (True, "read", "contents:write"), (True, "", "may see it"),
])
def test_a_token_that_may_not_is_told_what_it_needs_and_moves_nothing(
    github_simulator: SimulatedGitHub, private: bool, granted: str, why: str
) -> None:
    repository = github_simulator.repository(private=private)
    before = everything(repository)
    permissions = {"contents": granted} if granted else {}
    token = github_simulator.simulator.token(permissions=permissions, repositories=frozenset({repository.name} if granted else ()))
    connector = github(github_simulator, token=token)
    with pytest.raises(ConnectorError) as told:
        perform(connector, commit(repository, {"path": "a", "content": "A"}))
    connector.close()
    assert why in f"{told.value} {told.value.hint}", f"{told.value} {told.value.hint}"
    assert everything(repository) == before
