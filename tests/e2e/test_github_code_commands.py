"""Branches and files of a GitHub through the real command line: what arrives, what is undone, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from agentctl.errors import Exit
from tests.connectors.github.code_worlds import BINARY, SCRIPT, TEXT, VERSION, code, everything, files, grow, head
from tests.e2e.house import House, Told, step
from tests.systems.github_house import DIRECT, USER, GitHubHouse, Repository, spread
from tests.systems.github_simulator import SimulatedGitHub
from tests.systems.mishaps import Cut, LostAfter, LostBefore, Question

TOKEN = "GITHUB_TOKEN"
REF = r".*/git/refs/heads/.*"
BUMP = {"path": "pyproject.toml", "find": "1.3.0", "replace": "1.4.0", "count": 1}


class Forge:
    """A workspace with a repository of a GitHub in it."""

    def __init__(self, house: House, github: GitHubHouse, token: str = "") -> None:
        self.github, self.repository = github, github.repository()
        code(self.repository)
        self.name = self.repository.name.lower()
        self.house = House(root=house.root, home=house.home, extra={TOKEN: token or spread(DIRECT, 0)})
        settings = {"type": "github", "url": github.url, "token": {"env": TOKEN}, "only": [self.name]}
        house.change("agentctl.yaml", lambda wire: wire["connectors"].update(github=settings))
        grants = [{"id": "looks", "actions": ["github.*.read"]}, {"id": "code", "actions": ["github.*"], "mode": "approve"}]
        house.change("policy.yaml", lambda wire: wire["roles"]["all"]["grants"].extend(grants))
        github.front.forget()

    def step(self, id_: str, verb: str, target: str, **with_: Any) -> dict[str, Any]:
        return step(id_, f"github.{verb}", f"{self.name}/{target}", with_)

    def apply(self, *steps: dict[str, Any], **environ: str) -> Told:
        return self.house.typed("apply", self.house.plan(*steps), **environ)

    def bump(self, branch: str = "main") -> dict[str, Any]:
        return self.step("bump", "files.commit", f"branches/{branch}", files=[BUMP], message="Release 1.4.0")


@pytest.fixture
def forge(house: House, github_emulator: GitHubHouse) -> Forge:
    return Forge(house, github_emulator)


def pushed(repository: Repository, path: str, text: str = "Theirs.\n") -> str:
    """Commit to `main` as somebody else would."""
    return grow(repository, "main", {path: ("100644", text)}, "Their work")


def test_a_branch_and_its_commits_are_made_and_undone_file_by_file(forge: Forge) -> None:
    repository = forge.repository
    before, main = everything(repository), head(repository, "main")
    done = forge.apply(
        forge.step("branch", "branch.create", "branches/release/1.4", **{"from": "main"}),
        forge.step("bump", "files.commit", "branches/release/1.4", message="Release 1.4.0", files=[
            BUMP, {"path": "docs/crlf.txt", "content": TEXT + "three\r\n"}, {"path": "logo.png", "delete": True},
            {"path": "docs/neu/grün.md", "content": "# Neu\n"},
        ]),
        forge.step("run", "file.update", "files/release/1.4:bin/run", content=SCRIPT + "# more\n", message="Say more"),
    )
    assert done.code == Exit.OK, done.all
    found = files(repository, "release/1.4")
    assert found["pyproject.toml"] == ("100644", VERSION.replace("1.3.0", "1.4.0").encode())
    assert found["docs/crlf.txt"] == ("100644", TEXT.encode() + b"three\r\n")
    assert found["docs/neu/grün.md"] == ("100644", b"# Neu\n")
    assert found["bin/run"] == ("100755", (SCRIPT + "# more\n").encode())
    assert "logo.png" not in found
    last = repository.read(f"/git/commits/{head(repository, 'release/1.4')}")
    (second,) = last["parents"]
    assert repository.read(f"/git/commits/{second['sha']}")["parents"][0]["sha"] == main
    assert last["message"].startswith("Say more\n\nAgentctl-Key: ")
    assert last["message"].endswith(f"\nAgentctl-Run: {forge.house.runs()[0]}\n")
    assert last["html_url"] in forge.house.run("show", "latest").all
    assert everything(repository) | before == everything(repository)        # nothing else has moved
    undone = forge.house.typed("rollback", "latest")
    assert undone.code == Exit.OK, undone.all
    assert everything(repository) == before


def test_a_commit_on_a_branch_of_others_is_taken_back_by_another_commit(forge: Forge) -> None:
    repository = forge.repository
    before = files(repository, "main")
    assert forge.apply(
        forge.step("logo", "file.delete", "files/main:logo.png", message="Drop the logo"),
        forge.step("link", "file.delete", "files/main:link", message="Drop the link"),
    ).code == Exit.OK
    theirs = pushed(repository, "notes.md")
    undone = forge.house.typed("rollback", "latest")
    assert undone.code == Exit.OK, undone.all
    assert files(repository, "main") == before | {"notes.md": ("100644", b"Theirs.\n")}
    assert files(repository, "main")["logo.png"] == ("100644", BINARY)
    messages = [commit["commit"]["message"].split("\n")[0] for commit in repository.all("/commits")]
    assert messages[:4] == ['Revert "Drop the logo"', 'Revert "Drop the link"', "Their work", "Drop the link"]
    assert theirs in {commit["sha"] for commit in repository.all("/commits")}


def test_a_branch_is_made_at_a_commit_that_an_earlier_step_makes(forge: Forge) -> None:
    done = forge.apply(
        forge.bump(), forge.step("tag", "branch.create", "branches/cut", **{"from": {"$from": "steps.bump.receipt.id"}}),
        forge.step("gone", "branch.delete", "branches/spare"),
    )
    assert done.code == Exit.OK, done.all
    assert head(forge.repository, "cut") == head(forge.repository, "main")
    assert head(forge.repository, "spare") is None
    undone = forge.house.typed("rollback", "latest")
    assert undone.code == Exit.OK, undone.all
    assert head(forge.repository, "cut") is None
    assert head(forge.repository, "spare") == head(forge.repository, "topic/one")
    assert files(forge.repository, "main") == files(forge.repository, "spare")


def test_what_others_made_of_our_file_is_not_taken_back(forge: Forge) -> None:
    assert forge.apply(forge.bump()).code == Exit.OK
    pushed(forge.repository, "pyproject.toml")
    told = forge.house.typed("rollback", "latest")
    assert told.code == Exit.INCOMPLETE, told.all
    assert "changed since" in told.all
    assert files(forge.repository, "main")["pyproject.toml"][1] == b"Theirs.\n"


def test_a_branch_that_others_work_on_is_not_taken_away(forge: Forge) -> None:
    assert forge.apply(forge.step("branch", "branch.create", "branches/ours", **{"from": "main"})).code == Exit.OK
    grow(forge.repository, "ours", {"theirs.md": ("100644", "Theirs.\n")})
    told = forge.house.typed("rollback", "latest")
    assert told.code == Exit.INCOMPLETE, told.all
    assert "Branch holds more" in told.all
    assert "theirs.md" in files(forge.repository, "ours")


def test_a_plan_shows_each_file_as_a_diff_and_changes_nothing(forge: Forge) -> None:
    before = everything(forge.repository)
    told = forge.house.run("plan", forge.house.plan(
        forge.step("branch", "branch.create", "branches/next", **{"from": "main"}),
        forge.step("bump", "files.commit", "branches/next", message="Release 1.4.0", files=[
            BUMP, {"path": "logo.png", "content": {"$bytes": "AAECAw=="}},
        ]),
        forge.step("again", "file.update", "files/next:pyproject.toml", message="Again", find="1.4.0", replace="1.4.1", count=1),
    ))
    assert told.code == Exit.OK, told.all
    assert '-version = "1.3.0"' in told.out.replace("- version", "-version"), told.out
    assert '+version = "1.4.1"' in told.out.replace("+ version", "+version"), told.out
    assert "Agentctl-Key" in told.out
    assert everything(forge.repository) == before
    assert {question.method for question in forge.github.front.asked()} == {"GET"}


def test_work_on_other_files_neither_voids_consent_nor_is_lost(forge: Forge) -> None:
    forge.house.run("plan", forge.house.plan(forge.bump()), "-o", "a.changes")
    theirs = pushed(forge.repository, "notes.md")
    done = forge.house.typed("apply", "a.changes")
    assert done.code == Exit.OK, done.all
    assert files(forge.repository, "main")["notes.md"] == ("100644", b"Theirs.\n")
    assert forge.repository.read(f"/git/commits/{head(forge.repository, 'main')}")["parents"][0]["sha"] == theirs


def test_work_on_the_same_file_makes_the_plan_stale(forge: Forge) -> None:
    forge.house.run("plan", forge.house.plan(forge.bump()), "-o", "a.changes")
    theirs = pushed(forge.repository, "pyproject.toml", VERSION + "# theirs\n")
    told = forge.house.typed("apply", "a.changes")
    assert told.code == Exit.STALE, told.all
    assert "# theirs" in told.all
    assert head(forge.repository, "main") == theirs


def test_a_source_that_moved_makes_the_plan_of_a_branch_stale(forge: Forge) -> None:
    plan = forge.house.plan(forge.step("branch", "branch.create", "branches/next", **{"from": "main"}))
    forge.house.run("plan", plan, "-o", "a.changes")
    theirs = pushed(forge.repository, "notes.md")
    told = forge.house.typed("apply", "a.changes")
    assert told.code == Exit.STALE, told.all
    assert theirs in told.all
    assert head(forge.repository, "next") is None


def test_a_push_in_the_last_moment_is_not_overwritten_and_the_run_goes_on(forge: Forge) -> None:
    pushes: list[str] = []

    def meanwhile(question: Question, act: Any, tell: Any) -> None:
        pushes.append(pushed(forge.repository, "notes.md"))
        tell(act())

    forge.github.front.when(meanwhile, "PATCH", REF)
    told = forge.apply(forge.bump())
    assert told.code == Exit.UNREACHABLE, told.all      # nothing happened
    assert "Branch moved" in told.all
    assert head(forge.repository, "main") == pushes[0]
    again = forge.house.typed("apply", "--resume", "latest")
    assert again.code == Exit.OK, again.all
    assert set(files(forge.repository, "main")) >= {"notes.md", "pyproject.toml"}
    assert "1.4.0" in files(forge.repository, "main")["pyproject.toml"][1].decode()


def test_a_commit_that_shows_late_is_waited_for(house: House, github_simulator: SimulatedGitHub) -> None:
    forge = Forge(house, github_simulator, token=USER)

    def late(question: Question, act: Any, tell: Any) -> None:
        github_simulator.simulator.lag(4)
        tell(act())

    github_simulator.front.when(late, "PATCH", REF)
    told = forge.apply(forge.bump())
    assert told.code == Exit.OK, told.all
    assert "1 confirmed" in told.all


@pytest.mark.parametrize("lost", [LostAfter(), LostBefore()], ids=["done", "not done"])
def test_a_lost_reply_is_looked_after_at_once(forge: Forge, lost: Any) -> None:
    forge.github.front.when(lost, "PATCH", REF)
    told = forge.apply(forge.bump())
    assert told.code == Exit.OK, told.all
    assert len([one for one in forge.repository.all("/commits") if "Release 1.4.0" in one["commit"]["message"]]) == 1


@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
def test_a_run_killed_as_the_branch_moves_commits_once(forge: Forge, done: bool) -> None:
    plan = forge.house.plan(forge.bump())
    with forge.house.sitting("apply", plan) as sitting:

        def killed(question: Question, act: Any, tell: Any) -> None:
            if done:
                act()
            sitting.process.kill()
            raise Cut

        forge.github.front.when(killed, "PATCH", REF)
        sitting.ended()
    again = forge.house.typed("apply", "--resume", "latest")
    assert again.code == Exit.OK, again.all
    made = [one for one in forge.repository.all("/commits") if "Release 1.4.0" in one["commit"]["message"]]
    assert len(made) == 1
    undone = forge.house.typed("rollback", "latest" if not done else forge.house.runs()[0])
    assert undone.code == Exit.OK, undone.all
    assert files(forge.repository, "main")["pyproject.toml"][1] == VERSION.encode()


def test_what_cannot_be_is_said_on_its_line(forge: Forge) -> None:
    gone = forge.step("gone", "branch.delete", "branches/main")
    link = forge.step("link", "file.update", "files/main:link", content="x", message="x") | {"needs": []}
    told = forge.house.run("plan", forge.house.plan(gone, link))
    assert told.code == Exit.INVALID, told.all
    for line, why in (6, "Default branch"), (9, "a symbolic link"):
        assert why in told.all
        assert f"plan.yaml:{line}:" in told.all, told.all


def test_what_needs_no_look_is_said_without_one(forge: Forge) -> None:
    for path in (".github/workflows/x.yml", "a/../b", ".git/config"):
        plan = forge.house.plan(forge.step("one", "file.create", f"files/main:{path}", content="x", message="x"))
        told = forge.house.run("validate", plan)
        assert told.code == Exit.INVALID, told.all
        assert "plan.yaml:8:" in told.all, told.all
    assert forge.github.front.asked() == []
