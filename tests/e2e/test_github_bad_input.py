"""What GitHub, and what lies between, does wrong: what the person reads, how the command ends, and how they go on."""

from __future__ import annotations

import json

import pytest

from agentctl.errors import Exit
from tests.e2e.house import House, Told, step
from tests.systems.github_access import said
from tests.systems.github_house import USER
from tests.systems.github_simulator import SimulatedGitHub, secondary_limit, server_error
from tests.systems.mishaps import Half, LostAfter, Reply, Says, broken_json, large, page


class Desk:
    """A workspace with one repository, which holds two issues."""

    def __init__(self, house: House, github: SimulatedGitHub) -> None:
        self.github, self.front, self.repository = github, github.front, github.repository()
        self.where = self.repository.name.lower()
        self.house = House(root=house.root, home=house.home, extra={"GITHUB_TOKEN": USER})
        settings = {"type": "github", "url": github.url, "credential": {"provider": "env", "name": "GITHUB_TOKEN"}}
        house.change("agentctl.yaml", lambda wire: wire["connectors"].update(github=settings))
        grant = {"id": "github", "actions": ["github.*"], "mode": "approve"}
        house.change("policy.yaml", lambda wire: wire["roles"]["all"]["grants"].append(grant))
        for title in ("Lamp is dark", "Chair is loose"):
            self.repository.issue(title)
        self.plan = self.house.plan(self.rename(1), self.rename(2))

    def rename(self, number: int) -> dict[str, object]:
        return step(f"rename-{number}", "github.issue.update", f"{self.where}/issues/{number}", {"title": f"Mended {number}"})

    def titles(self) -> list[str]:
        return [self.repository.read(f"/issues/{number}")["title"] for number in (1, 2)]

    def run(self, *arguments: str, token: str = USER) -> Told:
        return self.house.run(*arguments, GITHUB_TOKEN=token)

    def apply(self, *arguments: str, token: str = USER) -> Told:
        return self.house.typed("apply", *(arguments or (str(self.plan),)), GITHUB_TOKEN=token)


AS_BEFORE, HALF_DONE, DONE = ["Lamp is dark", "Chair is loose"], ["Mended 1", "Chair is loose"], ["Mended 1", "Mended 2"]


@pytest.fixture
def desk(house: House, github_simulator: SimulatedGitHub) -> Desk:
    return Desk(house, github_simulator)


def words(told: Told) -> str:
    return " ".join(told.all.split())


def resumed(desk: Desk, told: Told) -> None:
    """The command that is told ends the run, and nothing was done twice."""
    (run,) = desk.house.runs()
    assert f"agentctl apply --resume {run}" in told.all
    again = desk.apply("--resume", run)
    assert again.code == Exit.OK, again.all
    assert desk.titles() == DONE
    patched = [question for question in desk.front.asked("PATCH") if question.json == {"title": "Mended 1"}]
    assert len(patched) == 1


@pytest.mark.parametrize("ended", [{"revoked": True}, None], ids=["revoked", "unknown"])
def test_a_token_that_is_not_accepted_is_told_before_anybody_is_asked(desk: Desk, ended) -> None:
    token = "ghp_nobodys" if ended is None else desk.github.simulator.token(**ended)
    for told in (desk.run("plan", str(desk.plan), token=token), desk.apply(token=token)):
        assert told.code == Exit.UNREACHABLE, told.all
        assert "Token not accepted" in told.all
        assert "agentctl connectors whoami" in words(told)
        assert token not in told.all
    assert desk.house.runs() == []


def test_a_token_that_is_revoked_in_the_middle_stops_the_run_and_another_goes_on_with_it(desk: Desk) -> None:
    desk.front.when(Says(said(401, "Bad credentials")), "PATCH", r".*/issues/2")
    told = desk.apply()
    assert told.code == Exit.INCOMPLETE, told.all
    assert "Token not accepted" in told.all
    assert desk.titles() == HALF_DONE
    resumed(desk, told)


def test_a_permission_that_is_missing_is_named_and_nothing_has_happened(desk: Desk) -> None:
    token = desk.github.simulator.token(permissions={"issues": "read", "metadata": "read"})
    told = desk.apply(token=token)
    assert told.code == Exit.UNREACHABLE, told.all
    assert "issues:write" in words(told)
    assert desk.titles() == AS_BEFORE


def test_a_repository_that_was_moved_is_told_at_the_plans_line_with_its_new_name(desk: Desk) -> None:
    moved = desk.github.simulator.move(desk.repository, f"{desk.repository.name.partition('/')[2]}-new")
    told = desk.run("plan", str(desk.plan))
    assert told.code == Exit.INVALID, told.all
    assert moved.name.lower() in words(told)
    assert "plan.yaml:" in told.all


@pytest.mark.parametrize("hidden", [False, True], ids=["deleted", "not to be seen"])
def test_a_repository_that_is_not_there_or_not_to_be_seen_is_told_as_either(desk: Desk, hidden) -> None:
    token = USER
    if hidden:
        token = desk.github.simulator.token(permissions={"issues": "write"}, repositories=frozenset())
        desk.github.ask("PATCH", f"/repos/{desk.repository.name}", {"private": True})
    else:
        desk.github.ask("DELETE", f"/repos/{desk.repository.name}")
    told = desk.run("plan", str(desk.plan), token=token)
    assert told.code == Exit.INVALID, told.all
    assert "Record absent" in told.all
    assert "token not see it" in words(told)
    assert "plan.yaml:" in told.all


def test_what_is_not_accepted_is_told_by_field_and_at_the_plans_line(desk: Desk) -> None:
    errors = [{"resource": "Issue", "field": "title", "code": "custom", "message": "title is too loud"}]
    desk.front.when(Says(said(422, "Validation Failed", errors=errors)), "PATCH", r".*/issues/2")
    told = desk.apply()
    assert told.code == Exit.INCOMPLETE, told.all
    assert "title: title is too loud" in words(told)
    line = 1 + desk.plan.read_text().splitlines().index("- id: rename-2")
    assert f"at plan.yaml:{line}:" in told.all.replace(f"{desk.house.root}/", "")
    resumed(desk, told)


def test_the_line_is_told_to_programs_too(desk: Desk) -> None:
    desk.front.when(Says(said(422, "Validation Failed")), "PATCH", r".*/issues/1")
    told = desk.apply(str(desk.plan), "--json")
    assert told.code == Exit.UNREACHABLE, told.all
    (failed,) = [json.loads(line) for line in told.all.splitlines() if '"type":"step_failed"' in line.replace(" ", "")]
    assert failed["place"]["file"].endswith("plan.yaml")


def test_a_limit_of_a_moment_is_waited_for_where_everybody_sees_it(desk: Desk) -> None:
    desk.front.when(secondary_limit(1), "PATCH", r".*/issues/2")
    told = desk.apply()
    assert told.code == Exit.OK, told.all
    assert "waiting" in told.all.lower()
    assert desk.titles() == DONE


def test_a_limit_that_lasts_stops_the_run_which_can_be_gone_on_with(desk: Desk) -> None:
    desk.front.when(secondary_limit(3600), "PATCH", r".*/issues/2")
    told = desk.apply()
    assert told.code == Exit.INCOMPLETE, told.all
    assert "Rate limited" in told.all
    assert desk.titles() == HALF_DONE
    resumed(desk, told)


@pytest.mark.parametrize("mishap", [
    Half(), broken_json(), page(200), page(502), large(50_000_000), server_error(503),
], ids=["half a body", "invalid JSON", "a portal's page", "a proxy's page", "50 MB", "busy"])
def test_an_answer_that_is_none_to_a_look_ends_with_10_or_is_asked_for_again(desk: Desk, mishap) -> None:
    desk.front.when(mishap, "GET", r".*/issues/1", times=10)
    told = desk.run("plan", str(desk.plan))
    assert told.code == Exit.UNREACHABLE, told.all
    assert "Traceback" not in told.all
    assert len(told.all) < 3000
    desk.front.forget()
    assert desk.apply().code == Exit.OK


@pytest.mark.parametrize("mishap", [
    Half(), LostAfter(), Says(Reply(200, {"content-type": "application/json"}, b"{"), after=True),
    Says(Reply(200, {"content-type": "text/html"}, b"<html><title>Sign in</title>"), after=True), server_error(502, after=True),
], ids=["half a body", "no answer", "invalid JSON", "a portal's page", "502"])
def test_an_answer_that_is_none_to_a_change_leaves_it_in_doubt_and_a_person_settles_it(desk: Desk, mishap) -> None:
    desk.front.when(mishap, "PATCH", r".*/issues/1")
    told = desk.apply()
    assert told.code == Exit.INCOMPLETE, told.all
    (run,) = desk.house.runs()
    assert f"agentctl resolve {run} rename-1 --happened" in words(told)
    assert desk.titles() == HALF_DONE
    assert desk.run("resolve", run, "rename-1", "--happened", "--reason", "it is there").code == Exit.OK
    assert desk.apply("--resume", run).code == Exit.OK
    assert desk.titles() == DONE
    undone = desk.house.typed("rollback", "latest", answers=("yes",), GITHUB_TOKEN=USER)
    assert undone.code == Exit.OK, undone.all
    assert desk.titles() == AS_BEFORE


def test_a_clock_that_is_wrong_over_there_changes_nothing_here(desk: Desk) -> None:
    desk.github.simulator.skew = -7200
    assert desk.apply().code == Exit.OK
    assert desk.titles() == DONE
